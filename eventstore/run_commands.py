"""What someone wants of a run. Pure."""

from eventstore.callers import Command
from eventstore.model import Agenda, AgendaProgress, Operation, OperationProgress


class SubmitAgenda(Command, frozen=True, kw_only=True):
    """Accept an agenda; ids, binding and sealed payloads were worked out at the edge (spec 4)."""

    agenda: Agenda
    #: the client named an existing progress to be used again
    reuses_progress: bool = False
    do_not_run: bool = False
    maximum_attempts: int | None = None
    external_id: str | None = None
    catalogue_offset: int | None = None


class DispatchAgenda(Command, frozen=True, kw_only=True):
    """Give a ready agenda to a puller: one choice of the scheduler (design 4.2)."""

    agenda_id: str
    dispatch_id: str
    #: the attempt that the scheduler saw; the dispatch makes it attempt + 1
    attempt: int
    queue: str
    insight_id: str
    epoch: int
    number: int
    algorithm: str
    basis: dict[str, int] | None = None
    catalogue_offset: int | None = None
    #: epoch ms after which the dispatch does not begin
    deadline: int
    #: ms within which a sign of life must come
    patience: int


class ReturnDispatch(Command, frozen=True, kw_only=True):
    """Take back a dispatched agenda whose body could not be delivered."""

    agenda_id: str
    dispatch_id: str


class ExpireDispatch(Command, frozen=True, kw_only=True):
    """Take back a dispatched agenda of which nothing was heard in time."""

    agenda_id: str
    attempt: int


class ReportProgress(Command, frozen=True, kw_only=True):
    """What an executor says of its run (spec 7.2). `progress.started_time` names the executor's start."""

    progress: AgendaProgress
    operations: list[OperationProgress] = []  # noqa: RUF012  # msgspec copies it
    #: ids of the Insights that the caller has the Customer right to; None: all (spec 3.3)
    insights: list[str] | None = None
    #: ms; an unchanged report is an event only if the last one is older
    quiet: int = 60_000
    #: the customer under whose key it is sealed; None: from a worker that did not say so yet
    sealed_for: str | None = None


class HandBackAgenda(Command, frozen=True, kw_only=True):
    """An executor that must leave gives its run back; what it completed stays completed (design 4.8)."""

    #: the executor's start time, which names its attempt; None: the latest
    started_time: int | None = None
    #: as in ReportProgress
    insights: list[str] | None = None


class ReclaimAgenda(Command, frozen=True, kw_only=True):
    """Fail an attempt whose executor fell silent (spec 9.2)."""

    agenda_id: str
    attempt: int
    #: ms of silence after which it counts as lost
    age: int
    #: the diagnostic event that says so, sealed under the customer's key
    diagnostic: str


class RetryAgenda(Command, frozen=True, kw_only=True):
    """Put a failed agenda in the line again; what it completed stays completed (spec 9.1)."""

    agenda_id: str
    attempt: int


class RerunAgenda(Command, frozen=True, kw_only=True):
    """Begin an agenda again, as a whole or some of its operations and what depends on them (spec 8.1, 8.2)."""

    agenda_id: str
    #: all operations, whatever is named
    resets_all: bool = False
    #: names of operations to reset; None: none were asked for, and then all are, unless `continues`
    operations: list[str] | None = None
    continues: bool = False
    skips_execution: bool = False
    #: what a reset operation has for a result: the text `{}`, sealed under the customer's key
    result: str


class ExpandAgenda(Command, frozen=True, kw_only=True):
    """Add operations to an agenda that is under way (spec 8.4); sealed at the edge, as in a submission."""

    agenda_id: str
    operations: list[Operation]
    #: sealed, value by value: laid over the params of agenda and progress
    params: dict[str, str] | None = None
    #: as in ReportProgress
    insights: list[str] | None = None


class CancelAgenda(Command, frozen=True, kw_only=True):
    """End an agenda, whether it waits or runs; its executor learns of it at its next report."""

    agenda_id: str


class DeleteAgenda(Command, frozen=True, kw_only=True):
    """Remove an agenda; its progress stays (spec 2.5)."""

    agenda_id: str


class DeleteProgress(Command, frozen=True, kw_only=True):
    """Remove a progress and its operations (spec 2.5)."""


class SaveAgenda(Command, frozen=True, kw_only=True):
    """PUT an agenda: the fields that were said (spec 2.5)."""

    agenda: Agenda


class SaveProgress(Command, frozen=True, kw_only=True):
    """POST (creates or merges) or PUT (must exist, and its operations with it) a progress (spec 2.5, 7.2)."""

    progress: AgendaProgress
    operations: list[OperationProgress] = []  # noqa: RUF012  # msgspec copies it
    must_exist: bool = False


class SaveOperation(Command, frozen=True, kw_only=True):
    """POST or PUT one operation's progress; it may be posted alone (design 4.5)."""

    operation: OperationProgress
    must_exist: bool = False


class DeleteOperation(Command, frozen=True, kw_only=True):
    """Remove one operation's progress."""

    operation_id: str


class ReapRun(Command, frozen=True, kw_only=True):
    """Drop the last trace of a deleted run from the views."""

    #: ms since the deletion before which nothing is dropped (design 4.3: a day)
    age: int = 86_400_000


class ReapObjects(Command, frozen=True, kw_only=True):
    """Take what is too old of a run that has come to rest out of the views; its events stay (spec 9.3).

    Ages in ms, by kind; None: never.
    """

    agenda_age: int | None = None
    progress_age: int | None = None
    operation_age: int | None = None


RunCommand = (
    SubmitAgenda
    | DispatchAgenda
    | ReturnDispatch
    | ExpireDispatch
    | ReportProgress
    | HandBackAgenda
    | ReclaimAgenda
    | RetryAgenda
    | RerunAgenda
    | ExpandAgenda
    | CancelAgenda
    | DeleteAgenda
    | DeleteProgress
    | SaveAgenda
    | SaveProgress
    | SaveOperation
    | DeleteOperation
    | ReapRun
    | ReapObjects
)

"""What can happen to a run; registered, like all events, in eventstore.events. Pure.

An event carries results, not requests: a fold lays them over the rows and computes nothing that could be
computed differently next year. When it happened is the envelope's time; whose it is, the envelope's customer.
"""

from eventstore.model import Agenda, AgendaProgress, Fact, OperationProgress


class AgendaSubmitted(Fact, frozen=True, kw_only=True):
    """An agenda was accepted, with its progress and one OperationProgress per operation (spec 4.3)."""

    agenda: Agenda
    progress: AgendaProgress
    operations: list[OperationProgress]
    #: in the line since (epoch ms), or None: `doNotRun`
    ready: int | None = None
    #: the catalogue position that the binding was decided on
    catalogue_offset: int | None = None


class AgendaDispatched(Fact, frozen=True, kw_only=True):
    """An agenda was given to a puller; opens an attempt (design 4.2, 4.8)."""

    agenda_id: str
    dispatch_id: str
    attempt: int
    queue: str
    insight_id: str
    #: decision number: the scheduler's epoch and its count within it
    epoch: int
    number: int
    algorithm: str
    #: the numbers that the choice was based on
    basis: dict[str, int] | None = None
    #: the catalogue position whose rule it was chosen by: which algorithm, and what was paused
    catalogue_offset: int | None = None
    #: epoch ms by which a sign of life is due
    expires: int


class DispatchReturned(Fact, frozen=True, kw_only=True):
    """A dispatched body could not be delivered: front of the line again, same place (design 4.2)."""

    agenda_id: str
    attempt: int
    ready: int


class DispatchExpired(Fact, frozen=True, kw_only=True):
    """No sign of life came within the dispatch timeout: back in its place in the line."""

    agenda_id: str
    attempt: int
    ready: int


class ProgressReported(Fact, frozen=True, kw_only=True):
    """What an executor's report changed (spec 7.2, design 4.8)."""

    #: which agenda's attempt this report belongs to; None when the run has no agenda
    agenda_id: str | None = None
    attempt: int = 0
    #: the executor's start time that is bound to the attempt from now on (epoch ms)
    bound: int | None = None
    #: only what changed
    progress: AgendaProgress
    operations: list[OperationProgress] | None = None


class ReportSuperseded(Fact, frozen=True, kw_only=True):
    """An executor whose attempt is over still reported; nothing else changed (design 4.8)."""

    agenda_id: str
    attempt: int
    started_time: int
    #: because the agenda was cancelled
    cancelled: bool = False


class AgendaHandedBack(Fact, frozen=True, kw_only=True):
    """An executor gave its run back: in its old place in the line, its attempt over and not counted (design 4.8)."""

    agenda_id: str
    attempt: int
    ready: int
    #: only what changed
    progress: AgendaProgress


class AgendaReclaimed(Fact, frozen=True, kw_only=True):
    """An executor fell silent: its attempt failed, unless it is heard of again before the next one (spec 9.2)."""

    agenda_id: str
    attempt: int
    #: only what changed
    progress: AgendaProgress


class AgendaRetried(Fact, frozen=True, kw_only=True):
    """A failed agenda stands in the line again, with its operations as they are (spec 9.1)."""

    agenda_id: str
    attempt: int
    ready: int
    #: only what changed
    progress: AgendaProgress


class AgendaCancelled(Fact, frozen=True, kw_only=True):
    """An agenda was ended by someone; reports on it are refused from now on."""

    agenda_id: str
    attempt: int
    #: names of the operations that were executing: they are complete now, with message `cancelled`
    stopped: list[str] | None = None
    #: only what changed; None where another agenda of the run goes on
    progress: AgendaProgress | None = None


class AgendaDeleted(Fact, frozen=True, kw_only=True):
    """The agenda is gone; its progress stays (spec 2.5)."""

    agenda_id: str


class ProgressDeleted(Fact, frozen=True, kw_only=True):
    """The progress and its operations are gone; agendas of the run stay (spec 2.5)."""


class RunReaped(Fact, frozen=True, kw_only=True):
    """The last trace of a deleted run left the views, a day or more after its deletion (design 4.3)."""


class ObjectsReaped(Fact, frozen=True, kw_only=True):
    """Objects of a run that has come to rest left the views, because they are old; their events stay (spec 9.3)."""

    #: ids of agendas
    agendas: list[str] = []  # noqa: RUF012  # msgspec copies it
    #: the progress, with all operations that there are
    progress: bool = False
    #: names of operations, where the progress stays or there is none
    operations: list[str] = []  # noqa: RUF012  # msgspec copies it


RunEvent = (
    AgendaSubmitted
    | AgendaDispatched
    | DispatchReturned
    | DispatchExpired
    | ProgressReported
    | ReportSuperseded
    | AgendaHandedBack
    | AgendaReclaimed
    | AgendaRetried
    | AgendaCancelled
    | AgendaDeleted
    | ProgressDeleted
    | RunReaped
    | ObjectsReaped
)

"""What can happen to a run; registered, like all events, in eventstore.events. Pure.

An event carries results, not requests: a fold lays them over the rows and computes nothing that could be
computed differently next year. When it happened is the envelope's time; whose it is, the envelope's customer.
"""

from eventstore.model import Agenda, AgendaProgress, Fact, Operation, OperationProgress
from eventstore.object_events import (
    AgendaDeleted,
    AgendaSaved,
    ObjectsReaped,
    OperationDeleted,
    OperationSaved,
    ProgressDeleted,
    ProgressSaved,
    RunReaped,
)


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


class AgendaRerun(Fact, frozen=True, kw_only=True):
    """An agenda begins again: its attempt is over, whoever has it, and whatever ended it is forgotten (spec 8).

    Names, never rows: a reset operation is WAITING, `pending`, at 0.0 %, without diagnostics, its result `{}`; times,
    params and attempts stay. The remaining operations stay as they are, their updatedTime too.
    """

    agenda_id: str
    attempt: int
    #: names of the operations that were reset
    reset: list[str] | None = None
    #: names of the generated operations that are gone, from the agenda and with their rows
    removed: list[str] | None = None
    #: the result of every reset operation, sealed; None where none was reset
    result: str | None = None
    #: its place in the line since (epoch ms); None: it does not stand in the line
    ready: int | None = None
    #: only what changed
    progress: AgendaProgress


class AgendaExpanded(Fact, frozen=True, kw_only=True):
    """An agenda under way got more operations (spec 8.4)."""

    agenda_id: str
    #: at the end of the agenda's operations; one whose name is there already takes the other's place
    added: list[Operation]
    #: their rows, which are new: nothing of what stood there before is left
    operations: list[OperationProgress]
    #: laid over the params of agenda and progress, value by value
    params: dict[str, str] | None = None
    #: only what changed, but for its params
    progress: AgendaProgress


class AgendaCancelled(Fact, frozen=True, kw_only=True):
    """An agenda was ended by someone; reports on it are refused from now on."""

    agenda_id: str
    attempt: int
    #: names of the operations that were executing: they are complete now, with message `cancelled`
    stopped: list[str] | None = None
    #: only what changed; None where another agenda of the run goes on
    progress: AgendaProgress | None = None


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
    | AgendaRerun
    | AgendaExpanded
    | AgendaCancelled
    | AgendaDeleted
    | ProgressDeleted
    | AgendaSaved
    | ProgressSaved
    | OperationSaved
    | OperationDeleted
    | RunReaped
    | ObjectsReaped
)

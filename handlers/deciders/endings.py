"""Ends of attempts that no report brings: handed back, reclaimed, retried, cancelled (spec 9, design 4.8). Pure."""

from eventstore.commands import CancelAgenda, HandBackAgenda, ReclaimAgenda, RetryAgenda
from eventstore.errors import NotFound
from eventstore.events import AgendaCancelled, AgendaHandedBack, AgendaReclaimed, AgendaRetried
from eventstore.model import AgendaProgress, ProcessingState
from handlers.access.rights import demand
from handlers.deciders.attempts import Superseded, attempt_of
from handlers.deciders.reports import reportable
from projections.rows import AgendaHead, Head
from projections.run import Run

COMPLETE, EXECUTING, WAITING = ProcessingState.COMPLETE, ProcessingState.EXECUTING, ProcessingState.WAITING
#: POP's words for a run that stands in the line again, and for one that failed (spec 1.1).
PENDING, FAILED = "pending", "failed"
CANCELLED = "cancelled"


def hand_back(command: HandBackAgenda, run: Run) -> AgendaHandedBack | None:
    """Put the run of a leaving executor back in its place; quiet where its attempt is over anyway."""
    stored, head = reportable(command, run)
    attempt = attempt_of(head, stored.agenda_id, command.started_time)
    if isinstance(attempt, Superseded) or attempt.agenda_id is None:
        return None
    agenda = head.agendas[attempt.agenda_id]
    if not agenda.open or attempt.number != agenda.attempt:
        return None
    return AgendaHandedBack(
        agenda_id=attempt.agenda_id,
        attempt=attempt.number,
        ready=command.now if agenda.added is None else agenda.added,
        progress=_waiting(run.stream, command.now),
    )


def reclaim(command: ReclaimAgenda, run: Run) -> AgendaReclaimed | None:
    """Fail an attempt that is still as silent as the timer saw it."""
    agenda, stored = _agenda(run, command.agenda_id), run.progress()
    if agenda is None or stored is None or agenda.heard is None or agenda.attempt != command.attempt:
        return None
    if agenda.heard + command.age > command.now:
        return None
    return AgendaReclaimed(
        agenda_id=command.agenda_id,
        attempt=agenda.attempt,
        progress=AgendaProgress(
            id=run.stream,
            updated_time=command.now,
            processing_state=COMPLETE,
            processing_state_message=FAILED,
            diagnostic_events=[*(stored.diagnostic_events or []), command.diagnostic],
            attempts_completed=(stored.attempts_completed or 0) + 1,
        ),
    )


def retry(command: RetryAgenda, run: Run) -> AgendaRetried | None:
    """Put a failed agenda at the end of the line, unless something happened to it since."""
    agenda = _agenda(run, command.agenda_id)
    if agenda is None or agenda.failed is None or agenda.attempt != command.attempt:
        return None
    return AgendaRetried(
        agenda_id=command.agenda_id,
        attempt=agenda.attempt,
        ready=command.now,
        progress=_waiting(run.stream, command.now),
    )


def cancel(command: CancelAgenda, run: Run) -> AgendaCancelled | None:
    """End an agenda; quiet where it has come to its end already."""
    agenda = _agenda(run, command.agenda_id)
    if agenda is None or run.head is None:
        raise NotFound(f"Agenda {command.agenda_id} not found")
    demand(command.caller, agenda.customer_id)
    stored = run.progress()
    over = stored is None or stored.processing_state is COMPLETE
    if agenda.cancelled or (over and not agenda.ready and not agenda.open and agenda.failed is None):
        return None
    goes_on = any(_is_pending(other) for name, other in run.head.agendas.items() if name != command.agenda_id)
    # An operation that was posted alone, under an id of its own, is not of this agenda.
    own = (row for row in run.operations() if row.id == f"{run.stream}-{row.operation}")
    executing = [] if goes_on else [row for row in own if row.processing_state is EXECUTING]
    return AgendaCancelled(
        agenda_id=command.agenda_id,
        attempt=agenda.attempt,
        stopped=[row.operation or "" for row in executing] or None,
        progress=None if goes_on or stored is None else _cancelled(run.stream, command.now),
    )


def _cancelled(stream: str, now: int) -> AgendaProgress:
    return AgendaProgress(
        id=stream,
        updated_time=now,
        processing_state=COMPLETE,
        processing_state_message=CANCELLED,
        completed_time=now,
    )


def _waiting(stream: str, now: int) -> AgendaProgress:
    return AgendaProgress(id=stream, updated_time=now, processing_state=WAITING, processing_state_message=PENDING)


def _is_pending(agenda: AgendaHead) -> bool:
    return agenda.ready or agenda.open or agenda.failed is not None


def _agenda(run: Run, agenda_id: str) -> AgendaHead | None:
    head: Head | None = run.head
    return None if head is None else head.agendas.get(agenda_id)

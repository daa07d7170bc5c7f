"""The fold of a run: which rows an applied event leaves behind. Pure.

Deterministic, and a function of the rows and the record alone: that is what makes every row true as of its source
offset, on whichever worker and at whatever time it was folded (design 4.4).
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from eventstore.envelope import Envelope
from eventstore.events import (
    AgendaCancelled,
    AgendaDeleted,
    AgendaDispatched,
    AgendaExpanded,
    AgendaHandedBack,
    AgendaReclaimed,
    AgendaRerun,
    AgendaRetried,
    AgendaSubmitted,
    DispatchExpired,
    DispatchReturned,
    Event,
    ObjectsReaped,
    ProgressDeleted,
    ProgressReported,
    ReportSuperseded,
    RunReaped,
)
from eventstore.model import AgendaProgress, OperationProgress, ProcessingState, merge
from projections.folds import head as heads
from projections.folds import renewals, saved
from projections.rows import (
    AgendaHead,
    Changes,
    Head,
    agenda_key,
    operation_key,
    progress_key,
)
from projections.run import Run


def evolve(run: Run, envelope: Envelope, event: Event, link: str) -> Changes:
    """The rows that an applied event changes; `link` is that of the event's own record."""
    head = heads.advance(run.head, envelope, link)
    return _FOLDS[type(event)](run, head, event, envelope)


def _submitted(run: Run, head: Head, event: AgendaSubmitted, _: Envelope) -> Changes:
    agenda_id = event.agenda.id or ""
    changes: Changes = {
        run.head_key: _with_agenda(replace(head, progress=True), agenda_id, heads.submitted(event)),
        agenda_key(run.stream, agenda_id): event.agenda,
        progress_key(run.stream): _laid_over(run, event.progress),
    }
    for entry in event.operations:
        _lay_operation(run, changes, entry)
    return changes


def _dispatched(run: Run, head: Head, event: AgendaDispatched, _: Envelope) -> Changes:
    return _head_only(run, head, event.agenda_id, lambda agenda: heads.dispatched(agenda, event))


def _requeued(run: Run, head: Head, event: DispatchReturned | DispatchExpired, _: Envelope) -> Changes:
    return _head_only(run, head, event.agenda_id, lambda agenda: heads.requeued(agenda, event))


def _reported(run: Run, head: Head, event: ProgressReported, _: Envelope) -> Changes:
    progress = _laid_over(run, event.progress)
    agenda = None if event.agenda_id is None else head.agendas.get(event.agenda_id)
    if agenda is not None and event.agenda_id is not None:
        head = _with_agenda(head, event.agenda_id, heads.reported(agenda, event, progress))
    changes: Changes = {run.head_key: head, progress_key(run.stream): progress}
    for entry in event.operations or ():
        _lay_operation(run, changes, entry)
    return changes


def _superseded(run: Run, head: Head, event: ReportSuperseded, _: Envelope) -> Changes:
    return _head_only(run, head, event.agenda_id, lambda agenda: heads.refused(agenda, event))


def _reclaimed(run: Run, head: Head, event: AgendaReclaimed, _: Envelope) -> Changes:
    progress = _laid_over(run, event.progress)
    changes = _head_only(run, head, event.agenda_id, lambda agenda: heads.reclaimed(agenda, event, progress))
    return {**changes, progress_key(run.stream): progress}


def _retried(run: Run, head: Head, event: AgendaRetried, _: Envelope) -> Changes:
    changes = _head_only(run, head, event.agenda_id, lambda agenda: heads.retried(agenda, event))
    return {**changes, progress_key(run.stream): _laid_over(run, event.progress)}


def _handed_back(run: Run, head: Head, event: AgendaHandedBack, _: Envelope) -> Changes:
    changes = _head_only(run, head, event.agenda_id, lambda agenda: heads.handed_back(agenda, event))
    return {**changes, progress_key(run.stream): _laid_over(run, event.progress)}


def _rerun(run: Run, head: Head, event: AgendaRerun, envelope: Envelope) -> Changes:
    changes = _head_only(run, head, event.agenda_id, lambda agenda: heads.rerun(agenda, event))
    changes[progress_key(run.stream)] = _laid_over(run, event.progress)
    return changes | renewals.rerun(run, event, envelope.time)


def _expanded(run: Run, head: Head, event: AgendaExpanded, envelope: Envelope) -> Changes:
    progress = renewals.overlaid(_laid_over(run, event.progress), event.params)
    changes: Changes = {run.head_key: head, progress_key(run.stream): progress}
    return changes | renewals.expanded(run, event, envelope.time)


def _cancelled(run: Run, head: Head, event: AgendaCancelled, envelope: Envelope) -> Changes:
    changes = _head_only(run, head, event.agenda_id, lambda agenda: heads.cancelled(agenda, event))
    if event.progress is not None:
        changes[progress_key(run.stream)] = _laid_over(run, event.progress)
    for name in event.stopped or ():
        stopped = OperationProgress(
            operation=name,
            processing_state=ProcessingState.COMPLETE,
            processing_state_message="cancelled",
            updated_time=envelope.time,
            completed_time=envelope.time,
        )
        _lay_operation(run, changes, stopped)
    return changes


def _agenda_deleted(run: Run, head: Head, event: AgendaDeleted, envelope: Envelope) -> Changes:
    left = {name: agenda for name, agenda in head.agendas.items() if name != event.agenda_id}
    gone = None if left or head.progress or run.operation_keys() else envelope.time
    return {
        run.head_key: replace(head, agendas=left, deleted=gone),
        agenda_key(run.stream, event.agenda_id): None,
    }


def _progress_deleted(run: Run, head: Head, _: ProgressDeleted, envelope: Envelope) -> Changes:
    gone = None if head.agendas else envelope.time
    left = {name: heads.forgotten(agenda) for name, agenda in head.agendas.items()}
    changes: Changes = {
        run.head_key: replace(head, agendas=left, progress=False, deleted=gone),
        progress_key(run.stream): None,
    }
    for key in run.operation_keys():
        changes[key] = None
    return changes


def _reaped(run: Run, _: Head, __: RunReaped, ___: Envelope) -> Changes:
    return {run.head_key: None}


def _objects_reaped(run: Run, head: Head, event: ObjectsReaped, envelope: Envelope) -> Changes:
    left = {name: agenda for name, agenda in head.agendas.items() if name not in event.agendas}
    present = run.operation_keys()
    gone = present if event.progress else [operation_key(run.stream, name) for name in event.operations]
    progress = head.progress and not event.progress
    over = not left and not progress and not set(present) - set(gone)
    changes: Changes = dict.fromkeys([*(agenda_key(run.stream, name) for name in event.agendas), *gone])
    if event.progress:
        left = {name: heads.forgotten(agenda) for name, agenda in left.items()}
        changes[progress_key(run.stream)] = None
    deleted = envelope.time if over else None
    return {run.head_key: replace(head, agendas=left, progress=progress, deleted=deleted), **changes}


_FOLDS: dict[type, Callable[[Run, Head, Any, Envelope], Changes]] = {
    AgendaSubmitted: _submitted,
    AgendaDispatched: _dispatched,
    DispatchReturned: _requeued,
    DispatchExpired: _requeued,
    ProgressReported: _reported,
    ReportSuperseded: _superseded,
    AgendaHandedBack: _handed_back,
    AgendaReclaimed: _reclaimed,
    AgendaRetried: _retried,
    AgendaRerun: _rerun,
    AgendaExpanded: _expanded,
    AgendaCancelled: _cancelled,
    AgendaDeleted: _agenda_deleted,
    ProgressDeleted: _progress_deleted,
    RunReaped: _reaped,
    ObjectsReaped: _objects_reaped,
    **saved.FOLDS,
}


def _head_only(run: Run, head: Head, agenda_id: str, change: Callable[[AgendaHead], AgendaHead]) -> Changes:
    # An event that names an agenda which is not there still advances the stream: the fold never fails, or one
    # wrong record would stop every reader for good.
    agenda = head.agendas.get(agenda_id)
    if agenda is not None:
        head = _with_agenda(head, agenda_id, change(agenda))
    return {run.head_key: head}


def _with_agenda(head: Head, agenda_id: str, agenda: AgendaHead) -> Head:
    return replace(head, agendas={**head.agendas, agenda_id: agenda})


def _laid_over(run: Run, change: AgendaProgress) -> AgendaProgress:
    stored = run.progress()
    return change if stored is None else merge(stored, change)


def _lay_operation(run: Run, changes: Changes, entry: OperationProgress) -> None:
    key = operation_key(run.stream, entry.operation or "")
    stored: OperationProgress | None = run.row(key)
    changes[key] = entry if stored is None else merge(stored, entry)

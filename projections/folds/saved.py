"""What POST, PUT and DELETE of the objects of a run leave behind (spec 2.5, 7.2). Pure."""

from typing import Any, TypeVar

from msgspec.structs import replace

from eventstore.envelope import Envelope
from eventstore.events import AgendaSaved, OperationDeleted, OperationSaved, ProgressSaved
from eventstore.model import Agenda, AgendaProgress, OperationProgress, merge
from projections.folds import head as heads
from projections.rows import Changes, Head, agenda_key, operation_key, progress_key, row_name
from projections.run import Run

O = TypeVar("O", Agenda, AgendaProgress, OperationProgress)  # noqa: E741  # an object


def agenda_saved(run: Run, head: Head, event: AgendaSaved, _: Envelope) -> Changes:
    """What was said lies over the agenda; one that is not there stays away."""
    stored = run.agenda(event.agenda.id or "")
    changes: Changes = {run.head_key: head}
    if stored is not None:
        changes[agenda_key(run.stream, event.agenda.id or "")] = merge(stored, event.agenda)
    return changes


def progress_saved(run: Run, head: Head, event: ProgressSaved, _: Envelope) -> Changes:
    """What was said lies over the progress and its operations; its agenda's part of the head follows the state."""
    progress = _laid(run.progress(), event.progress)
    agenda_id = progress.agenda_id or ""
    if agenda_id not in head.agendas and len(head.agendas) == 1:
        agenda_id = next(iter(head.agendas))
    if agenda_id in head.agendas:
        agenda = heads.saved(head.agendas[agenda_id], event.progress, progress)
        head = replace(head, agendas={**head.agendas, agenda_id: agenda})
    changes: Changes = {run.head_key: replace(head, progress=True), progress_key(run.stream): progress}
    for entry in event.operations or ():
        name = entry.operation or ""
        changes[operation_key(run.stream, name)] = _laid(run.operation(name), entry)
    return changes


def operation_saved(run: Run, head: Head, event: OperationSaved, _: Envelope) -> Changes:
    """What was said lies over the operation's progress."""
    name = row_name(run.stream, event.operation.id or "")
    return {
        run.head_key: head,
        operation_key(run.stream, name): _laid(run.operation(name), event.operation),
    }


def operation_deleted(run: Run, head: Head, event: OperationDeleted, envelope: Envelope) -> Changes:
    """The row is gone; the last of a run leaves a tombstone (design 4.3)."""
    key = operation_key(run.stream, row_name(run.stream, event.id))
    left = head.progress or head.agendas or any(other != key for other in run.operation_keys())
    return {run.head_key: replace(head, deleted=None if left else envelope.time), key: None}


def _laid(stored: O | None, said: O) -> O:
    return said if stored is None else merge(stored, said)


FOLDS: dict[type, Any] = {
    AgendaSaved: agenda_saved,
    ProgressSaved: progress_saved,
    OperationSaved: operation_saved,
    OperationDeleted: operation_deleted,
}

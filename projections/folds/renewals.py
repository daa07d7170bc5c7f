"""What a rerun and an expansion do to an agenda and to its operations' rows (spec 8). Pure."""

from typing import TypeVar

from msgspec.structs import replace

from eventstore.events import AgendaExpanded, AgendaRerun
from eventstore.model import Agenda, AgendaProgress, ProcessingState
from projections.rows import Changes, agenda_key, operation_key
from projections.run import Run

P = TypeVar("P", Agenda, AgendaProgress)


def rerun(run: Run, event: AgendaRerun, now: int) -> Changes:
    """The rows of operations that were reset or removed, and the agenda without the removed ones."""
    changes: Changes = {}
    agenda = run.agenda(event.agenda_id)
    if event.removed and agenda is not None:
        gone = {*event.removed}
        left = [operation for operation in agenda.operations or () if operation.name not in gone]
        changes[agenda_key(run.stream, event.agenda_id)] = replace(agenda, operations=left, updated_time=now)
    for name in event.removed or ():
        if run.operation(name) is not None:
            changes[operation_key(run.stream, name)] = None
    for name in event.reset or ():
        if (row := run.operation(name)) is not None:
            changes[operation_key(run.stream, name)] = replace(
                row,
                updated_time=now,
                processing_state=ProcessingState.WAITING,
                processing_state_message="pending",
                diagnostic_events=[],
                percent_complete=0.0,
                result_payload=event.result,
            )
    return changes


def expanded(run: Run, event: AgendaExpanded, now: int) -> Changes:
    """The agenda with its new operations, and their rows."""
    changes: Changes = {operation_key(run.stream, row.operation or ""): row for row in event.operations}
    agenda = run.agenda(event.agenda_id)
    if agenda is not None:
        new = {operation.name: operation for operation in event.added}
        operations = [new.pop(operation.name, operation) for operation in agenda.operations or ()]
        grown = replace(agenda, operations=[*operations, *new.values()], updated_time=now)
        changes[agenda_key(run.stream, event.agenda_id)] = overlaid(grown, event.params)
    return changes


def overlaid(row: P, params: dict[str, str] | None) -> P:
    """A row whose params have others laid over them."""
    return row if params is None else replace(row, params={**(row.params or {}), **params})

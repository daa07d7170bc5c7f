"""POST and PUT of the objects of a run, and the deletion of an operation's progress (spec 2.5, 7.2). Pure.

A user's PUT has POP's freedom: any state at any time, whatever attempt an executor is in (design 4.8). What cannot
change is whose object it is and where it stands: its rows are sealed under the customer's key, in its home stream.
"""

from typing import TypeVar

from msgspec.structs import replace

from eventstore.commands import DeleteOperation, SaveAgenda, SaveOperation, SaveProgress
from eventstore.errors import BadRequest, NotFound
from eventstore.events import AgendaSaved, OperationDeleted, OperationSaved, ProgressSaved
from eventstore.model import Agenda, AgendaProgress, OperationProgress, ProcessingState, merge
from handlers.access.rights import demand, refused
from handlers.deciders.submission import MAXIMUM_ATTEMPTS
from projections.rows import row_name
from projections.run import Run

O = TypeVar("O", Agenda, AgendaProgress, OperationProgress)  # noqa: E741  # an object
COMPLETE, WAITING = ProcessingState.COMPLETE, ProcessingState.WAITING
Command = SaveAgenda | SaveProgress | SaveOperation | DeleteOperation


def save_agenda(command: SaveAgenda, run: Run) -> AgendaSaved:
    """Merge what was PUT into an agenda; neither its progress nor its place in the line changes."""
    said = command.agenda
    stored = run.agenda(said.id or "")
    if stored is None or not command.caller.may_touch(stored.customer_id):
        raise NotFound(f"Unable to get object by id {said.id}")
    _check(command, said, stored)
    if said.progress_id not in (None, stored.progress_id):
        raise BadRequest(f"expected progressId to stay {stored.progress_id}, found {said.progress_id}")
    return AgendaSaved(agenda=replace(said, updated_time=command.now))


def save_progress(command: SaveProgress, run: Run) -> ProgressSaved:
    """Create a progress or merge into it, with the operations that a PUT names (spec 7.2)."""
    said, stored = command.progress, run.progress()
    if not command.must_exist:
        _check(command, said, stored)
        if stored is None:
            _refuse_anothers_place(command, run)
        attempts = MAXIMUM_ATTEMPTS if said.maximum_attempts is None else said.maximum_attempts
        return ProgressSaved(progress=replace(said, **_times(command), maximum_attempts=attempts))
    if stored is None or not command.caller.may_touch(stored.customer_id):
        raise NotFound(f"Unable to get object by id {run.stream}")
    _check(command, said, stored)
    if said.processing_state is COMPLETE and stored.processing_state is not COMPLETE:
        said = replace(said, attempts_completed=(stored.attempts_completed or 0) + 1)
    operations = _operations(command, run, stored)
    return ProgressSaved(progress=replace(said, updated_time=command.now), operations=operations or None)


def save_operation(command: SaveOperation, run: Run) -> OperationSaved:
    """Create an operation's progress, or merge into it."""
    said = command.operation
    stored = run.operation(row_name(run.stream, said.id or ""))
    if command.must_exist and (stored is None or not command.caller.may_touch(stored.customer_id)):
        raise NotFound(f"Unable to get object by id {said.id}")
    _check(command, said, stored)
    if stored is None:
        _refuse_anothers_place(command, run)
        count = 0 if said.attempt_count is None else said.attempt_count
        return OperationSaved(operation=replace(said, **_times(command), attempt_count=count))
    if said.agenda_progress_id not in (None, stored.agenda_progress_id):
        raise BadRequest(
            f"expected agendaProgressId to stay {stored.agenda_progress_id}, found {said.agenda_progress_id}"
        )
    times = {"updated_time": command.now} if command.must_exist else _times(command)
    return OperationSaved(operation=replace(said, **times))


def delete_operation(command: DeleteOperation, run: Run) -> OperationDeleted | None:
    """Delete an operation's progress; one that is gone stays gone."""
    stored = run.operation(row_name(run.stream, command.operation_id))
    if stored is None:
        return None
    demand(command.caller, stored.customer_id)
    return OperationDeleted(id=command.operation_id)


def _check(command: Command, said: O, stored: O | None) -> None:
    # Tighter than POP: a POST that meets a stored object needs the right to that one too (design 5).
    if said.customer_id is not None:
        demand(command.caller, said.customer_id)
    if stored is not None and not command.caller.may_touch(stored.customer_id):
        # Whose it is, is not told.
        raise refused(f"id {said.id}")
    if stored is not None and said.customer_id not in (None, stored.customer_id):
        raise BadRequest(f"expected customerId to stay {stored.customer_id}, found {said.customer_id}")


def _refuse_anothers_place(command: SaveProgress | SaveOperation, run: Run) -> None:
    """Nobody puts an object among those of a customer to whom they have no right."""
    progress = run.progress()
    owners = {agenda.customer_id for agenda in run.head.agendas.values()} if run.head is not None else set()
    if progress is not None:
        owners.add(progress.customer_id or "")
    if isinstance(command, SaveProgress):
        owners |= {row.customer_id or "" for row in run.operations()}
    if not all(command.caller.may_touch(owner) for owner in owners):
        raise refused(f"agendaProgressId {run.stream}")


def _times(command: Command) -> dict[str, int]:
    return {"added_time": command.now, "updated_time": command.now}


def _operations(command: SaveProgress, run: Run, progress: AgendaProgress) -> list[OperationProgress]:
    changes: dict[str, OperationProgress] = {}
    for entry in command.operations:
        name = entry.operation or "null"  # POP's `...-null` (spec 7.2)
        stored, before = run.operation(name), changes.get(name)
        change = replace(entry, operation=name, updated_time=command.now)
        if before is not None:
            changes[name] = merge(before, change)  # one after the other, as POP does
            continue
        if stored is None:
            change = _created(change, run.stream, progress, command.now)
        changes[name] = _counted(command, run, progress, change, stored)
    return [*changes.values()]


def _created(entry: OperationProgress, stream: str, progress: AgendaProgress, now: int) -> OperationProgress:
    return replace(
        entry,
        id=f"{stream}-{entry.operation}",
        agenda_progress_id=stream,
        customer_id=progress.customer_id,
        cid=entry.cid or progress.cid,
        added_time=now,
        processing_state=entry.processing_state or WAITING,
        attempt_count=entry.attempt_count or 0,
    )


def _counted(
    command: SaveProgress,
    run: Run,
    progress: AgendaProgress,
    change: OperationProgress,
    stored: OperationProgress | None,
) -> OperationProgress:
    """An operation that is said to run, or to have run, for the first time in an attempt counts that attempt."""
    agendas = {} if run.head is None else run.head.agendas
    agenda = agendas.get(progress.agenda_id or "")
    attempt = 0 if agenda is None else agenda.attempt
    known = stored is not None and stored.attempt == attempt
    if known or change.processing_state in (None, WAITING) or change.attempt_time is not None:
        return change
    count = (0 if stored is None else stored.attempt_count or 0) + 1
    return replace(change, attempt=attempt, attempt_count=count, attempt_time=command.now)

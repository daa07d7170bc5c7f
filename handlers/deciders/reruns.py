"""Begin an agenda again: which operations are reset, which generated ones go, where it stands (spec 8). Pure.

| asked for | operations that are reset, with all that depends on them |
|---|---|
| resetAll | all of the agenda's |
| operationsToReset | those |
| neither | all of the agenda's; with `continue`: none |

What an operation in that closure generated is removed instead of reset, and so is what that generated in turn. Beside
POP, the updatedTime of operations that nothing happened to stays (there it is a by-product of writing all rows).
"""

from collections.abc import Iterable, Sequence

from eventstore.commands import RerunAgenda
from eventstore.errors import Invalid, NotFound
from eventstore.events import AgendaRerun
from eventstore.model import Agenda, AgendaProgress, Operation, OperationProgress, ProcessingState
from eventstore.sealing import fingerprint
from projections.rows import AgendaHead
from projections.run import Run

WAITING = ProcessingState.WAITING
PENDING = "pending"
#: Agendas with this param, whatever its value, never stand in the line (spec 1.3).
DO_NOT_RUN = "doNotRun"


def rerun(command: RerunAgenda, run: Run) -> AgendaRerun | None:
    """Reset what is asked for and put the agenda at the end of the line; quiet where nothing at all would change."""
    head, agenda = run.head, run.agenda(command.agenda_id)
    known = None if head is None else head.agendas.get(command.agenda_id)
    if known is None or agenda is None or not command.caller.may_touch(agenda.customer_id):
        raise NotFound(f"Agenda {command.agenda_id} not found")
    stored = run.progress()
    if stored is None:
        raise NotFound(f"AgendaProgress {run.stream} not found")
    rows = {row.operation or "": row for row in run.operations()}
    closure, removed = affected(agenda.operations or [], _chosen(command, agenda, rows.keys()))
    reset = [name for name in closure if name in rows and name not in removed]
    queues = not command.skips_execution and DO_NOT_RUN not in (agenda.params or {})
    if not (queues or removed) and _is_so(known, stored, [rows[name] for name in reset], command.result):
        return None
    place = known.added if known.ready else None
    return AgendaRerun(
        agenda_id=command.agenda_id,
        attempt=known.attempt,
        reset=reset or None,
        removed=removed or None,
        result=command.result if reset else None,
        ready=command.now if queues else place,
        progress=AgendaProgress(
            id=run.stream, updated_time=command.now, processing_state=WAITING, processing_state_message=PENDING
        ),
    )


def affected(operations: Sequence[Operation], chosen: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names: the closure of some operations over what depends on them, and those of it that were generated in it."""
    followers: dict[str, list[Operation]] = {}
    for operation in operations:
        parents = [] if operation.generated_parent is None else [operation.generated_parent]
        for needed in {*(operation.depends_on or ()), *(operation.references or ()), *parents}:
            followers.setdefault(needed, []).append(operation)
    closure, removed = {*chosen}, set[str]()
    stack = [*closure]
    while stack:
        name = stack.pop()
        for follower in followers.get(name, ()):
            if follower.generated_parent == name and follower.name != name:
                removed.add(follower.name)
            if follower.name not in closure:
                closure.add(follower.name)
                stack.append(follower.name)
    # In the agenda's order, and what stands in none of it (another agenda's, of the same run) by name.
    order = {operation.name: place for place, operation in enumerate(operations)}
    closed = sorted(closure, key=lambda name: (order.get(name, len(order)), name))
    return closed, [name for name in closed if name in removed]


def _chosen(command: RerunAgenda, agenda: Agenda, known: Iterable[str]) -> list[str]:
    if command.operations is not None:
        if not command.operations:
            raise Invalid("params is invalid - operationsToReset has no operations specified")
        wrong = [name for name in command.operations if name not in known]
        if wrong:
            raise Invalid(
                f"params is invalid - operationsToReset has the following invalid operation names: {','.join(wrong)}"
            )
    if command.resets_all or (command.operations is None and not command.continues):
        return [operation.name for operation in agenda.operations or ()]
    return command.operations or []


def _is_so(known: AgendaHead, stored: AgendaProgress, rows: Iterable[OperationProgress], result: str) -> bool:
    """The run is as a rerun leaves it: nobody has it, nothing ended it, and these rows are as if reset."""
    begins = (stored.processing_state, stored.processing_state_message) == (WAITING, PENDING)
    return begins and not (known.open or known.cancelled) and all(_is_reset(row, result) for row in rows)


def _is_reset(row: OperationProgress, result: str) -> bool:
    return (
        (row.processing_state, row.processing_state_message) == (WAITING, PENDING)
        and not row.diagnostic_events
        and fingerprint(row.result_payload) == fingerprint(result)
    )

"""Accept an agenda: its progress and operation rows come with it, in one event (spec 4.3). Pure."""

from msgspec.structs import replace

from eventstore.commands import SubmitAgenda
from eventstore.errors import Conflict, NotFound
from eventstore.events import AgendaSubmitted
from eventstore.model import Agenda, AgendaProgress, Operation, OperationProgress, ProcessingState
from handlers.access.rights import demand
from projections.run import Run

#: POP's default (spec 1.3).
MAXIMUM_ATTEMPTS = 3


def submit(command: SubmitAgenda, run: Run) -> AgendaSubmitted | None:
    """Accept the agenda, unless it is accepted already."""
    head, agenda = run.head, command.agenda
    if head is not None and agenda.id in head.agendas:
        return None
    demand(command.caller, agenda.customer_id)
    there, stored = head is not None and head.progress, run.progress()
    # It is put there as the agenda's own customer, who does not see another's progress (spec 4.3).
    if command.reuses_progress and (stored is None or stored.customer_id != agenda.customer_id):
        raise NotFound(f"Unable to get object by id {run.stream}")
    if there and not command.reuses_progress:
        raise Conflict(f"expected a new progress {run.stream}, but there is one: name it as progressId to use it again")
    accepted = replace(agenda, added_time=command.now, updated_time=command.now)
    return AgendaSubmitted(
        agenda=accepted,
        progress=_progress(command, run.stream, new=not there),
        operations=[
            operation_row(accepted, run.stream, operation, command.now) for operation in accepted.operations or []
        ],
        ready=None if command.do_not_run else command.now,
        catalogue_offset=command.catalogue_offset,
    )


def _progress(command: SubmitAgenda, stream: str, *, new: bool) -> AgendaProgress:
    # A reused progress is merged over: its state stays, its addedTime does not (spec 4.3, 4).
    agenda = command.agenda
    return AgendaProgress(
        id=stream,
        cid=agenda.cid,
        customer_id=agenda.customer_id,
        added_time=command.now,
        updated_time=command.now,
        agenda_id=agenda.id,
        link_id=agenda.link_id,
        external_id=command.external_id,
        processing_state=ProcessingState.WAITING if new else None,
        maximum_attempts=MAXIMUM_ATTEMPTS if command.maximum_attempts is None else command.maximum_attempts,
        params=agenda.params,
        agenda_insight=agenda.agenda_insight,
    )


def operation_row(agenda: Agenda, stream: str, operation: Operation, now: int) -> OperationProgress:
    """The row of an operation that is new to a run (spec 4.3, 5)."""
    return OperationProgress(
        id=f"{stream}-{operation.name}",
        cid=agenda.cid,
        customer_id=agenda.customer_id,
        added_time=now,
        updated_time=now,
        agenda_progress_id=stream,
        operation=operation.name,
        processing_state=ProcessingState.WAITING,
        percent_complete=0.0,
        attempt_count=0,
        params=operation.params,
    )

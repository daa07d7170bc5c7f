"""A run as it is shown: its operations with the messages that waiting ones have (spec 1.1, design 4.8). Pure."""

from msgspec.structs import replace

from eventstore.model import OperationProgress, ProcessingState
from projections.rows import Head
from projections.run import Run
from projections.views import ProgressView


def progress_view(run: Run) -> ProgressView | None:
    """A progress with its operations, their waiting messages filled in; None where there is none.

    Operations of another customer's, posted alone under this progress's id, are not shown with it (spec 2.4).
    """
    progress = run.progress()
    if progress is None:
        return None
    message = waiting_message(run.head)
    rows = [row for row in run.operations() if row.customer_id == progress.customer_id]
    return ProgressView(progress=progress, operations=[_with_message(row, message) for row in rows])


def with_message(row: OperationProgress, head: Head | None) -> OperationProgress:
    """An operation as the head of its run makes it appear."""
    return _with_message(row, waiting_message(head))


def waiting_message(head: Head | None) -> str:
    """How far a waiting operation is: added (accepted), queued (ready), scheduled (dispatched) (spec 1.1)."""
    agendas = [] if head is None else [*head.agendas.values()]
    if any(agenda.ready for agenda in agendas):
        return "queued"
    return "scheduled" if any(agenda.dispatch is not None or agenda.open for agenda in agendas) else "added"


def _with_message(row: OperationProgress, message: str) -> OperationProgress:
    if row.processing_state is not ProcessingState.WAITING:
        return row
    if row.processing_state_message is not None and message == "added":
        return row
    return replace(row, processing_state_message=message)

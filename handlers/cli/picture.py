"""How a progress looks: a head line, the operations that matter now, and a count of the rest. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from eventstore.envelope import format_time
from eventstore.model import ProcessingState
from handlers.client.objects import AgendaProgress, OperationProgress

#: Lines of the screen that are not operations.
FRAME_LINES = 4
_STYLES = {"succeeded": "green", "failed": "bold red", "cancelled": "yellow"}


def state_of(row: AgendaProgress | OperationProgress) -> str:
    """One word for how far it is, as POP's messages have it: queued, 40 %, succeeded, …"""
    message = row.processing_state_message or ""
    match row.processing_state:
        case ProcessingState.EXECUTING:
            return f"{row.percent_complete or 0.0:.0f} %"
        case ProcessingState.COMPLETE:
            return message or "complete"
        case _:
            return message or "waiting"


def instant(ms: int | None) -> str:
    """Epoch ms as a time with its ms, UTC; what no calendar has stays a number."""
    try:
        return "-" if not ms else format_time(ms)
    except (ValueError, OverflowError, OSError):
        return str(ms)


def counts(progress: AgendaProgress) -> str:
    """How many operations are in which state."""
    rows = progress.operation_progress or []
    found = Counter("executing" if row.processing_state is ProcessingState.EXECUTING else state_of(row) for row in rows)
    return " · ".join(f"{count} {name}" for name, count in found.most_common()) or "no operations"


def head_line(progress: AgendaProgress) -> str:
    """State, percentage and attempt of a run."""
    attempt = attempt_of(progress)
    of_all = f"attempt {attempt} of {progress.maximum_attempts or 3}" if attempt else "not begun"
    state = "executing" if progress.processing_state is ProcessingState.EXECUTING else state_of(progress)
    return f"{state} · {progress.percent_complete or 0.0:.0f} % · {of_all}"


def attempt_of(progress: AgendaProgress) -> int:
    """The attempt that a run is in, waits for, or ended with; 0: it ended before any began."""
    completed = progress.attempts_completed or 0
    if not progress.is_complete:
        return completed + 1
    # A cancel completes no attempt: the one that it cut off is told by what it stopped, the first by its start as well.
    cut_off = any(row.processing_state_message == "cancelled" for row in progress.operation_progress or [])
    return completed + (cut_off or (not completed and progress.started_time is not None))


def live(progress: AgendaProgress, lines: int) -> RenderableType:
    """A picture of at most so many lines: running and failed operations first, the rest counted."""
    rows = progress.operation_progress or []
    shown = [*most_telling(rows, max(1, lines - FRAME_LINES))]
    table = Table(box=None, pad_edge=False, show_header=False, expand=True)
    for ratio in (3, 1, 2):
        table.add_column(ratio=ratio, no_wrap=True, overflow="ellipsis")
    for row in shown:
        state = state_of(row)
        running = row.processing_state is ProcessingState.EXECUTING
        bar = ProgressBar(total=100, completed=row.percent_complete or 0.0, width=20) if running else Text("")
        table.add_row(Text(row.operation or ""), Text(state, style=_STYLES.get(state, "")), bar)
    # A bar alone ends without a new line; a grid gives it one.
    whole = Table.grid(expand=True)
    whole.add_row(ProgressBar(total=100, completed=progress.percent_complete or 0.0))
    return Group(
        Text(f"{progress.id}  {head_line(progress)}", style="bold", no_wrap=True, overflow="ellipsis"),
        whole,
        table,
        Text(counts(progress), style="dim", no_wrap=True, overflow="ellipsis"),
    )


def most_telling(rows: Iterable[OperationProgress], count: int) -> Sequence[OperationProgress]:
    """What somebody who watches wants to see: what failed, what runs, what ended last."""
    return sorted(rows, key=_rank)[:count]


def _rank(row: OperationProgress) -> tuple[int, int, str]:
    if row.processing_state is ProcessingState.COMPLETE:
        late = -(row.completed_time or 0)
        return (2 if row.processing_state_message == "succeeded" else 0, late, row.operation or "")
    running = row.processing_state is ProcessingState.EXECUTING
    return (1 if running else 3, row.started_time or 0, row.operation or "")

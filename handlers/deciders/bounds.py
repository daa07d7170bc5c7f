"""What an event and the rows that it changes may weigh (design 4.9). Pure.

An event over its bound could not be appended, a row over its bound not be kept: refused here, nothing has happened yet.
"""

import msgspec

from eventstore.commands import Command
from eventstore.envelope import Envelope
from eventstore.errors import Invalid
from eventstore.events import TYPES, AgendaExpanded, AgendaRerun, AgendaSubmitted, ProgressReported, RunEvent
from projections.folds.run import evolve
from projections.rows import write_row
from projections.run import Run

MIB = 1 << 20
#: One event and one row, and all rows that one event changes, in bytes.
EVENT_BYTES = ROW_BYTES = 2 * MIB
ROWS_BYTES = 6 * MIB
#: The events by which a run grows, or which change many of its rows at once.
GROWING = (AgendaSubmitted, AgendaRerun, AgendaExpanded)

_encode = msgspec.json.Encoder().encode


def may_outgrow(run: Run, event: RunEvent) -> bool:
    """Whether a report might make a row too large: rows are at most what they were, and the event.

    Reports are many and small: to fold each of them twice would cost more than it finds.
    """
    if not isinstance(event, ProgressReported):
        return False
    names = [row.operation or "" for row in event.operations or ()]
    return run.weight(names) + len(_encode(event)) > ROW_BYTES


def refuse_oversize(command: Command, run: Run, event: RunEvent) -> None:
    """Refuse what no log or view could hold; raises Invalid."""
    size = len(_encode(event))
    if size > EVENT_BYTES:
        raise Invalid(_text("an agenda that makes an event", EVENT_BYTES, size))
    if run.head is None:
        return  # the rows of a new run are parts of its event
    version = run.head.version + 1
    envelope = Envelope(id=command.id, type=TYPES[type(event)], source="", time=command.now, version=version)
    sizes = [len(write_row(0, row)) for row in evolve(run, envelope, event, "").values()]
    if max(sizes) > ROW_BYTES:
        raise Invalid(_text("a run whose agenda and operations are each", ROW_BYTES, max(sizes)))
    if sum(sizes) > ROWS_BYTES:
        raise Invalid(_text("a change of rows", ROWS_BYTES, sum(sizes)))


def _text(what: str, most: int, found: int) -> str:
    return f"expected {what} of at most {most} bytes, found {found}: use fewer or smaller operations"

"""A list of data objects as a table for a terminal: ids stand whole, the rest takes what room is left."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from handlers.cli.kinds import Kind, cells, heads
from handlers.cli.screen import Screen

Objects = Sequence[Mapping[str, Any]]


def show(screen: Screen, kind: Kind, found: Objects) -> None:
    """A list: a table on a terminal, plain aligned columns through a pipe."""
    if screen.out.is_terminal:
        screen.out.print(picture(kind, found))
    else:
        screen.table(heads(kind), [cells(kind, each) for each in found])


def picture(kind: Kind, found: Objects, caption: str | None = None) -> Table:
    """A table, one line per object."""
    rows = [cells(kind, each, brief=True) for each in found]
    table = Table(box=None, pad_edge=False, header_style="bold", caption=caption, caption_justify="left")
    for place, head in enumerate(heads(kind)):
        # An id is there to be copied.
        least = max((len(row[0]) for row in rows), default=0) if place == 0 else None
        table.add_column(head, no_wrap=True, overflow="ellipsis", min_width=least)
    for row in rows:
        table.add_row(*map(Text, row))
    return table

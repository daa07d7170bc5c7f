"""A list of data objects as a table for a terminal: ids stand whole, the rest gets what room is left, what tells most
first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from handlers.cli.kinds import KINDS, Kind, cells, heads
from handlers.cli.screen import Screen

Objects = Sequence[Mapping[str, Any]]

#: Between two columns.
GAP = 2
#: A column that would be narrower, and cut, tells nothing.
LEAST = 5


def show(screen: Screen, kind: Kind, found: Objects) -> None:
    """A list: a table on a terminal, plain aligned columns through a pipe."""
    if not screen.out.is_terminal:
        screen.table(heads(kind), [cells(kind, each) for each in found])
        return
    screen.out.print(picture(kind, found, screen.out.width))
    missing = [
        head for head, width in zip(heads(kind), _widths(kind, found, screen.out.width), strict=True) if not width
    ]
    if missing:
        screen.note(f"no room for: {', '.join(missing)} (a wider terminal, or -o json, shows all)")


def picture(kind: Kind, found: Objects, width: int, caption: str | None = None) -> Table:
    """A table of at most this width, one line per object; columns for which there is no room are left out."""
    widths = _widths(kind, found, width)
    shown = [place for place, wide in enumerate(widths) if wide]
    table = Table(box=None, pad_edge=False, header_style="bold", caption=caption, caption_justify="left")
    for place in shown:
        table.add_column(heads(kind)[place], no_wrap=True, overflow="ellipsis", width=widths[place])
    for each in found:
        row = cells(kind, each, brief=True)
        table.add_row(*(Text(row[place]) for place in shown))
    return table


def allotted(wanted: Sequence[int], order: Sequence[int], room: int) -> list[int]:
    """How wide each column is: they choose in this order; the first gets what it wants, one without room gets 0."""
    widths, free = [0] * len(wanted), room + GAP
    for place in order:
        free -= GAP
        least = wanted[place] if place == order[0] else min(wanted[place], LEAST)
        if place == order[0] or free >= least:
            widths[place] = max(least, min(wanted[place], free))
            free -= widths[place]
        else:
            free += GAP  # what is left out takes no gap
    return widths


def _widths(kind: Kind, found: Objects, room: int) -> list[int]:
    about = KINDS[kind]
    rows = [heads(kind), *(cells(kind, each, brief=True) for each in found)]
    wanted = [max(Text(row[place]).cell_len for row in rows) for place in range(len(about.columns))]
    order = sorted(range(len(about.columns)), key=lambda place: _rank(about.foremost, about.columns[place]))
    return allotted(wanted, order, room)


def _rank(foremost: Sequence[str], column: str) -> int:
    return foremost.index(column) if column in foremost else len(foremost)

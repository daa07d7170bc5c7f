"""Follows a list: redrawn in place on a terminal, change by change elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from rich.live import Live
from rich.table import Table

from handlers.cli.kinds import Kind, cells
from handlers.cli.listing import Objects, picture
from handlers.cli.screen import Screen
from handlers.cli.watching import insistently

EVERY_SECONDS = 1.0
#: Lines of the screen that are not objects.
FRAME_LINES = 3

Fetch = Callable[[], Awaitable[Objects]]
#: what became of it (there, added, changed, gone), the object, and which fields changed
Change = tuple[str, Mapping[str, Any], list[str]]


async def follow(fetch: Fetch, kind: Kind, screen: Screen) -> None:
    """Show a list and what becomes of it, until somebody ends it."""
    drawn = None
    if screen.out.is_terminal and not screen.out.is_dumb_terminal and not screen.json:
        drawn = Live(console=screen.out, auto_refresh=False, vertical_overflow="crop")
    known: dict[str, Mapping[str, Any]] = {}
    first = True
    with drawn or nullcontext():
        while True:
            found = {str(each.get("id")): each for each in await insistently(fetch, screen)}
            if drawn is not None:
                drawn.update(
                    frame(kind, [*found.values()], screen.out.width, screen.out.height - FRAME_LINES), refresh=True
                )
            else:
                for change in changes(known, found, first=first):
                    _say(change, kind, screen)
            known, first = found, False
            await asyncio.sleep(EVERY_SECONDS)


def changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]], *, first: bool = False
) -> Iterator[Change]:
    """What became of the objects of a list; that one was touched and is as before says nothing."""
    for identity, found in after.items():
        known = before.get(identity)
        if known is None:
            yield ("there" if first else "added"), found, []
        elif fields := [name for name in {**known, **found} if _differs(name, known, found)]:
            yield "changed", found, fields
    for identity, known in before.items():
        if identity not in after:
            yield "gone", known, []


def frame(kind: Kind, found: Objects, width: int, lines: int) -> Table:
    """A table of at most so many objects, the last ones, and how many there are in all."""
    shown = found[-max(1, lines) :]
    more = f", the last {len(shown)} shown" if len(found) > len(shown) else ""
    return picture(kind, shown, width, f"{len(found)} in all{more}")


def _differs(name: str, known: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return name != "updatedTime" and known.get(name) != found.get(name)


def _say(change: Change, kind: Kind, screen: Screen) -> None:
    word, found, fields = change
    if screen.json:
        screen.line({"change": word, "fields": fields, "object": {"kind": kind, **found}})
        return
    named = f"  ({', '.join(fields)})" if fields else ""
    screen.say(f"{word:<8} {'  '.join(cells(kind, found))}{named}".rstrip(" "))

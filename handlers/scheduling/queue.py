"""What a scheduler knows of one queue: pictures by owner, and what it has in flight (design 4.2). Pure.

All of it is soft. An entry is known by (agenda, attempt): a dispatch makes the attempt one more, so what was handed out
once is never taken for something new, and what comes back is.
"""

from collections import deque
from collections.abc import Callable, Sequence
from heapq import merge

import msgspec

from projections.ready import Entry, Picture

#: Entries remembered as handed out; forgetting them does no harm, the owner refuses what is no longer ready.
REMEMBERED = 100_000


class Choice(msgspec.Struct, frozen=True, gc=False):
    """An entry that is next, and the numbers that made it so."""

    entry: Entry
    basis: dict[str, int]


class Waiting(msgspec.Struct, gc=False):
    """What an algorithm chooses from: entries in order of the line, and how many each customer has in all."""

    line: deque[Entry]
    counts: dict[str, int]


#: choose(waiting, n): up to n entries, taken out of `waiting.line`, no two of one run.
Algorithm = Callable[[Waiting, int], Sequence[Choice]]


class Queue:
    """One queue's picture, merged from its owners."""

    def __init__(self, algorithm: Algorithm) -> None:
        self._algorithm = algorithm
        self._pictures: dict[str, Picture] = {}
        self._waiting = Waiting(deque(), {})
        self._handed: set[tuple[str, int]] = set()
        self._aside: dict[tuple[str, int], float] = {}
        self._stale = False

    def __len__(self) -> int:
        return len(self._waiting.line)

    def see(self, owner: str, picture: Picture) -> None:
        """An owner's new picture takes the old one's place."""
        self._pictures[owner] = picture
        self._stale = True

    def lose(self, owner: str) -> None:
        """An owner is away: its entries are set aside with it."""
        if self._pictures.pop(owner, None) is not None:
            self._stale = True

    def put_aside(self, entry: Entry, until: float) -> None:
        """The outcome of a dispatch is unknown: ask again from `until` on, if a picture still shows it."""
        key = (entry.agenda_id, entry.attempt)
        self._handed.discard(key)
        self._aside[key] = until
        self._stale = True

    def choose(self, n: int, now: float) -> Sequence[Choice]:
        """Who is next, marked as in flight."""
        if self._stale or (self._aside and min(self._aside.values()) <= now):
            self._arrange(now)
        chosen = self._algorithm(self._waiting, n)
        for choice in chosen:
            self._handed.add((choice.entry.agenda_id, choice.entry.attempt))
        return chosen

    def _arrange(self, now: float) -> None:
        self._aside = {key: until for key, until in self._aside.items() if until > now}
        if len(self._handed) > REMEMBERED:
            self._handed.clear()
        self._waiting.line = deque(
            entry
            for entry in merge(*(picture.entries for picture in self._pictures.values()))
            if (entry.agenda_id, entry.attempt) not in self._handed
            and (entry.agenda_id, entry.attempt) not in self._aside
        )
        counts: dict[str, int] = {}
        for picture in self._pictures.values():
            for customer, count in picture.counts.items():
                counts[customer] = counts.get(customer, 0) + count
        self._waiting.counts = counts
        self._stale = False

"""The oldest ready entries of each customer over several partitions, made anew only where something moved. Pure.

A picture by turns shows every customer. Between two of them, some ms apart, a few of hundreds have changed; to merge
the lines of all of them each time was a seventh of a worker's CPU with 200 customers.
"""

from collections.abc import Sequence
from itertools import islice

from projections.queues.ready import Entry, ReadyLine, Standing

#: Entries that are merged at the least: a few more than a picture of many customers shows of each.
DEPTH = 8


class Front:
    """One customer's entries in some lines, as they are until one of these moves."""

    __slots__ = ("_entries", "_lines", "moved", "size")

    def __init__(self, lines: Sequence[Standing], moved: tuple[int, ...]) -> None:
        self._lines = lines
        self.moved = moved
        #: how many there are
        self.size = sum(map(len, lines))
        self._entries: list[Entry] = []

    def first(self, count: int) -> list[Entry]:
        """The oldest so many."""
        if len(self._entries) < min(count, self.size):
            depth = max(count, DEPTH)
            self._entries = sorted(entry for line in self._lines for entry in islice(line.values(), depth))[:depth]
        return self._entries[:count]

    @property
    def oldest(self) -> tuple[int, str]:
        """The place of the first one in the line."""
        (entry,) = self.first(1)
        return entry.added, entry.agenda_id


class Fronts:
    """The fronts of some lines and Insights."""

    def __init__(self) -> None:
        self._known: dict[str, Front] = {}

    def of(self, lines: Sequence[ReadyLine], insights: Sequence[str]) -> dict[str, Front]:
        """The front of each customer that has something ready."""
        parts: dict[str, list[Standing]] = {}
        for line in lines:
            for customer, ready in line.standing(insights):
                parts.setdefault(customer, []).append(ready)
        before, self._known = self._known, {}
        for customer, standing in parts.items():
            moved = tuple([each.moved for each in standing])
            known = before.get(customer)
            self._known[customer] = known if known is not None and known.moved == moved else Front(standing, moved)
        return self._known

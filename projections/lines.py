"""Lines of index rows, walked in order: one value's, those of several values, and what stands in all of them. Pure.

An entry is what stands in an index key behind its prefix: addedTime (8 bytes) and the primary row's key.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heapreplace

from projections.store import Store

#: Steps along a line before it is left for a new seek.
STEPS = 8


class One:
    """The index rows of one value: addedTime and primary key."""

    def __init__(self, store: Store, prefix: bytes) -> None:
        self._scan = store.scan
        self._prefix = prefix
        self._rows: Iterator[tuple[bytes, bytes]] = iter(())
        self._here: bytes | None = b""
        self._begun = False

    def at(self, target: bytes) -> bytes | None:
        """The first that is not before `target`; targets never go back."""
        for _ in range(STEPS if self._begun else 0):
            if self._here is None or self._here >= target:
                return self._here
            self._step()
        if self._here is not None and (self._here < target or not self._begun):
            self._begun = True
            self._rows = self._scan(self._prefix, self._prefix + target)
            self._step()
        return self._here

    def _step(self) -> None:
        found = next(self._rows, None)
        self._here = None if found is None else found[0][len(self._prefix) :]


class Either:
    """Lines of which one is enough."""

    def __init__(self, lines: Sequence[One]) -> None:
        self._lines = lines
        #: where each line that goes on stands, and its number; none has begun yet
        self._places: list[tuple[bytes, int]] = [(b"", number) for number in range(len(lines))]

    def at(self, target: bytes) -> bytes | None:
        """See One."""
        places = self._places
        while places and (places[0][0] < target or not places[0][0]):
            number = places[0][1]
            found = self._lines[number].at(target)
            if found is None:
                heappop(places)
            else:
                heapreplace(places, (found, number))
        return places[0][0] if places else None


def values(store: Store, stem: bytes) -> Iterator[bytes]:
    """What the index keys of each value begin with that some row has, one look each; `stem` is what all begin with."""
    start = stem
    while (found := next(store.scan(stem, start), None)) is not None:
        line = found[0][: len(stem) + 2 + int.from_bytes(found[0][len(stem) : len(stem) + 2], "big")]
        yield line
        start = line + b"\xff"  # a time does not begin so


Line = One | Either


def all_of(lines: Sequence[Line], start: bytes) -> Iterator[tuple[bytes, bool]]:
    """What stands in every line, and marked False where one line sent the others on."""
    target = start
    while (first := lines[0].at(target)) is not None:
        target = first
        for line in lines[1:]:
            found = line.at(target)
            if found is None:
                return
            if found != target:
                target = found
                break
        else:
            yield target, True
            target += b"\0"
            continue
        yield target, False

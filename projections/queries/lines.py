"""Lines of index rows, walked in order: one value's, those of several values, and what stands in all of them. Pure.

An entry is what stands in an index key behind its prefix: addedTime (8 bytes) and the primary row's key. Entries are
read in blocks, first a few, then twice as many each time: where two long lines go side by side, what stands in both is
found by sets, at a fifth of the cost of going from entry to entry; where one is rare, the other is left for a seek
after a few. Of three lines or more the two rarest go first, and the others are asked for what both have.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice, takewhile
from operator import itemgetter

from projections.store import Store

#: Entries of the first block behind a seek, and of the largest; how many are passed over before a line is left for a
#: new seek.
FIRST, LARGEST, STEPS = 2, 256, 8
#: Entries by which it is told which line is rarer; lines that are merged into one are not asked if they are more.
SAMPLE, FEW = 32, 8

Block = list[bytes]


class Line:
    """Entries in order, and what was read of them and not passed yet."""

    def __init__(self) -> None:
        self._block: Block = []
        #: what follows the last one read
        self._next = b""
        self._size = FIRST
        self._rows: Iterator[bytes] | None = None

    def ahead(self, target: bytes) -> Block:
        """The next few that are not before `target`, one at least; none at the end. Targets never go back.

        They are good until the next call.
        """
        block = self._block
        if not block or block[-1] < target:
            block = self._block = self._read(target)
        if place := bisect_left(block, target):
            del block[:place]
            if 2 * len(block) < self._size:
                # Lines that go side by side end their blocks at different places: the rest alone would be a small one.
                block += self._take(self._size)
        return block

    def sample(self, target: bytes) -> bytes:
        """How far a few entries reach: the further, the rarer they are."""
        block = self.ahead(target)
        block += self._take(max(0, SAMPLE - len(block)))
        return block[SAMPLE - 1] if len(block) >= SAMPLE else b"\xff" * 9

    def among(self, wanted: Block) -> Block:
        """Those of some entries that stand here as well."""
        if len(wanted) <= FEW:
            return [entry for entry in wanted if self.ahead(entry)[:1] == [entry]]
        found: Block = []
        target = wanted[0]
        while block := self.ahead(target):
            found += block
            if block[-1] >= wanted[-1]:
                break
            target = self._next
        both = {*wanted}.intersection(found)
        return wanted if len(both) == len(wanted) else [*filter(both.__contains__, wanted)]

    def _read(self, target: bytes) -> Block:
        if self._rows is not None:
            found = self._take(self._size if target <= self._next else max(self._size, STEPS))
            if not found or found[-1] >= target:
                if bisect_left(found, target) <= STEPS:  # it goes on side by side with what sends it on
                    self._size = min(2 * self._size, LARGEST)
                return found
        self._size = FIRST
        self._rows = self._seek(target)
        return self._take(FIRST)

    def _take(self, count: int) -> Block:
        found = self._cut([*islice(self._rows or (), count)])
        if found:
            self._next = found[-1] + b"\0"
        return found

    def _seek(self, target: bytes) -> Iterator[bytes]:
        raise NotImplementedError

    def _cut(self, found: Block) -> Block:
        return found


class One(Line):
    """The index rows of one value."""

    def __init__(self, store: Store, prefix: bytes) -> None:
        super().__init__()
        self._store = store
        self._prefix = prefix
        self._tail = itemgetter(slice(len(prefix), None))

    def _seek(self, target: bytes) -> Iterator[bytes]:
        return self._store.keys(self._prefix, self._prefix + target)

    def _cut(self, found: Block) -> Block:
        if found and not found[-1].startswith(self._prefix):
            found = [*takewhile(lambda key: key.startswith(self._prefix), found)]
            self._rows = iter(())
        return [*map(self._tail, found)]


class Either(Line):
    """Lines of which one is enough; no entry stands in two of them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self.lines = lines

    def sample(self, target: bytes) -> bytes:
        """See Line."""
        return super().sample(target) if len(self.lines) <= FEW else b""

    def _seek(self, target: bytes) -> Iterator[bytes]:
        return merge(*(_from(line, target) for line in self.lines))


def _from(line: Line, target: bytes) -> Iterator[bytes]:
    while block := line.ahead(target):
        target = block[-1] + b"\0"
        yield from block[:]


def blocks(lines: Sequence[Line], start: bytes) -> Iterator[tuple[bytes, int, Block]]:
    """What stands in every line, block by block: where it begins, how many were looked at, and those that fit."""
    if len(lines) > 2:
        lines = sorted(lines, key=lambda line: line.sample(start), reverse=True)
    target = start
    while True:
        found: list[Block] = []
        first = target
        for line in lines[:2]:
            block = line.ahead(first)
            if not block:
                return
            first = block[0]
            found.append(block)
        last = min(block[-1] for block in found)
        if last < first:  # one line sent the other on
            yield first, len(found), []
            target = first
            continue
        parts = [block[bisect_left(block, first) : bisect_right(block, last)] for block in found]
        # Filters often say the same of each object, and to see that costs a tenth.
        common = parts[0] if parts[0] == parts[-1] else [*filter({*parts[0]}.__contains__, parts[1])]
        for line in lines[2:]:
            common = line.among(common) if common else common
        yield first, sum(map(len, parts)), common
        target = last + b"\0"

"""Lines of index rows side by side: whatever stands in them, what stands in all is what a set says, in order."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from projections.indexes.attributes import index_prefix
from projections.queries import lines as module
from projections.queries.lines import Either, Line, One, blocks
from projections.store import MemoryStore

Entries = list[int]


def entry(n: int) -> bytes:
    return n.to_bytes(8, "big") + b"a\0r"


def line(store: MemoryStore, name: str, entries: Entries) -> One:
    prefix = index_prefix(b"a", b"l", name)
    store.write([(prefix + entry(n), b"") for n in entries])
    return One(store, prefix)


def found(lines: list[Line], start: int = 0) -> Entries:
    return [int.from_bytes(each[:8], "big") for *_, block in blocks(lines, start.to_bytes(8, "big")) for each in block]


#: Runs of neighbours and holes between them, where lines part and meet again.
RUNS = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60), st.integers(1, 3)), max_size=8).map(
    lambda runs: sorted({n for start, length, step in runs for n in range(start, start + length * step, step)})
)


@for_all(
    st.lists(st.lists(RUNS, min_size=1, max_size=3), min_size=1, max_size=4),
    st.integers(0, 300),
    st.sampled_from([2, 8, 256]),
    st.sampled_from([0, 2, 8]),
)
@settings(max_examples=300, deadline=None)
def test_what_stands_in_all_lines_is_what_sets_say(
    said: list[list[Entries]], start: int, largest: int, few: int
) -> None:
    """Of each line some parts, no entry in two of them; `largest` block, and `few` entries that are asked for alone."""
    store, names = MemoryStore(), count()
    lines: list[Line] = []
    expected = set(range(start, 1000))
    for parts in said:
        taken: set[int] = set()
        ones: list[Line] = []
        for part in parts:
            ones.append(line(store, f"l{next(names)}", [n for n in part if n not in taken]))
            taken.update(part)
        lines.append(ones[0] if len(ones) == 1 else Either(ones))
        expected &= taken
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "LARGEST", largest)
        patched.setattr(module, "FEW", few)
        assert found(lines, start) == sorted(expected)


class Counting(MemoryStore):
    """Counts seeks, and the keys that are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.seeks = self.taken = 0

    def keys(self, prefix: bytes, start: bytes = b"") -> Iterator[bytes]:
        self.seeks += 1
        return map(self._count, super().keys(prefix, start))

    def _count(self, key: bytes) -> bytes:
        self.taken += 1
        return key


def test_a_line_is_left_for_what_lies_far_ahead() -> None:
    store = Counting()
    rare, long = line(store, "rare", [7_000, 9_000]), line(store, "long", [*range(10_000)])
    assert found([long, rare]) == [7_000, 9_000]
    assert store.taken < 200
    assert store.seeks < 8


def test_lines_that_never_meet_are_read_once_and_not_sought() -> None:
    store = Counting()
    odd, even = line(store, "odd", [*range(1, 10_000, 2)]), line(store, "even", [*range(0, 10_000, 2)])
    assert found([odd, even]) == []
    assert store.taken <= 10_000
    assert store.seeks == 2


def test_of_three_lines_the_rarest_go_first() -> None:
    store = Counting()
    long = [line(store, f"long {n}", [*range(10_000)]) for n in range(2)]
    assert found([*long, line(store, "rare", [5, 5_000])]) == [5, 5_000]
    assert store.taken < 300


def test_no_lines_of_which_one_is_enough_are_none() -> None:
    store = MemoryStore()
    assert found([line(store, "l", [1, 2]), Either([])]) == []
    assert found([Either([])]) == []

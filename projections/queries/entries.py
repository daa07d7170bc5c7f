"""Where the rows of a list lie on disk, in the order of (addedTime, key): by their lines of index rows, by the zones of
operations, or looked through (spec 2.4). Pure.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from projections.indexes.attributes import ALL, INDEXED, LETTERS, index_prefix
from projections.indexes.zone import Wanted
from projections.indexes.zones import Entry, Zones, current
from projections.partition import Partition
from projections.queries.counting import is_short, lines_of
from projections.queries.lines import Either, Line, One, blocks, values
from projections.queries.texts import Row
from projections.rows import operations_prefix, read_row
from projections.store import Store
from projections.views import ByAttribute, Kind

KINDS: Mapping[Kind, bytes] = {"agenda": b"a", "progress": b"p", "operation": b"o"}
#: Rows that are passed over before it is said that they were looked at, and index rows, which cost less.
STRIDE, LEAP = 10, 50
#: Index rows of other filters that are few enough to read the row of each, in a partition.
RARE = 300
#: Customers of a partition whose lines are merged to show all operations; where there are more, zones are as quick.
MANY = 16


class Part:
    """A partition as a list sees it: what was not on disk when it began, and zones, where operations are found by."""

    def __init__(self, partition: Partition, fresh: dict[bytes, bytes]) -> None:
        self.partition = partition
        self.fresh = fresh
        self.zones: Zones | None = None


def mapped(parts: Sequence[Part], query: ByAttribute) -> Generator[None]:
    """Find the zones of operations for which there are no lines, or too many, unless others leave a few."""
    if query.kind != "operation" or {"id", "agendaProgressId"} & query.where.keys():
        return
    names = [name for name in query.where if name in INDEXED["operation"]]
    for part in parts:
        store = part.partition.store
        lines = lines_of(store, b"o", names, query)
        if len(names) < len(query.where):
            enough = lines and is_short(lines, RARE)
        else:
            enough = lines or (not query.count and len([*islice(_customers(store), MANY + 1)]) <= MANY)
        if not enough:
            part.zones = yield from current(part.partition, exact=query.count)


def entries(part: Part, query: ByAttribute) -> Iterator[Entry]:
    """addedTime and key of what may fit, in order; those that cannot, marked so."""
    partition, letter = part.partition, KINDS[query.kind]
    if part.zones is not None:
        return part.zones.found(partition.store, Wanted(query), _start(query))
    lines = lines_of(partition.store, letter, [name for name in query.where if name in INDEXED[query.kind]], query)
    if query.kind == "operation" and (run := query.where.get("agendaProgressId")) is not None:
        return _sorted(partition, operations_prefix(run), query)
    if query.kind == "agenda" and (run := query.where.get("progressId")) is not None:
        return _sorted(partition, b"a\0" + run.encode() + b"\0", query)
    if query.kind == "operation" and not lines:
        return _operations(partition, query)
    return _walked(lines or [One(partition.store, index_prefix(letter, ALL, ""))], query)


def _start(query: ByAttribute) -> bytes:
    return b"" if query.after is None else query.after[0].to_bytes(8, "big")


def _walked(lines: Sequence[Line], query: ByAttribute) -> Iterator[Entry]:
    for first, passed, block in blocks(lines, _start(query)):
        time = int.from_bytes(first[:8], "big")
        for _ in range(1 + (passed - len(block)) // LEAP):
            yield time, b"", False
        for entry in block:
            yield int.from_bytes(entry[:8], "big"), entry[8:], True


def _operations(partition: Partition, query: ByAttribute) -> Iterator[Entry]:
    """All operations: they have no line of their own, and are those of all customers."""
    return _walked([Either([One(partition.store, line) for line in _customers(partition.store)])], query)


def _customers(store: Store) -> Iterator[bytes]:
    return values(store, b"io" + LETTERS["customerId"])


def _sorted(partition: Partition, prefix: bytes, query: ByAttribute) -> Iterator[Entry]:
    rows, needles = [], needles_of(query)
    for looked, (key, value) in enumerate(partition.store.scan(prefix), 1):
        for needle in needles:
            if needle not in value:
                break
        else:
            if (row := read_row(key, value)) is not None:
                rows.append((added(row), key, True))
        if looked % STRIDE == 0:
            yield 0, key, False
    yield from sorted(rows)


def needles_of(query: ByAttribute) -> list[bytes]:
    """What every stored row that fits has in it somewhere: decoding only to find out would cost ten times as much."""
    return [msgspec.json.encode(value)[1:-1] for value in query.where.values()]


def added(row: Row) -> int:
    """The time that lists are ordered by (epoch ms); what has none stands first."""
    return max(row.added_time or 0, 0)

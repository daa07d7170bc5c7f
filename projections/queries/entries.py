"""Where the rows of a list lie on disk, in the order of (addedTime, key): by their lines of index rows, by the zones of
operations, or looked through (spec 2.4). Pure.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence

import msgspec

from projections.indexes.attributes import ALL, INDEXED, index_prefix
from projections.indexes.zone import Wanted
from projections.indexes.zones import Entry, Zones, current
from projections.partition import Partition
from projections.queries.counting import lines_of
from projections.queries.lines import Line, One, blocks
from projections.queries.texts import Row
from projections.rows import operations_prefix, read_row
from projections.views import ByAttribute, Kind

KINDS: Mapping[Kind, bytes] = {"agenda": b"a", "progress": b"p", "operation": b"o"}
#: Rows that are passed over before it is said that they were looked at, and index rows, which cost less.
STRIDE, LEAP = 10, 50


class Part:
    """A partition as a list sees it: what was not on disk when it began, and zones, where operations are found by."""

    def __init__(self, partition: Partition, fresh: dict[bytes, bytes]) -> None:
        self.partition = partition
        self.fresh = fresh
        self.zones: Zones | None = None


def mapped(parts: Sequence[Part], query: ByAttribute) -> Generator[None]:
    """Find the zones of operations, unless an id or their run leads to them."""
    if query.kind == "operation" and not {"id", "agendaProgressId"} & query.where.keys():
        for part in parts:
            part.zones = yield from current(part.partition, exact=query.count)


def entries(part: Part, query: ByAttribute) -> Iterator[Entry]:
    """addedTime and key of what may fit, in order; those that cannot, marked so."""
    partition, letter = part.partition, KINDS[query.kind]
    if part.zones is not None:
        return part.zones.found(partition.store, Wanted(query), _start(query))
    if query.kind == "operation" and (run := query.where.get("agendaProgressId")) is not None:
        return _sorted(partition, operations_prefix(run), query)
    if query.kind == "agenda" and (run := query.where.get("progressId")) is not None:
        return _sorted(partition, b"a\0" + run.encode() + b"\0", query)
    lines = lines_of(partition.store, letter, [name for name in query.where if name in INDEXED[query.kind]], query)
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

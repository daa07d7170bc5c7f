"""Lists of objects, a page at a time, in the order of (addedTime, id), from several partitions (spec 2.4). Pure.

Index rows stand in that order, so a page reads its own rows and few more, whatever there is: each filter and each
account is a line of index rows; lines that must all fit are walked side by side, block by block (`blocks`), lines of
which one is enough are merged (`Either`), and so are the partitions. What costs more than its page: an attribute of
operations without an index is compared row by row among those that the indexed ones leave, or among all. Counts read
no rows where one line tells (projections.counting).

A walk hands over every few hundred rows (it yields None), so that whoever drives it can let others in between.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from heapq import merge

import msgspec

from eventstore.model import Agenda, OperationProgress
from projections.attributes import ALL, INDEXED, LETTERS, index_prefix
from projections.counting import counted, hidden_in, is_covered, lines_of, walks_of
from projections.lines import Either, Line, One, blocks, values
from projections.partition import Partition
from projections.rows import PREFIX_LENGTH, operations_prefix, read_row
from projections.texts import TEXTS, Row, fits
from projections.views import Answer, ByAttribute, Kind
from projections.waiting import progress_view, with_message

KINDS: Mapping[Kind, bytes] = {"agenda": b"a", "progress": b"p", "operation": b"o"}
#: Rows that are looked at between two hand-overs.
SLICE = 200

#: Rows that are passed over before it is said that they were looked at, and index rows, which cost less.
STRIDE, LEAP = 10, 50
#: Customers of a partition whose lines are merged to show all operations; where there are more, all rows are read.
MANY = 500

#: addedTime and key of a primary row, and whether it may fit.
Entry = tuple[int, bytes, bool]
#: addedTime, id, its partition, its key and its row; without a row it was looked at, and does not fit.
Seen = tuple[int, str, Partition, bytes, Row | None]


def listing(partitions: Sequence[Partition], query: ByAttribute) -> Generator[None, None, Answer]:
    """The page that a query asks for, or how many there are, as the partitions are when it begins."""
    position = {partition.number: partition.position for partition in partitions}
    if not query.where.keys() <= TEXTS[query.kind].keys():
        return Answer(position=position)
    if query.count and is_covered(query):
        count = yield from _counted(partitions, query)
        return Answer(count=count if query.limit is None else min(count, query.limit), position=position)
    found: list[Seen] = []
    count, looked, more = 0, 0, False
    for seen in merge(*(_seen(partition, query) for partition in partitions), key=lambda one: one[:2]):
        looked += 1
        if looked % SLICE == 0:
            yield
        if seen[4] is None or (query.after is not None and seen[:2] <= query.after):
            continue
        if query.limit is not None and count == query.limit:
            more = True
            break
        count += 1
        if not query.count:
            found.append(seen)
    if query.count:
        return Answer(count=count, position=position)
    return msgspec.structs.replace(_shown(query.kind, found), more=more, position=position)


def _counted(partitions: Sequence[Partition], query: ByAttribute) -> Generator[None, None, int]:
    count, walks, letter = 0, [], KINDS[query.kind]
    for partition in partitions:
        fresh = _unwritten(partition, query)
        count += sum(seen[4] is not None for seen in _fresh(query, partition, fresh))
        hidden = hidden_in(partition.store, letter, fresh, query)
        walks += [(lines, hidden) for lines in walks_of(partition.store, letter, query)]
    return count + (yield from counted(walks))


def _seen(partition: Partition, query: ByAttribute) -> Iterator[Seen]:
    """Rows of one partition in order, those that are not on disk yet among them."""
    fresh = _unwritten(partition, query)
    waiting = sorted(_fresh(query, partition, fresh), key=lambda seen: seen[:2])
    return merge(_stored(partition, query, fresh), waiting, key=lambda seen: seen[:2])


def _unwritten(partition: Partition, query: ByAttribute) -> dict[bytes, bytes]:
    """What is not on disk yet, which has no index rows, and hides those that it had."""
    letter = KINDS[query.kind] + b"\0"
    return {key: value for key, value in partition.overlay.items() if key.startswith(letter)}


def _fresh(query: ByAttribute, partition: Partition, fresh: dict[bytes, bytes]) -> Iterator[Seen]:
    needles = _needles(query)
    for key, value in fresh.items():
        if len(value) > PREFIX_LENGTH and all(needle in value for needle in needles):
            row = read_row(key, value)
            yield added(row), row.id or "", partition, key, row if _is_wanted(row, query) else None


def _needles(query: ByAttribute) -> list[bytes]:
    """What every stored row that fits has in it somewhere: decoding only to find out would cost ten times as much."""
    return [msgspec.json.encode(value)[1:-1] for value in query.where.values()]


def _stored(partition: Partition, query: ByAttribute, fresh: dict[bytes, bytes]) -> Iterator[Seen]:
    group: list[Seen] = []
    for time, key, matches in _entries(partition, query):
        if group and group[0][0] != time:
            yield from sorted(group, key=lambda seen: seen[1])
            group = []
        row = read_row(key, partition.get(key)) if matches and key not in fresh else None
        if row is not None and added(row) == time and _is_wanted(row, query):
            group.append((time, row.id or "", partition, key, row))
        else:
            yield time, "", partition, key, None
    yield from sorted(group, key=lambda seen: seen[1])


def _is_wanted(row: Row, query: ByAttribute) -> bool:
    return (query.accounts is None or row.customer_id in query.accounts) and fits(row, query.where)


def added(row: Row) -> int:
    """The time that lists are ordered by (epoch ms); what has none stands first."""
    return max(row.added_time or 0, 0)


def _entries(partition: Partition, query: ByAttribute) -> Iterator[Entry]:
    """addedTime and key of what may fit, in order; those that cannot, marked so."""
    letter = KINDS[query.kind]
    lines = lines_of(partition.store, letter, [name for name in query.where if name in INDEXED[query.kind]], query)
    if query.kind == "operation" and (run := query.where.get("agendaProgressId")) is not None:
        return _sorted(partition, operations_prefix(run), query)
    if query.kind == "agenda" and (run := query.where.get("progressId")) is not None:
        return _sorted(partition, b"a\0" + run.encode() + b"\0", query)
    if query.kind == "operation" and not lines:
        return _sorted(partition, b"o\0", query) if query.where else _operations(partition, query)
    return _walked(lines or [One(partition.store, index_prefix(letter, ALL, ""))], query)


def _walked(lines: Sequence[Line], query: ByAttribute) -> Iterator[Entry]:
    start = b"" if query.after is None else query.after[0].to_bytes(8, "big")
    for first, passed, block in blocks(lines, start):
        time = int.from_bytes(first[:8], "big")
        for _ in range(1 + (passed - len(block)) // LEAP):
            yield time, b"", False
        for entry in block:
            yield int.from_bytes(entry[:8], "big"), entry[8:], True


def _operations(partition: Partition, query: ByAttribute) -> Iterator[Entry]:
    """All operations: they have no line of their own, and are those of all customers."""
    lines: list[One] = []
    for line in values(partition.store, b"io" + LETTERS["customerId"]):
        if len(lines) == MANY:
            yield from _sorted(partition, b"o\0", query)
            return
        lines.append(One(partition.store, line))
        yield 0, line, False
    yield from _walked([Either(lines)], query)


def _sorted(partition: Partition, prefix: bytes, query: ByAttribute) -> Iterator[Entry]:
    rows, needles = [], _needles(query)
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


def _shown(kind: Kind, found: Sequence[Seen]) -> Answer:
    match kind:
        case "agenda":
            return Answer(agendas=[row for *_, row in found if isinstance(row, Agenda)])
        case "progress":
            views = (progress_view(partition.run(row.id or "")) for _, _, partition, _, row in found if row is not None)
            return Answer(progresses=[view for view in views if view is not None])
        case "operation":
            rows = ((partition, key, row) for _, _, partition, key, row in found)
            return Answer(
                operations=[
                    with_message(row, partition.run(key.split(b"\0")[1].decode()).head)
                    for partition, key, row in rows
                    if isinstance(row, OperationProgress)
                ]
            )

"""Lists of objects, a page at a time, in the order of (addedTime, id), from several partitions (spec 2.4). Pure.

Index rows stand in that order, so a page reads its own rows and few more, whatever there is: each filter and each
account is a line of index rows; lines that must all fit are walked side by side, block by block (`blocks`), lines of
which one is enough are merged (`Either`), and so are the partitions. Operations have no lines: they are found in zones
(projections.indexes.zones). Counts read no rows where lines or zones tell (`counting`).

A walk hands over every few hundred rows (it yields None), so that whoever drives it can let others in between.
"""

from collections.abc import Generator, Iterator, Sequence
from heapq import merge

import msgspec

from eventstore.model import Agenda, OperationProgress
from projections.indexes.zone import Wanted
from projections.partition import Partition
from projections.queries.counting import counted, hidden_in, is_covered, walks_of
from projections.queries.entries import KINDS, Part, added, entries, mapped, needles_of
from projections.queries.texts import TEXTS, Row, fits
from projections.queries.waiting import progress_view, with_message
from projections.rows import PREFIX_LENGTH, read_row
from projections.views import Answer, ByAttribute, Kind

#: Rows that are looked at between two hand-overs.
SLICE = 200

#: addedTime, id, its partition, its key and its row; without a row it was looked at, and does not fit.
Seen = tuple[int, str, Partition, bytes, Row | None]


def listing(partitions: Sequence[Partition], query: ByAttribute) -> Generator[None, None, Answer]:
    """The page that a query asks for, or how many there are, as the partitions are when it begins."""
    position = {partition.number: partition.position for partition in partitions}
    if not query.where.keys() <= TEXTS[query.kind].keys():
        return Answer(position=position)
    parts = [Part(partition, _unwritten(partition, query)) for partition in partitions]
    if query.count and is_covered(query):
        count = yield from _counted(parts, query)
    else:
        yield from mapped(parts, query)
        if not query.count:
            found, more = yield from _page(parts, query)
            return msgspec.structs.replace(_shown(query.kind, found), more=more, position=position)
        count = yield from _looked_through(parts, query)
    return Answer(count=count if query.limit is None else min(count, query.limit), position=position)


def _page(parts: Sequence[Part], query: ByAttribute) -> Generator[None, None, tuple[list[Seen], bool]]:
    found: list[Seen] = []
    for looked, seen in enumerate(merge(*(_seen(part, query) for part in parts), key=lambda one: one[:2]), 1):
        if looked % SLICE == 0:
            yield
        if seen[4] is None or (query.after is not None and seen[:2] <= query.after):
            continue
        if query.limit is not None and len(found) == query.limit:
            return found, True
        found.append(seen)
    return found, False


def _looked_through(parts: Sequence[Part], query: ByAttribute) -> Generator[None, None, int]:
    count = 0
    for part in parts:
        if part.zones is not None:
            fresh = _fresh(query, part.partition, part.fresh)
            count += sum(seen[4] is not None for seen in fresh)
            count += yield from part.zones.counted(part.partition, Wanted(query), part.fresh)
            continue
        for looked, seen in enumerate(_seen(part, query), 1):
            count += seen[4] is not None
            if looked % SLICE == 0:
                yield
    return count


def _counted(parts: Sequence[Part], query: ByAttribute) -> Generator[None, None, int]:
    count, walks, letter = 0, [], KINDS[query.kind]
    for part in parts:
        count += sum(seen[4] is not None for seen in _fresh(query, part.partition, part.fresh))
        hidden = hidden_in(part.partition.store, part.fresh)
        walks += [(lines, hidden) for lines in walks_of(part.partition.store, letter, query)]
    return count + (yield from counted(walks))


def _seen(part: Part, query: ByAttribute) -> Iterator[Seen]:
    """Rows of one partition in order, those that are not on disk yet among them."""
    waiting = sorted(_fresh(query, part.partition, part.fresh), key=lambda seen: seen[:2])
    return merge(_stored(part, query), waiting, key=lambda seen: seen[:2])


def _unwritten(partition: Partition, query: ByAttribute) -> dict[bytes, bytes]:
    """What is not on disk yet, which has no index rows, and hides those that it had."""
    letter = KINDS[query.kind] + b"\0"
    return {key: value for key, value in partition.overlay.items() if key.startswith(letter)}


def _fresh(query: ByAttribute, partition: Partition, fresh: dict[bytes, bytes]) -> Iterator[Seen]:
    needles = needles_of(query)
    for key, value in fresh.items():
        if len(value) > PREFIX_LENGTH and all(needle in value for needle in needles):
            row = read_row(key, value)
            yield added(row), row.id or "", partition, key, row if _is_wanted(row, query) else None


def _stored(part: Part, query: ByAttribute) -> Iterator[Seen]:
    partition, fresh = part.partition, part.fresh
    group: list[Seen] = []
    for time, key, matches in entries(part, query):
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

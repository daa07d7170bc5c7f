"""What workers have stored, and what they proved to own, against the topic (issue step 6)."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import cast

import rocksdict

from eventstore.kafka.log import KafkaLog
from eventstore.log import Record
from eventstore.topics import Topic, Topics
from projections.indexes.keys import index_keys
from projections.indexes.traits import traits_of
from projections.rows import PREFIX_LENGTH, is_primary
from tests.independent_fold import fold

#: (when, partition, what names the ownership)
Proof = tuple[float, int, str]


async def whole_log(bootstrap: str, prefix: str, partitions: int = 12) -> dict[int, list[Record]]:
    """The whole topic `agendas`."""
    return await whole_topic(bootstrap, Topics(prefix, partitions).agendas)


async def whole_topic(bootstrap: str, topic: Topic) -> dict[int, list[Record]]:
    """Everything that a topic holds."""
    log = KafkaLog(bootstrap, {topic.name: topic.partitions})
    await log.start()
    try:
        ends = await log.ends(topic.name)
        found: dict[int, list[Record]] = {number: [] for number in ends}
        for number, end in ends.items():
            async for records in log.read(topic.name, number, 0, end):
                found[number].extend(records)
        return found
    finally:
        await log.stop()


async def compacted(bootstrap: str, prefix: str, partitions: int = 12) -> int:
    """How many records of the changelog a compaction has taken."""
    topic = Topics(prefix, partitions).changelog
    left = sum(map(len, (await whole_topic(bootstrap, topic)).values()))
    log = KafkaLog(bootstrap, {topic.name: topic.partitions})
    await log.start()
    try:
        return sum((await log.ends(topic.name)).values()) - left
    finally:
        await log.stop()


def disk(data: Path) -> dict[int, dict[bytes, bytes]]:
    """Whatever a stopped worker has stored, by partition."""
    found = {}
    for folder in data.glob("v*/tables/views-*.db"):
        db = rocksdict.Rdict(str(folder), rocksdict.Options(raw_mode=True))
        items = cast("Iterator[tuple[bytes, bytes]]", db.items())  # raw mode: bytes alone
        found[int(folder.stem.rpartition("-")[2])] = dict(items)
        db.close()
    return found


def rows_on_disk(data: Path) -> dict[int, dict[bytes, bytes]]:
    """Every row of a stopped worker, by partition, graves left out."""
    return {number: primary(stored) for number, stored in disk(data).items()}


def primary(stored: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """The rows in a store, graves left out."""
    return {key: value for key, value in stored.items() if is_primary(key) and len(value) > PREFIX_LENGTH}


def flaws(stored: dict[int, dict[bytes, bytes]], log: dict[int, list[Record]]) -> list[str]:
    """How a worker's stores differ from what the log makes: rows from the referee's, index rows from what rows say."""
    found = differences({number: primary(each) for number, each in stored.items()}, log)
    for number, each in stored.items():
        wanted = {entry for key, value in primary(each).items() for entry in index_keys(key, traits_of(key, value))}
        there = {key for key in each if key[:1] == b"i"}
        found += [f"partition {number} lacks index row {key!r}" for key in wanted - there]
        found += [f"partition {number} has index row {key!r}, which no row asks for" for key in there - wanted]
    return found


def differences(stored: dict[int, dict[bytes, bytes]], log: dict[int, list[Record]]) -> list[str]:
    """Rows that differ from the referee's, byte for byte, in every partition: one that is not stored lacks them all."""
    found = []
    for number, records in log.items():
        rows, wanted = stored.get(number, {}), fold(records, len(log))
        wrong = [key for key in rows.keys() | wanted.keys() if rows.get(key) != wanted.get(key)]
        found += [f"partition {number} {key!r}: {rows.get(key)!r}, expected {wanted.get(key)!r}" for key in wrong]
    return found


def double_owners(proofs: list[Proof]) -> list[str]:
    """Partitions of which an ownership was proved between two proofs of another one."""
    spans: dict[int, dict[str, tuple[float, float]]] = {}
    for at, number, name in sorted(proofs):
        first, _ = spans.setdefault(number, {}).get(name, (at, at))
        spans[number][name] = (first, at)
    found = []
    for number, spanned in spans.items():
        # Of spans in the order of their beginnings, one that overlaps any later one overlaps the next.
        ordered = sorted((begin, end, name) for name, (begin, end) in spanned.items())
        for (_, ended, before), (begun, _, after) in pairwise(ordered):
            if begun < ended:
                found.append(f"partition {number} was owned by {before} until {ended:.1f}, by {after} from {begun:.1f}")
    return found

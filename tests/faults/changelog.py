"""The changelog as it lies on the broker: what a cleaner removed, what stands behind newer rows, what is put in raw."""

from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaProducer

from eventstore.log import Record
from projections.table.changelog import source_offset
from tests.faults.judge import whole_topic
from tests.faults.world import World

#: Key, value and headers of a record, as they are: of nobody's making.
Raw = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
Rows = dict[int, list[Record]]


async def changelog(where: World) -> Rows:
    """All records of the changelog."""
    return await whole_topic(where.bootstrap, where.topics.changelog)


async def put(where: World, topic: str, records: Iterable[tuple[int, Raw]]) -> None:
    """Append records, each to a partition, whatever they are."""
    producer = AIOKafkaProducer(bootstrap_servers=where.bootstrap, acks="all", max_request_size=8 << 20)
    await producer.start()
    try:
        for number, (key, value, headers) in records:
            batch = producer.create_batch()  # `send` would refuse a record with neither key nor value
            batch.append(key=key, value=value, timestamp=None, headers=[*headers])
            await (await producer.send_batch(batch, topic, partition=number))
    finally:
        await producer.stop()


def newest(records: Iterable[Record]) -> dict[bytes, int]:
    """The greatest source offset of each key's rows."""
    found: dict[bytes, int] = {}
    for record in records:
        if record.key is not None:
            found[record.key] = max(found.get(record.key, -1), source_offset(record))
    return found


def late(rows: Rows) -> list[tuple[int, bytes]]:
    """(partition, key) of rows that stand behind newer ones of their keys, everywhere."""
    found = []
    for number, records in rows.items():
        seen: dict[bytes, int] = {}
        for record in records:
            if record.key is None or (at := source_offset(record)) < 0:
                continue
            if at < seen.get(record.key, -1):
                found.append((number, record.key))
            seen[record.key] = max(at, seen.get(record.key, -1))
    return found


def buried(rows: Rows) -> list[tuple[int, bytes]]:
    """(partition, key) of keys whose last row is not their newest."""
    found = []
    for number, records in rows.items():
        last = {record.key: source_offset(record) for record in records if record.key is not None}
        found += [(number, key) for key, at in newest(records).items() if last[key] < at]
    return found


def removed(before: Rows, now: Rows) -> Mapping[int, set[int]]:
    """Offsets that were there, and are no more."""
    left = {number: {record.offset for record in records} for number, records in now.items()}
    return {number: {each.offset for each in records} - left[number] for number, records in before.items()}

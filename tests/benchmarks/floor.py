"""What nobody who uses these libraries can leave out of folding and of restoring, and nothing else: the floor.

Folding: aiokafka's getmany of the same events, msgspec into the same structs, as many rows of the same sizes into a
changelog and into RocksDB. The bytes of the rows are made beforehand, and no key is looked up: no checks, no link, no
verdict, no fold, no digest, no index rows, no order between changelog and disk. Restoring: getmany of the changelog,
and its rows into RocksDB. What ours costs above this is ours.
"""

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from rocksdict import Rdict, WriteBatch

from eventstore.events import EVENTS
from eventstore.kafka.admin import make_topics
from eventstore.kafka.tail import FETCH_BYTES, MAX_RECORDS
from eventstore.log import Landed
from eventstore.reading import OPENED_KEY, RUN_EVENTS, Classifier
from eventstore.topics import MESSAGE_BYTES, Topics
from handlers.process.collector import calm_collector
from projections.group.disk import disk_options
from projections.partition import Partition
from projections.queues.ready import ReadyLine
from projections.store import MemoryStore
from tests.benchmarks.clocks import now, passed
from tests.benchmarks.events import report, submission

#: A row of one event: what stands before the stream's id in its key, what behind it, and the stored value.
Shape = tuple[bytes, bytes, bytes]
#: Events whose rows go together: about as many bytes as a batch of the writer's.
TOGETHER = 450
#: Where `write_headers` puts the event's type.
TYPE = 2

_decoders = {name.encode(): msgspec.json.Decoder(cls).decode for name, cls in EVENTS.items()}


def shapes() -> dict[bytes, list[Shape]]:
    """Event type -> the rows that one event of it changes, by the real fold of one run."""
    stream, links = f"{uuid.UUID(int=1 << 100)}", dict[str, str]()
    partition = Partition(0, MemoryStore(), Classifier(1, (), RUN_EVENTS), ReadyLine("floor"), 0)
    found: dict[bytes, list[Shape]] = {}
    for offset, make in enumerate((submission, report)):
        record = make(stream, links)
        partition.fold([Landed("", 0, offset, 0, record.key, record.value, record.headers)])
        head = partition.run(stream).head
        assert head is not None
        links[stream] = head.link
        split = [(key.partition(record.key), value) for key, value in partition.overlay.take_off().items()]
        found[record.headers[TYPE][1]] = [(before, behind, value) for (before, _, behind), value in split]
    return found


@asynccontextmanager
async def reading(bootstrap: str, topic: str, count: int) -> AsyncIterator[AIOKafkaConsumer]:
    """All partitions of a topic, from their beginnings."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=2 * FETCH_BYTES,
    )
    async with consumer:
        places = [TopicPartition(topic, number) for number in range(count)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        yield consumer


def open_stores(data: str, count: int) -> list[Rdict]:
    """One RocksDB per partition, with the table's options."""
    Path(data).mkdir(parents=True, exist_ok=True)
    return [disk_options().open(Path(data) / f"{number}.db") for number in range(count)]


async def fold(bootstrap: str, prefix: str, data: str, events: str) -> None:
    """The events of `agendas`, and as many rows as they change."""
    agendas, changelog = Topics(prefix).agendas, Topics(f"{prefix}floor").changelog
    await make_topics(bootstrap, [changelog], 1)
    rows, stores = shapes(), open_stores(data, agendas.partitions)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=MESSAGE_BYTES,
        max_request_size=MESSAGE_BYTES,
    )
    acknowledged: list[asyncio.Future[object]] = []
    written = 0

    async def write(number: int, records: Sequence[ConsumerRecord]) -> None:
        nonlocal written
        batch, puts = producer.create_batch(), WriteBatch(raw_mode=True)
        append, put = batch.append, puts.put
        for record in records:
            kind, stream = record.headers[TYPE][1], record.key
            _decoders[kind](record.value)
            for before, behind, value in rows[kind]:
                key = before + stream + behind
                append(key=key, value=value, timestamp=None)
                put(key, value)
        stores[number].write(puts)
        written += batch.record_count()
        acknowledged.append(await producer.send_batch(batch, changelog.name, partition=number))

    async with AsyncExitStack() as stack:
        consumer = await stack.enter_async_context(reading(bootstrap, agendas.name, agendas.partitions))
        await stack.enter_async_context(producer)
        calm_collector()  # as `agendum serve` does
        began, left = now(), int(events)
        while left:
            found = await consumer.getmany(timeout_ms=1000, max_records=MAX_RECORDS)
            for place, records in found.items():
                of_runs = records if records[0].key != OPENED_KEY else records[1:]
                for start in range(0, len(of_runs), TOGETHER):
                    await write(place.partition, of_runs[start : start + TOGETHER])
                left -= len(of_runs)
        await asyncio.gather(*acknowledged)
        print(json.dumps({"written": written, **passed("fold", began)}), flush=True)


async def restore(bootstrap: str, prefix: str, data: str) -> None:
    """The rows of the changelog that ours wrote."""
    changelog = Topics(prefix).changelog
    stores = open_stores(data, changelog.partitions)
    async with reading(bootstrap, changelog.name, changelog.partitions) as consumer:
        rows = left = sum((await consumer.end_offsets(consumer.assignment())).values())
        calm_collector()
        began = now()
        while left > 0:
            for place, records in (await consumer.getmany(timeout_ms=1000, max_records=MAX_RECORDS)).items():
                puts = WriteBatch(raw_mode=True)
                put = puts.put
                for record in records:
                    put(record.key, record.value or b"")
                stores[place.partition].write(puts)
                left -= len(records)
        print(json.dumps({"rows": rows, **passed("restore", began)}), flush=True)


if __name__ == "__main__":
    uvloop.run((fold if sys.argv[1] == "fold" else restore)(*sys.argv[2:]))

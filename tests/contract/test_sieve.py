"""A record that the client cannot read stops no reader (eventstore.kafka.sieve)."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from eventstore.kafka.admin import make_topics
from eventstore.kafka.log import KafkaLog
from eventstore.kafka.sieve import Sieve
from eventstore.kafka.tail import Tail
from eventstore.log import Illegible, Record
from eventstore.topics import Topics
from handlers.client.client import connect
from handlers.clock import draw
from tests.conftest import Broker
from tests.faults.processes import HANG_SECONDS, WorkerProcess
from tests.integration.installation import sample, submit, tenant, until

pytestmark = pytest.mark.kafka

#: Writes records to one partition; `!` is one with a header whose name is not UTF-8, which only the client without its
#: extensions can be made to build.
EVIL = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

class Evil(str):
    def encode(self, *_):
        return b"\\xff\\xfe"

async def main(bootstrap, topic, partition, texts):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for text in texts:
        headers = [(Evil("x"), b"v")] if text == "!" else []
        await producer.send_and_wait(topic, text.encode(), key=b"k", partition=int(partition), headers=headers)
    await producer.stop()

asyncio.run(main(*sys.argv[1:4], sys.argv[4:]))
"""


def write(bootstrap: str, topic: str, partition: int, *texts: str) -> None:
    subprocess.run(
        [sys.executable, "-c", EVIL, bootstrap, topic, str(partition), *texts],
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"},
        check=True,
    )


async def read(tail: Tail, wanted: int) -> list[Record]:
    found: list[Record] = []
    records: Sequence[Record]
    async with asyncio.timeout(120):
        while len(found) < wanted:
            for records in (await tail.batches(0.2)).values():
                found += records
    return found


async def test_what_cannot_be_read_is_told_of_and_reading_goes_on(kafka: Broker, prefix: str) -> None:
    topics = Topics(prefix, 3)
    await make_topics(kafka.bootstrap, topics.all(), replication=1)
    write(kafka.bootstrap, topics.inbox.name, 0, "a", "!", "b", "!", "!", "c")
    write(kafka.bootstrap, topics.inbox.name, 1, "d")
    plain, sieve = Tail(kafka.bootstrap, topics.inbox.name), Sieve(kafka.bootstrap, topics.inbox.name)
    await plain.start()
    await sieve.start()
    try:
        plain.follow({0: 0})
        with pytest.raises(UnicodeDecodeError):  # if it ever can, the sieve can go
            await read(plain, 6)
        sieve.follow({0: 0, 1: 0, 2: 0})
        found = await read(sieve, 7)
    finally:
        await plain.stop()
        await sieve.stop()
    told = {(each.partition, each.offset): "!" if isinstance(each, Illegible) else each.value for each in found}
    assert told == {(0, 0): b"a", (0, 1): "!", (0, 2): b"b", (0, 3): "!", (0, 4): "!", (0, 5): b"c", (1, 0): b"d"}
    assert [each.offset for each in found if each.partition == 0] == [*range(6)]


async def test_a_read_of_a_range_is_whole_with_such_a_record_in_it(kafka: Broker, prefix: str) -> None:
    topics = Topics(prefix, 2)
    await make_topics(kafka.bootstrap, topics.all(), replication=1)
    name = topics.agendas.name
    write(kafka.bootstrap, name, 1, "a", "!", "b")
    log = KafkaLog(kafka.bootstrap, {name: 2})
    await log.start()
    try:
        found = [record async for batch in log.read(name, 1, 0, 3) for record in batch]
    finally:
        await log.stop()

    assert [record.offset for record in found] == [0, 1, 2]
    assert [isinstance(record, Illegible) for record in found] == [False, True, False]


async def test_a_worker_folds_past_such_records_in_each_of_its_topics(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    worker = WorkerProcess("W", kafka.bootstrap, prefix, tmp_path, partitions=2)
    topics = Topics(prefix, 2)
    worker.start()
    async with connect(worker.url, draw=draw, patience=HANG_SECONDS) as client:
        await tenant(client, "acme")
        for topic in (topics.agendas, topics.catalogue, topics.changelog):
            for partition in range(topic.partitions):
                write(kafka.bootstrap, topic.name, partition, "!", "x")
        await tenant(client, "beta")

        runs = [await submit(client, "beta", sample("a")) for _ in range(6)]

        worker.kill()
        worker.wipe()
        worker.start()  # from an empty disk, through the changelog and the log
        for run in runs:
            await until(client, run.progress_id or "", lambda progress: progress.customer_id == "beta", 180)
    worker.stop()
    worker.join()

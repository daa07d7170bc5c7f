"""What every EventLog does: one suite for the log on Kafka and its twin in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest

from eventstore.codec import encode
from eventstore.envelope import Envelope
from eventstore.errors import RangeGone
from eventstore.events import RunReaped
from eventstore.kafka.admin import make_topics, open_log
from eventstore.kafka.log import KafkaLog
from eventstore.kafka.tail import Tail
from eventstore.log import EventLog, Landed, NewRecord, Record
from eventstore.memory import InMemoryLog, MemorySource
from eventstore.reading import OPENED_KEY
from eventstore.topics import Topics
from tests.builders import same

SECONDS = 120.0
P = 3
IDS = [UUID(int=number) for number in range(P)]


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def twin(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bootstrap(twin: str, request: pytest.FixtureRequest) -> str:
    # Asked for by name, so that the twin in memory starts no broker.
    return str(request.getfixturevalue("kafka").bootstrap) if twin == "kafka" else ""


@pytest.fixture
def topics(prefix: str) -> Topics:
    return Topics(prefix, P)


@pytest.fixture
def topic(topics: Topics) -> str:
    return topics.agendas.name


@pytest.fixture
async def log(bootstrap: str, topics: Topics) -> AsyncIterator[EventLog]:
    sizes = {topic.name: topic.partitions for topic in topics.all()}
    if not bootstrap:
        yield InMemoryLog(sizes)
        return
    await make_topics(bootstrap, topics.all(), replication=1)
    found = KafkaLog(bootstrap, sizes)
    await found.start()
    yield found
    await found.stop()


def numbered(number: int, value: bytes | None = b"{}") -> NewRecord:
    return NewRecord(b"k%d" % number, value, [("ce_id", b"%d" % number), ("empty", b"")])


async def keys(log: EventLog, topic: str, partition: int, start: int, stop: int) -> list[bytes | None]:
    return [record.key async for batch in log.read(topic, partition, start, stop) for record in batch]


async def test_reads_back_exactly_the_bytes_that_were_appended(log: EventLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        await log.append(topic, 1, numbered(7, b"\0\xff"))
        await log.append(topic, 1, numbered(8, None))

        found = [record async for batch in log.read(topic, 1, 0, 2) for record in batch]

    assert [(record.topic, record.partition, record.offset) for record in found] == [(topic, 1, 0), (topic, 1, 1)]
    assert [(record.key, record.value) for record in found] == [(b"k7", b"\0\xff"), (b"k8", None)]
    assert list(found[0].headers) == [("ce_id", b"7"), ("empty", b"")]


async def test_tells_of_its_own_appends_what_a_reader_finds(log: EventLog, topic: str) -> None:
    told: list[Record] = []

    def heard(partition: int, records: Sequence[Record]) -> None:
        assert {record.partition for record in records} <= {partition}
        told.extend(records)

    async def append(number: int) -> None:
        await log.append(topic, number % 2, numbered(number, None if number % 7 == 0 else b"v"))

    log.listen(topic, heard)
    async with asyncio.timeout(SECONDS):
        while not told:  # a busy broker may answer too late to be sure: that is not told
            await asyncio.gather(*map(append, range(50)))
        ends = await log.ends(topic)
        stored = [
            each for number in (0, 1) async for batch in log.read(topic, number, 0, ends[number]) for each in batch
        ]

    found = {(record.partition, record.offset): record for record in stored}
    assert all(same(record, found[record.partition, record.offset]) for record in told)
    for number in (0, 1):
        offsets = [record.offset for record in told if record.partition == number]
        assert offsets == sorted(set(offsets))


async def test_tells_before_the_append_is_done(log: EventLog, topic: str) -> None:
    told: list[bytes | None] = []
    log.listen(topic, lambda _, records: told.extend(record.key for record in records))
    async with asyncio.timeout(SECONDS):
        while not told:
            appended = asyncio.ensure_future(log.append(topic, 1, numbered(1)))
            appended.add_done_callback(lambda _: told.append(b"done"))
            await appended
            if told == [b"done"]:
                told.clear()  # not told at all: see above

    assert told == [b"k1", b"done"]


async def test_tells_with_it_what_was_said_and_no_reader_learns_that(log: EventLog, topic: str) -> None:
    told: list[Landed] = []
    log.listen(topic, lambda _, records: told.extend(each for each in records if isinstance(each, Landed)))
    said = (Envelope(id="e1", type="agendum.RunReaped.v1", source="w1", time=0, version=1), RunReaped())
    record = NewRecord(b"k1", *encode(*said), said)
    async with asyncio.timeout(SECONDS):
        while not told:  # see above
            await log.append(topic, 1, record)
        end = (await log.ends(topic))[1]
        stored = [each async for batch in log.read(topic, 1, 0, end) for each in batch]

    assert [each.said for each in told] == [said]
    assert {getattr(each, "said", None) for each in stored} == {None}


async def test_appends_to_a_partition_keep_their_order(log: EventLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(log.append(topic, 0, numbered(number)) for number in range(200)))

        assert await keys(log, topic, 0, 0, 200) == [b"k%d" % number for number in range(200)]


async def test_tells_where_each_partition_begins_and_ends(log: EventLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(log.append(topic, 0, numbered(1)), log.append(topic, 2, numbered(2)))
        await log.append(topic, 2, numbered(3))

        assert await log.ends(topic) == {0: 1, 1: 0, 2: 2}
        assert await log.starts(topic) == {0: 0, 1: 0, 2: 0}


async def test_reads_exactly_the_range_that_was_asked_for(log: EventLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(log.append(topic, 0, numbered(number)) for number in range(10)))

        assert await keys(log, topic, 0, 3, 6) == [b"k3", b"k4", b"k5"]
        assert await keys(log, topic, 0, 10, 10) == []


async def test_a_range_that_is_not_whole_is_refused(log: EventLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        await log.append(topic, 0, numbered(0))

        with pytest.raises(RangeGone, match=f"{topic}/0"):
            await keys(log, topic, 0, 0, 2)


async def test_follows_what_is_appended_later(log: EventLog, topic: str) -> None:
    await log.append(topic, 0, numbered(0))
    await log.append(topic, 0, numbered(1))
    found: list[bytes | None] = []
    appended = False

    async with asyncio.timeout(SECONDS):
        feed = log.follow(topic, 0, 1)
        async for batch in feed:
            found += [record.key for record in batch]
            if found and not appended:  # once, although the next batch may still be an empty one
                await log.append(topic, 0, numbered(2))
                appended = True
            if len(found) == 2:
                break
        await feed.aclose()  # type: ignore[attr-defined]  # both twins are generators

    assert found == [b"k1", b"k2"]


async def test_an_idle_log_gives_its_follower_an_empty_batch(log: EventLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        feed = log.follow(topic, 0, 0)
        assert list(await anext(feed)) == []
        await feed.aclose()  # type: ignore[attr-defined]


async def test_finds_the_offset_of_a_moment(log: EventLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        await log.append(topic, 0, numbered(0))
        [batch] = [batch async for batch in log.read(topic, 0, 0, 1)]
        moment = batch[0].timestamp

        assert await log.offsets_at(topic, moment) == {0: 0, 1: 0, 2: 0}
        assert await log.offsets_at(topic, moment + 3_600_000) == {0: 1, 1: 0, 2: 0}


async def test_opening_twice_finds_the_same_log(log: EventLog, topics: Topics) -> None:
    async with asyncio.timeout(SECONDS):
        first = await open_log(log, topics.agendas, iter(IDS))
        second = await open_log(log, topics.agendas, iter([UUID(int=99)] * P))

        assert first == second == dict(enumerate(map(str, IDS)))
        assert await keys(log, topics.agendas.name, 2, 0, 1) == [OPENED_KEY]


async def test_workers_that_race_to_open_a_log_agree(log: EventLog, topics: Topics) -> None:
    async with asyncio.timeout(SECONDS):
        found = await asyncio.gather(*(open_log(log, topics.agendas, iter([UUID(int=n)] * P)) for n in range(4)))

    assert all(each == found[0] for each in found)


async def test_a_source_follows_seeks_and_pauses(log: EventLog, topic: str, bootstrap: str) -> None:
    await asyncio.gather(*(log.append(topic, number % 2, numbered(number)) for number in range(6)))
    source: Any = Tail(bootstrap, topic) if isinstance(log, KafkaLog) else MemorySource(log, topic)  # type: ignore[arg-type]
    if bootstrap:
        await source.start()
    try:
        async with asyncio.timeout(SECONDS):
            source.follow({0: 1, 1: 2})
            assert await _all(source, 3) == {0: [1, 2], 1: [2]}

            source.pause(1)
            source.seek(0, 2)
            await log.append(topic, 1, numbered(6))
            assert await _all(source, 1) == {0: [2]}

            source.resume(1)
            assert await _all(source, 1) == {1: [3]}
            assert await source.position(1) == 4
    finally:
        if bootstrap:
            await source.stop()


async def test_a_source_says_when_its_offset_is_not_in_the_log(log: EventLog, topic: str, bootstrap: str) -> None:
    source: Any = Tail(bootstrap, topic) if isinstance(log, KafkaLog) else MemorySource(log, topic)  # type: ignore[arg-type]
    if bootstrap:
        await source.start()
    try:
        async with asyncio.timeout(SECONDS):
            source.follow({0: 9})
            with pytest.raises(RangeGone):
                await _all(source, 1)
    finally:
        if bootstrap:
            await source.stop()


async def _all(source: Any, count: int) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    while sum(map(len, found.values())) < count:
        for number, records in (await source.batches(0.2)).items():
            found.setdefault(number, []).extend(record.offset for record in records)
    return found


async def test_memory_holds_appends_until_they_are_let_go(topic: str) -> None:
    log = InMemoryLog({topic: P})
    log.hold()
    kept, cancelled = (asyncio.create_task(log.append(topic, 0, numbered(number))) for number in (1, 2))
    await asyncio.sleep(0)
    assert log.records(topic, 0) == []

    cancelled.cancel()
    log.release()
    async with asyncio.timeout(SECONDS):
        await kept

    assert [record.key for record in log.records(topic, 0)] == [b"k1"]


async def test_memory_copies_what_kafka_may_copy(topic: str) -> None:
    log = InMemoryLog({topic: P})
    log.copies, log.lost_acks = 2, 1

    await log.append(topic, 0, numbered(1))
    await log.append(topic, 0, numbered(2))

    assert [record.key for record in log.records(topic, 0)] == [b"k1", b"k1", b"k1", b"k2", b"k2"]

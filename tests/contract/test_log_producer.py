"""The producer while a real broker dies and comes back: nothing acknowledged is lost, copies are identical."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka.errors import RequestTimedOutError
from aiokafka.protocol.produce import ProduceRequest

from compose.kafka.cluster import LocalKafka
from eventstore.errors import BadRequest, OutcomeUnknown, Unavailable
from eventstore.kafka.admin import make_topics
from eventstore.kafka.log import KafkaLog
from eventstore.log import NewRecord, Record
from eventstore.topics import MESSAGE_BYTES, Topics
from tests.builders import same

pytestmark = pytest.mark.kafka
SECONDS = 240.0


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker of these tests' own, because they kill it."""
    folder: Path = tmp_path_factory.mktemp("mortal")
    cluster = LocalKafka(folder)
    try:
        yield cluster.start()
    finally:
        cluster.stop()


@pytest.fixture
async def topic(mortal: LocalKafka, prefix: str) -> str:
    topics = Topics(prefix, 2)
    await make_topics(mortal.bootstrap, [topics.agendas], replication=1)
    return topics.agendas.name


@pytest.fixture
async def log(mortal: LocalKafka, topic: str) -> AsyncIterator[KafkaLog]:
    found = KafkaLog(mortal.bootstrap, {topic: 2})
    await found.start()
    yield found
    await found.stop()


def numbered(number: int, size: int = 2) -> NewRecord:
    return NewRecord(b"k%d" % number, b"v" * size, [("ce_id", b"%d" % number)])


async def counts(log: KafkaLog, topic: str) -> Counter[tuple[bytes | None, bytes | None]]:
    found: Counter[tuple[bytes | None, bytes | None]] = Counter()
    for partition, stop in (await log.ends(topic)).items():
        async for batch in log.read(topic, partition, 0, stop):
            found.update((record.key, record.value) for record in batch)
    return found


async def everything(log: KafkaLog, topic: str) -> AsyncIterator[Record]:
    for partition, stop in (await log.ends(topic)).items():
        async for batch in log.read(topic, partition, 0, stop):
            for record in batch:
                yield record


async def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(
    mortal: LocalKafka, log: KafkaLog, topic: str
) -> None:
    acknowledged: list[int] = []
    told: list[Record] = []
    killed = asyncio.Event()
    log.listen(topic, lambda _, records: told.extend(records))

    async def write(first: int) -> None:
        number = first
        # A busy broker may answer too late to be sure: that is not told.
        while not killed.is_set() or len(acknowledged) < 400 or len(told) <= 100:
            await log.append(topic, number % 2, numbered(number))
            acknowledged.append(number)
            number += 8

    async with asyncio.timeout(SECONDS):
        async with asyncio.TaskGroup() as writers:
            for first in range(8):
                writers.create_task(write(first))
            await _until(lambda: len(acknowledged) >= 200)
            mortal.kill()
            at_the_kill = len(acknowledged)
            mortal.start_node()
            await _until(lambda: len(acknowledged) >= at_the_kill + 100)
            killed.set()
        found = await counts(log, topic)

        stored = {(record.partition, record.offset): record async for record in everything(log, topic)}

    assert {(b"k%d" % number, b"vv") for number in acknowledged} == set(found)
    assert len(told) > 100
    assert all(same(record, stored[record.partition, record.offset]) for record in told)


async def test_what_aiokafka_had_to_send_twice_is_not_told_of(
    log: KafkaLog, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the second send may speak of an earlier copy: aiokafka pauses before it, which gives it away."""
    told: list[Record] = []
    await log.append(topic, 0, numbered(9))  # from now on the leader is known, and the first send is its first
    log.listen(topic, lambda _, records: told.extend(records))
    producer = log.producer.client.producer
    assert producer is not None
    send, sent = producer.client.send, 0

    async def answer_lost(node: int, request: object, **more: object) -> object:
        nonlocal sent
        answer = await send(node, request, **more)
        sent += isinstance(request, ProduceRequest)
        if isinstance(request, ProduceRequest) and sent == 1:
            raise RequestTimedOutError
        return answer

    async with asyncio.timeout(SECONDS):
        monkeypatch.setattr(producer.client, "send", answer_lost)
        await log.append(topic, 0, numbered(0))
        assert (sent, told) == (2, [])

        while not told:  # a busy broker may answer too late to be sure
            await log.append(topic, 0, numbered(1))
        found = await counts(log, topic)

    assert found[b"k0", b"vv"] == 1
    assert {record.key for record in told} == {b"k1"}


async def test_a_broken_producer_is_replaced_and_the_same_bytes_go_again(log: KafkaLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        await log.append(topic, 0, numbered(0))
        broken = log.producer.client.producer
        assert broken is not None
        await broken.stop()

        await log.append(topic, 0, numbered(1))
        found = await counts(log, topic)

    assert log.producer.client.renewals == 1
    assert log.producer.failing_since is None
    assert set(found) == {(b"k0", b"vv"), (b"k1", b"vv")}


async def test_a_record_larger_than_a_batch_goes_alone(log: KafkaLog, topic: str) -> None:
    sizes = [10, 2 << 20, 10, 7 << 20, 10]
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(log.append(topic, 0, numbered(n, size)) for n, size in enumerate(sizes)))
        found = await counts(log, topic)

    assert found == Counter((b"k%d" % n, b"v" * size) for n, size in enumerate(sizes))


async def test_a_record_that_no_topic_takes_is_refused_and_takes_nobody_with_it(log: KafkaLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        small, large = await asyncio.gather(
            log.append(topic, 0, numbered(0)),
            log.append(topic, 0, numbered(1, MESSAGE_BYTES + 1)),
            return_exceptions=True,
        )
        found = await counts(log, topic)

    assert small is None
    assert isinstance(large, BadRequest)
    assert found == Counter([(b"k0", b"vv")])


async def test_a_batch_lands_whole_and_in_order(log: KafkaLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        first = await log.producer.append_batch(topic, 1, [numbered(number) for number in range(500)])
        second = await log.producer.append_batch(topic, 1, [numbered(500)])

    assert (first, second) == (0, 500)


async def test_a_cancelled_caller_is_not_sent_for_any_more(mortal: LocalKafka, log: KafkaLog, topic: str) -> None:
    async with asyncio.timeout(SECONDS):
        mortal.kill()
        first = asyncio.ensure_future(log.append(topic, 0, numbered(0)))
        await _until(lambda: bool(log.producer._senders) and not log.producer._queues[topic, 0])
        given_up = asyncio.ensure_future(log.append(topic, 0, numbered(1)))
        await _until(lambda: bool(log.producer._queues[topic, 0]))
        given_up.cancel()
        with suppress(asyncio.CancelledError):
            await given_up
        mortal.start_node()
        await first
        await log.append(topic, 0, numbered(2))
        found = await counts(log, topic)

    assert set(found) == {(b"k0", b"vv"), (b"k2", b"vv")}


async def test_stopping_answers_whoever_waits(mortal: LocalKafka, topic: str) -> None:
    log = KafkaLog(mortal.bootstrap, {topic: 2})
    await log.start()
    abandoned = log.producer.client.producer
    assert abandoned is not None
    async with asyncio.timeout(SECONDS):
        try:
            mortal.kill()
            waiting = [asyncio.ensure_future(log.append(topic, 0, numbered(number))) for number in range(3)]
            await _until(lambda: bool(log.producer._senders))
            await log.stop()
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        finally:
            mortal.start_node()
            await asyncio.to_thread(mortal.wait)

    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 3
    assert abandoned._sender.sender_task.done()
    with pytest.raises(Unavailable, match="stopped"):
        await log.append(topic, 0, numbered(3))


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # under the deadline of whoever waits
        await asyncio.sleep(0.01)

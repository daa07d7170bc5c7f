"""The event log on Kafka: one door for appends, reads and ends (eventstore.log)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from eventstore.errors import RangeGone, Unavailable
from eventstore.kafka.cancellation import heed
from eventstore.kafka.producer import Producer
from eventstore.kafka.resets import expect_resets
from eventstore.kafka.sieve import Sieve
from eventstore.log import Heard, NewRecord, Record

ASK_SECONDS = 5.0
#: The first question about a topic is refused by the client itself, which asks again after this (ms; its default is
#: 100): so long starts and takeovers wait for nothing. While Kafka is away it says as often that it is.
BACKOFF_MS = 50
IDLE_SECONDS = 1.0
#: A read that gets nothing for this long, although there is something, has no broker (s).
SILENCE_SECONDS = 30.0
STOP_SECONDS = 2.0

Ask = Callable[[list[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]]


class KafkaLog:
    """See eventstore.log.EventLog; `partitions` by topic name, because no client is asked twice."""

    def __init__(
        self, bootstrap: str, partitions: dict[str, int], buffered: Callable[[str], None] = lambda _: None
    ) -> None:
        self._bootstrap = bootstrap
        self._partitions = partitions
        self.producer = Producer(bootstrap, buffered)
        self._asking = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            request_timeout_ms=5000,
            retry_backoff_ms=BACKOFF_MS,
        )

    async def start(self) -> None:
        """Connect; raises Unavailable."""
        expect_resets()
        await self.producer.start()
        try:
            await self._asking.start()
        except KafkaError as wrong:
            raise Unavailable(f"expected Kafka at {self._bootstrap} to answer: {wrong!r}") from wrong

    async def stop(self) -> None:
        """Disconnect, within bounds."""
        await self.producer.stop()
        with suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._asking.stop()

    def append(self, topic: str, partition: int, record: NewRecord) -> Awaitable[None]:
        """See EventLog."""
        return self.producer.append(topic, partition, record)

    def listen(self, topic: str, heard: Heard) -> None:
        """See EventLog."""
        self.producer.listen(topic, heard)

    async def ends(self, topic: str) -> dict[int, int]:
        """See EventLog."""
        return await self._ask(topic, self._asking.end_offsets)

    async def starts(self, topic: str) -> dict[int, int]:
        """See EventLog."""
        return await self._ask(topic, self._asking.beginning_offsets)

    async def offsets_at(self, topic: str, epoch_ms: int) -> dict[int, int]:
        """See EventLog."""
        places = self._places(topic)
        # Asked for first: what is appended between the two answers is later than any moment that has passed.
        ends = await self.ends(topic)
        try:
            async with asyncio.timeout(ASK_SECONDS):
                found = await self._asking.offsets_for_times(dict.fromkeys(places, epoch_ms))
                heed()
        except (KafkaError, TimeoutError, OSError) as wrong:
            raise Unavailable(f"expected Kafka to tell offsets of {topic}: {wrong!r}") from wrong
        return {
            place.partition: ends[place.partition] if (at := found.get(place)) is None else at.offset
            for place in places
        }

    async def read(self, topic: str, partition: int, start: int, stop: int) -> AsyncIterator[Sequence[Record]]:
        """See EventLog."""
        first = (await self.starts(topic))[partition]
        end = (await self.ends(topic))[partition]
        if start < first or stop > end:
            raise RangeGone(f"expected {topic}/{partition} to hold {start} to {stop}, found {first} to {end}")
        if start == stop:
            return
        tail = Sieve(self._bootstrap, topic)
        try:
            await tail.start()
            tail.follow({partition: start})
            clock = asyncio.get_running_loop().time
            heard = clock()
            while start < stop and await tail.position(partition) < stop:
                records = (await tail.batches(IDLE_SECONDS)).get(partition, ())
                if records:
                    heard = clock()
                elif clock() > heard + SILENCE_SECONDS:
                    raise Unavailable(f"expected {topic}/{partition} to go on at {start}: Kafka gives nothing")
                wanted = [record for record in records if start <= record.offset < stop]
                if wanted:
                    start = wanted[-1].offset + 1
                    yield wanted
        finally:
            await tail.stop()

    async def follow(self, topic: str, partition: int, start: int) -> AsyncIterator[Sequence[Record]]:
        """See EventLog."""
        tail = Sieve(self._bootstrap, topic)
        try:
            await tail.start()
            tail.follow({partition: start})
            while True:
                yield (await tail.batches(IDLE_SECONDS)).get(partition, ())
        finally:
            await tail.stop()

    def _places(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in range(self._partitions[topic])]

    async def _ask(self, topic: str, ask: Ask) -> dict[int, int]:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                found = await ask(self._places(topic))
                heed()
        except (KafkaError, TimeoutError, OSError) as wrong:
            raise Unavailable(f"expected Kafka to tell offsets of {topic}: {wrong!r}") from wrong
        return {place.partition: offset for place, offset in found.items()}


class KafkaChangelog:
    """The changelog as the writers see it (projections.table.changelog.Changelog), with a producer of its own."""

    def __init__(
        self, log: KafkaLog, bootstrap: str, topic: str, buffered: Callable[[list[NewRecord]], None] = lambda _: None
    ) -> None:
        self._log = log
        self._topic = topic
        self._buffered = buffered
        self.producer = Producer(bootstrap)

    async def append(self, partition: int, records: list[NewRecord]) -> int:
        """Append one batch whole; the offset of its first record, -1 where the broker did not say."""
        return await self.producer.append_batch(self._topic, partition, records, lambda: self._buffered(records))

    async def read(self, partition: int, start: int, stop: int) -> list[Record]:
        """The records with start <= offset < stop that are still there."""
        found: list[Record] = []
        try:
            async for records in self._log.read(self._topic, partition, start, stop):
                found.extend(records)
        except RangeGone as gone:
            raise Unavailable(str(gone)) from gone
        return found

"""Follows any set of partitions from given offsets, with one consumer without a group, in the loop that calls it.

Unlike `KafkaLog.read` it says nothing about gaps: of a compacted changelog they are normal, and of the event log the
fold itself refuses a record that is not the next.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError

from eventstore.errors import RangeGone, Unavailable
from eventstore.kafka.cancellation import heed
from eventstore.kafka.fetched import lighten
from eventstore.kafka.resets import expect_resets
from eventstore.log import Record

#: Bounds one answer's work, so that the loop stays responsive.
MAX_RECORDS = 2000
FETCH_BYTES = 8 << 20
STOP_SECONDS = 2.0
#: Where most records are known before they are fetched, one fetch may bring this much, or what came in this time (ms).
#: Of twelve partitions one costs 0.6 ms of CPU, whatever it brings.
UNHURRIED_BYTES, UNHURRIED_MS = 1 << 20, 50


class Tail:
    """Batches of records of one topic's partitions, each from where `follow` said."""

    def __init__(self, bootstrap: str, topic: str, *, hurried: bool = True) -> None:
        self.topic = topic
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=2 * FETCH_BYTES,
            # How long the broker holds a request that has too little to give. It also delays the first fetch after a
            # new assignment, because requests to one broker are answered in order.
            fetch_max_wait_ms=200 if hurried else UNHURRIED_MS,
            fetch_min_bytes=1 if hurried else UNHURRIED_BYTES,
        )

    async def start(self) -> None:
        """Connect; raises Unavailable."""
        lighten()
        expect_resets()
        try:
            await self._consumer.start()
        except KafkaError as wrong:
            raise Unavailable(f"expected Kafka to answer: {wrong!r}") from wrong

    async def stop(self) -> None:
        """Disconnect, within bounds."""
        # One turn of the loop first: a task of the client that is cancelled before it began hands the cancellation on.
        await asyncio.sleep(0)
        with suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._consumer.stop()

    def follow(self, positions: Mapping[int, int]) -> None:
        """From now on exactly these partitions, each from its offset."""
        self._consumer.assign([TopicPartition(self.topic, number) for number in positions])
        for number, offset in positions.items():
            self._consumer.seek(TopicPartition(self.topic, number), offset)

    def seek(self, partition: int, offset: int) -> None:
        """Go on from another offset; what was fetched ahead is dropped."""
        with suppress(IllegalStateError):
            self._consumer.seek(TopicPartition(self.topic, partition), offset)

    def pause(self, partition: int) -> None:
        """Fetch nothing of a partition until `resume`."""
        with suppress(IllegalStateError):
            self._consumer.pause(TopicPartition(self.topic, partition))

    def resume(self, partition: int) -> None:
        """Fetch again."""
        with suppress(IllegalStateError):
            self._consumer.resume(TopicPartition(self.topic, partition))

    async def batches(self, seconds: float) -> dict[int, Sequence[Record]]:
        """What has come, by partition; empty when nothing comes for that long.

        Raises RangeGone if a partition's offset is not in the log, Unavailable on other trouble of the client.
        """
        try:
            found = await self._consumer.getmany(timeout_ms=int(seconds * 1000), max_records=MAX_RECORDS)
            heed()
        except OffsetOutOfRangeError as wrong:
            raise RangeGone(f"expected {self.topic} to hold the offsets {wrong.args[0]}: it does not") from wrong
        except KafkaError as wrong:
            raise Unavailable(f"expected records of {self.topic}: {wrong!r}") from wrong
        return {tp.partition: records for tp, records in found.items()}

    async def position(self, partition: int) -> int:
        """Offset of the next record that `batches` will give; behind gaps that a compaction left."""
        found = int(await self._consumer.position(TopicPartition(self.topic, partition)))
        heed()
        return found

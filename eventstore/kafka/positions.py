"""Up to where a topic's partitions are done: offsets that Kafka keeps under a group's name, for readers that join none.

The consumer here is assigned every partition, all of them paused: it fetches nothing, asks and commits.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from eventstore.errors import Unavailable
from eventstore.kafka.cancellation import heed
from eventstore.kafka.resets import expect_resets

ASK_SECONDS = 5.0
STOP_SECONDS = 2.0


class Positions:
    """Committed offsets of one topic under one group's name."""

    def __init__(self, bootstrap: str, group: str, topic: str, partitions: int) -> None:
        self._group = group
        self._places = [TopicPartition(topic, number) for number in range(partitions)]
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=int(ASK_SECONDS * 1000),
        )

    async def start(self) -> None:
        """Connect; raises Unavailable."""
        expect_resets()
        try:
            await self._consumer.start()
        except KafkaError as wrong:
            raise Unavailable(f"expected Kafka to answer: {wrong!r}") from wrong
        self._consumer.assign(self._places)
        self._consumer.pause(*self._places)

    async def stop(self) -> None:
        """Disconnect, within bounds."""
        await asyncio.sleep(0)
        with suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._consumer.stop()

    async def committed(self, numbers: frozenset[int]) -> dict[int, int | None]:
        """Per partition the offset that was committed last; None where none was. Raises Unavailable."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                found = await asyncio.gather(*(self._consumer.committed(self._places[number]) for number in numbers))
                heed()
                return dict(zip(numbers, found, strict=True))
        except (KafkaError, TimeoutError, OSError) as wrong:
            raise Unavailable(f"expected Kafka to tell the offsets of {self._group}: {wrong!r}") from wrong

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Everything below these offsets is done. Raises Unavailable."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self._consumer.commit({self._places[number]: offset for number, offset in offsets.items()})
                heed()
        except (KafkaError, TimeoutError, OSError) as wrong:
            raise Unavailable(f"expected Kafka to keep the offsets of {self._group}: {wrong!r}") from wrong

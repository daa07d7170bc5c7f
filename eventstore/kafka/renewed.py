"""aiokafka's producer, renewed whenever it may be broken (design 4.3)."""

import asyncio
import logging
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from eventstore.errors import Unavailable
from eventstore.kafka.resets import expect_resets
from eventstore.topics import MESSAGE_BYTES

logger = logging.getLogger(__name__)

REQUEST_SECONDS = 10.0
#: aiokafka pauses for so long before it sends a batch again.
BACKOFF_MS = 200
STOP_SECONDS = 2.0


class Renewed:
    """One producer at a time, idempotent with acks=all; from `start` to `stop`."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self.producer: AIOKafkaProducer | None = None
        self._renewing: asyncio.Lock = asyncio.Lock()
        self._stopped = False
        self.renewals = 0

    async def start(self) -> None:
        """Connect; raises Unavailable."""
        try:
            await self.current()
        except KafkaError as wrong:
            raise Unavailable(f"expected Kafka at {self._bootstrap} to answer: {wrong!r}") from wrong

    async def stop(self) -> None:
        """Disconnect for good, within bounds."""
        self._stopped = True
        if self.producer is not None:
            await _stop(self.producer)
            self.producer = None

    async def current(self) -> AIOKafkaProducer:
        """The one that is used now, connected. Raises Unavailable once stopped, and KafkaError."""
        if self.producer is not None and not self._stopped:
            return self.producer
        async with self._renewing:
            if self._stopped:
                raise Unavailable("this producer was stopped")
            if self.producer is None:
                expect_resets()
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=MESSAGE_BYTES,
                    max_request_size=MESSAGE_BYTES,
                    request_timeout_ms=int(REQUEST_SECONDS * 1000),
                    retry_backoff_ms=BACKOFF_MS,
                )
                try:
                    await producer.start()
                except BaseException:
                    await _stop(producer)
                    raise
                self.producer = producer
            return self.producer

    async def replace(self, broken: AIOKafkaProducer | None, reason: BaseException) -> None:
        """Another one from now on, unless it was replaced already; the broken one is stopped, within bounds."""
        # A producer whose sequence the broker does not accept, or that was closed, never recovers. One that merely
        # timed out would, but its batch may still be queued inside it: dropping it keeps one copy from being many.
        if broken is None or broken is not self.producer:
            return
        if isinstance(reason, UnknownTopicOrPartitionError):
            return
        self.producer = None
        self.renewals += 1
        logger.warning("producer is replaced", extra={"action": "renew", "reason": repr(reason)})
        await _stop(broken)


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
            return
    # It waits to flush what nobody waits for any more. Abandoned as it is, its sender would go on for ever and add
    # copies when the broker is back, and stop() returns at once from now on: end the sender itself.
    sender = producer._sender.sender_task  # noqa: SLF001  # there is no public way
    if sender is not None:
        sender.cancel()
    with suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.client.close()

"""The supervised producer: appends that are either acknowledged or asked for again, byte for byte (design 4.3).

Per partition one batch is in flight, and what is asked for meanwhile goes with the next: no linger, and under load the
batches grow by themselves (a batch costs five to nine times less than as many sends). A time-out means *unknown*: the
same bytes are sent again, by a new producer if the old one is broken, for as long as someone waits. Copies are
possible; readers drop them by event id.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from eventstore.errors import BadRequest, OutcomeUnknown, Unavailable
from eventstore.log import NewRecord
from eventstore.topics import MESSAGE_BYTES

logger = logging.getLogger(__name__)

#: Records of one batch add up to at most this, unless one alone is more (bytes).
BATCH_BYTES = 512 << 10
OVERHEAD = 64
REQUEST_SECONDS = 10.0
RETRY_SECONDS = 0.2
STOP_SECONDS = 2.0

Place = tuple[str, int]


class Append:
    """One record on its way; its future is done at the first acknowledgement."""

    __slots__ = ("done", "record", "weight")

    def __init__(self, record: NewRecord, done: "asyncio.Future[None]") -> None:
        self.record = record
        self.done = done
        self.weight = len(record.key) + len(record.value or b"") + OVERHEAD
        for name, content in record.headers:
            self.weight += len(name) + len(content)


class Producer:
    """Idempotent appends with acks=all, to any topic."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._renewing: asyncio.Lock = asyncio.Lock()
        self._queues: dict[Place, deque[Append]] = {}
        self._senders: dict[Place, asyncio.Task[None]] = {}
        self._stopped = False
        #: monotonic time of the last acknowledgement, and of the first failure since
        self.acknowledged = time.monotonic()
        self.failing_since: float | None = None
        self.renewals = 0

    async def start(self) -> None:
        """Connect; raises Unavailable."""
        try:
            await self._current()
        except KafkaError as wrong:
            raise Unavailable(f"expected Kafka at {self._bootstrap} to answer: {wrong!r}") from wrong

    async def stop(self) -> None:
        """Disconnect, within bounds; what is under way stays unknown."""
        self._stopped = True
        for sender in self._senders.values():
            sender.cancel()
        for queue in self._queues.values():
            _refuse(queue)
        if self._producer is not None:
            await _stop(self._producer)
            self._producer = None

    async def append(self, topic: str, partition: int, record: NewRecord) -> None:
        """Return once at least one copy is acknowledged; cancelling ends the re-sending."""
        if self._stopped:
            raise Unavailable("this producer was stopped: ask another worker")
        place = (topic, partition)
        append = Append(record, asyncio.get_running_loop().create_future())
        self._queues.setdefault(place, deque()).append(append)
        if place not in self._senders:
            self._senders[place] = asyncio.create_task(self._send(place))
        await append.done

    async def append_batch(
        self, topic: str, partition: int, records: list[NewRecord], buffered: Callable[[], None] = lambda: None
    ) -> int:
        """Append records as one batch, whole or not at all; the offset of the first, -1 where the broker did not say.

        `buffered` is called when they wait to be sent. Raises Unavailable when the outcome is unknown: append the same
        again.
        """
        return await self._attempt((topic, partition), records, buffered)

    async def _send(self, place: Place) -> None:
        queue = self._queues[place]
        try:
            while queue:
                await self._send_batch(place, _next_batch(queue))
        finally:
            self._senders.pop(place, None)

    async def _send_batch(self, place: Place, batch: list[Append]) -> None:
        try:
            await self._send_until_answered(place, batch)
        finally:
            _refuse(batch)

    async def _send_until_answered(self, place: Place, batch: list[Append]) -> None:
        while batch := [append for append in batch if not append.done.done()]:
            try:
                await self._attempt(place, [append.record for append in batch])
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as wrong:  # noqa: BLE001  # refused by the broker: theirs who asked
                for append in batch:
                    if not append.done.done():
                        append.done.set_exception(wrong)
            else:
                for append in batch:
                    if not append.done.done():
                        append.done.set_result(None)

    async def _attempt(
        self, place: Place, records: list[NewRecord], buffered: Callable[[], None] = lambda: None
    ) -> int:
        topic, partition = place
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(REQUEST_SECONDS * 2):
                producer = await self._current()
                batch = producer.create_batch()
                for record in records:
                    if batch.append(key=record.key, value=record.value, timestamp=None, headers=record.headers) is None:
                        raise BadRequest(f"expected records of at most {MESSAGE_BYTES} bytes, found more")
                batch.close()
                answer = await producer.send_batch(batch, topic, partition=partition)
                buffered()
                told = await answer
        except MessageSizeTooLargeError as wrong:
            raise BadRequest(f"expected records of at most {MESSAGE_BYTES} bytes: {wrong!r}") from wrong
        except (KafkaError, TimeoutError, OSError, AssertionError) as wrong:
            self.failing_since = self.failing_since or time.monotonic()
            await self._renew(producer, wrong)
            raise Unavailable(f"expected {topic}/{partition} to acknowledge: {wrong!r}") from wrong
        self.acknowledged, self.failing_since = time.monotonic(), None
        return int(told.offset)

    async def _current(self) -> AIOKafkaProducer:
        async with self._renewing:
            if self._stopped:
                raise Unavailable("this producer was stopped")
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=MESSAGE_BYTES,
                    max_request_size=MESSAGE_BYTES,
                    request_timeout_ms=int(REQUEST_SECONDS * 1000),
                    retry_backoff_ms=50,
                )
                try:
                    await producer.start()
                except BaseException:
                    await _stop(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _renew(self, broken: AIOKafkaProducer | None, reason: BaseException) -> None:
        # A producer whose sequence the broker does not accept, or that was closed, never recovers. One that merely
        # timed out would, but its batch may still be queued inside it: dropping it keeps one copy from being many.
        if broken is None or broken is not self._producer:
            return
        if isinstance(reason, UnknownTopicOrPartitionError):
            return
        self._producer = None
        self.renewals += 1
        logger.warning("producer is replaced", extra={"action": "renew", "reason": repr(reason)})
        await _stop(broken)


def _refuse(appends: Iterable[Append]) -> None:
    # Only when the producer was stopped is anyone left here; without this they would wait for ever.
    for append in appends:
        if not append.done.done():
            append.done.set_exception(OutcomeUnknown("this producer was stopped; the record may be in the log"))


def _next_batch(queue: deque[Append]) -> list[Append]:
    batch, weight = [queue.popleft()], 0
    weight = batch[0].weight
    while queue and weight + queue[0].weight <= BATCH_BYTES:
        append = queue.popleft()
        batch.append(append)
        weight += append.weight
    return batch


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

"""The supervised producer: appends that are either acknowledged or asked for again, byte for byte (design 4.3).

Per partition one batch is in flight, and what is asked for meanwhile goes with the next: no linger, and under load the
batches grow by themselves (a batch costs five to nine times less than as many sends). A time-out means *unknown*: the
same bytes are sent again, by a new producer if the old one is broken, for as long as someone waits. Copies are
possible; readers drop them by event id.

Whoever listens is told where a batch has landed, if that is certain. An acknowledgement of all in-sync replicas that
answers the *first* send of a batch says it truly: the leader appended these bytes at that offset, and without unclean
elections nothing else will ever stand there. Only a repeated send can be answered for an earlier copy (a duplicate
sequence), with its offset, -1 or one that is not this batch's (design 4.3). aiokafka repeats a send within itself and
does not say so, but it pauses before: an answer that came in less than that pause is to the first one.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from eventstore.errors import BadRequest, Unavailable
from eventstore.kafka.batches import Append, Place, Told, next_batch, refuse
from eventstore.kafka.cancellation import heed
from eventstore.kafka.renewed import REQUEST_SECONDS, Renewed
from eventstore.log import Heard, NewRecord, Record
from eventstore.topics import MESSAGE_BYTES

RETRY_SECONDS = 0.2
#: An answer well before BACKOFF_MS is to the first send (s).
FIRST_SECONDS = 0.15


class Producer:
    """Idempotent appends with acks=all, to any topic."""

    def __init__(self, bootstrap: str, buffered: Callable[[str], None] = lambda _: None) -> None:
        self.client = Renewed(bootstrap)
        #: for tests: told the topic when appended records wait to be sent
        self._buffered = buffered
        self._queues: dict[Place, deque[Append]] = {}
        self._senders: dict[Place, asyncio.Task[None]] = {}
        self._heard: dict[str, Heard] = {}
        self._stopped = False
        #: monotonic time of the last acknowledgement, and of the first failure since
        self.acknowledged = time.monotonic()
        self.failing_since: float | None = None

    async def start(self) -> None:
        """Connect; raises Unavailable."""
        await self.client.start()

    async def stop(self) -> None:
        """Disconnect, within bounds; what is under way stays unknown."""
        self._stopped = True
        for sender in self._senders.values():
            sender.cancel()
        for queue in self._queues.values():
            refuse(queue)
        await self.client.stop()

    def append(self, topic: str, partition: int, record: NewRecord) -> "asyncio.Future[None]":
        """Done once at least one copy is acknowledged; cancelling ends the re-sending. Raises Unavailable."""
        if self._stopped:
            raise Unavailable("this producer was stopped: ask another worker")
        place = (topic, partition)
        append = Append(record, asyncio.get_running_loop().create_future())
        self._queues.setdefault(place, deque()).append(append)
        if place not in self._senders:
            self._senders[place] = asyncio.create_task(self._send(place))
        return append.done

    def listen(self, topic: str, heard: Heard) -> None:
        """See EventLog."""
        self._heard[topic] = heard

    async def append_batch(
        self, topic: str, partition: int, records: list[NewRecord], buffered: Callable[[], None] = lambda: None
    ) -> int:
        """Append records as one batch, whole or not at all; the offset of the first, -1 where the broker did not say.

        `buffered` is called when they wait to be sent. Raises Unavailable when the outcome is unknown: append the same
        again.
        """
        return (await self._attempt((topic, partition), records, buffered)).offset

    async def _send(self, place: Place) -> None:
        queue = self._queues[place]
        try:
            while queue:
                await self._send_batch(place, next_batch(queue))
        finally:
            self._senders.pop(place, None)

    async def _send_batch(self, place: Place, batch: list[Append]) -> None:
        try:
            await self._send_until_answered(place, batch)
        finally:
            refuse(batch)

    async def _send_until_answered(self, place: Place, batch: list[Append]) -> None:
        while batch := [append for append in batch if not append.done.done()]:
            try:
                told = await self._attempt(place, [append.record for append in batch], lambda: self._buffered(place[0]))
            except Unavailable:
                self._tell(place, ())
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as wrong:  # noqa: BLE001  # refused by the broker: theirs who asked
                for append in batch:
                    if not append.done.done():
                        append.done.set_exception(wrong)
            else:
                self._tell(place, told.landed(place, batch) if told.certain else ())
                for append in batch:
                    if not append.done.done():
                        append.done.set_result(None)

    def _tell(self, place: Place, records: Sequence[Record]) -> None:
        if (heard := self._heard.get(place[0])) is not None:
            heard(place[1], records)

    async def _attempt(self, place: Place, records: list[NewRecord], buffered: Callable[[], None]) -> Told:
        topic, partition = place
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(REQUEST_SECONDS * 2):
                producer = await self.client.current()
                batch = producer.create_batch()
                for record in records:
                    if batch.append(key=record.key, value=record.value, timestamp=None, headers=record.headers) is None:
                        raise BadRequest(f"expected records of at most {MESSAGE_BYTES} bytes, found more")
                batch.close()
                sent = time.monotonic()
                answer = await producer.send_batch(batch, topic, partition=partition)
                buffered()
                told = await answer
                heed()
        except MessageSizeTooLargeError as wrong:
            raise BadRequest(f"expected records of at most {MESSAGE_BYTES} bytes: {wrong!r}") from wrong
        except (KafkaError, TimeoutError, OSError, AssertionError) as wrong:
            self.failing_since = self.failing_since or time.monotonic()
            await self.client.replace(producer, wrong)
            raise Unavailable(f"expected {topic}/{partition} to acknowledge: {wrong!r}") from wrong
        self.acknowledged, self.failing_since = time.monotonic(), None
        # Type 1: the broker's own time of the append, as a reader will see it.
        certain = told.offset >= 0 and told.timestamp_type == 1 and self.acknowledged - sent < FIRST_SECONDS
        return Told(int(told.offset), int(told.timestamp), certain=certain)

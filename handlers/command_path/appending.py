"""Append one record and learn its verdict from the own fold (design 4.3): by event id, never by offset."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from eventstore.codec import encode
from eventstore.envelope import Envelope
from eventstore.errors import BadRequest, OutcomeUnknown
from eventstore.events import Event
from eventstore.log import EventLog, NewRecord
from projections.verdict import Verdict

logger = logging.getLogger(__name__)

#: What one event may weigh, headers and all (design 4.9), in bytes.
EVENT_BYTES = 2 << 20


class Fold(Protocol):
    """Whoever folds the topic that is appended to."""

    def expect(self, event_id: str, waiter: Callable[[Verdict | None], None]) -> None:
        """Call `waiter` with the verdict on the first record with this event id."""

    def forget(self, event_id: str) -> None:
        """Nobody waits for this event id any more."""


def record_of(stream: str, envelope: Envelope, event: Event) -> NewRecord:
    """The record of an event; raises BadRequest if it is too large."""
    value, headers = encode(envelope, event)
    weight = len(value) + sum([len(name) + len(content) for name, content in headers])
    if weight > EVENT_BYTES:
        raise BadRequest(f"expected an event of at most {EVENT_BYTES} bytes, found {weight}: send less at once")
    return NewRecord(stream.encode(), value, headers, (envelope, event))


class Appending:
    """One record on its way into the log, until the own fold has given its verdict.

    The waiter is registered before the send. The send goes on, the identical bytes again, until `end`: the record may
    be seen in the log before its acknowledgement arrives, or without one.
    """

    __slots__ = ("_failed", "_fold", "_id", "_seen", "_send", "_told")

    def __init__(self, log: EventLog, topic: str, partition: int, fold: Fold, event_id: str, record: NewRecord) -> None:
        self._fold = fold
        self._id = event_id
        #: what was told, in a tuple; None: nothing yet
        self._seen: tuple[Verdict | None] | None = None
        self._failed: BaseException | None = None
        self._told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        fold.expect(event_id, self._tell)
        self._send = asyncio.ensure_future(log.append(topic, partition, record))
        self._send.add_done_callback(self._fail)

    async def verdict(self) -> Verdict | None:
        """The verdict; None if the fold was abandoned before the record was seen. Raises what refused the record.

        Whoever waits may be cancelled, and another may wait in his place.
        """
        while self._seen is None:
            if self._failed is not None:
                raise self._failed
            if self._told.done():
                self._told = asyncio.get_running_loop().create_future()
            await self._told
        return self._seen[0]

    async def see_through(self) -> None:
        """Wait for the verdict, whatever it is, and end."""
        try:
            await self.verdict()
        except Exception as wrong:  # noqa: BLE001  # whoever wanted to know has left
            logger.info("append failed", extra={"action": "append", "reason": repr(wrong)})
        finally:
            self.end()

    def end(self) -> None:
        """Nobody waits any more: the record is not sent again."""
        self._fold.forget(self._id)
        self._send.cancel()

    def _tell(self, seen: Verdict | None) -> None:
        self._seen = (seen,)
        self._send.remove_done_callback(self._fail)  # what becomes of it says nothing more
        self._wake()

    def _fail(self, done: "asyncio.Future[None]") -> None:
        # By nobody here, who waits no more then: what became of it is not known.
        self._failed = (
            OutcomeUnknown("the record was given up; the same key finds out") if done.cancelled() else done.exception()
        )
        if self._failed is not None:
            self._wake()

    def _wake(self) -> None:
        if not self._told.done():
            self._told.set_result(None)

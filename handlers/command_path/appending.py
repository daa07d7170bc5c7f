"""Append one record and learn its verdict from the own fold (design 4.3): by event id, never by offset."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from eventstore.codec import encode
from eventstore.envelope import Envelope
from eventstore.errors import BadRequest
from eventstore.events import Event
from eventstore.log import EventLog, NewRecord
from projections.verdict import Verdict

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
    return NewRecord(stream.encode(), value, headers)


async def append(
    log: EventLog, topic: str, partition: int, fold: Fold, event_id: str, record: NewRecord
) -> Verdict | None:
    """The verdict on a record; None if the fold was abandoned before it was seen.

    The waiter is registered before the send. The send goes on, the identical bytes again, until the verdict is known:
    the record may be seen in the log before its acknowledgement arrives, or without one.
    """
    verdict: asyncio.Future[Verdict | None] = asyncio.get_running_loop().create_future()

    def tell(seen: Verdict | None) -> None:
        if not verdict.done():
            verdict.set_result(seen)

    def fail(done: "asyncio.Future[None]") -> None:
        wrong = None if done.cancelled() else done.exception()
        if wrong is not None and not verdict.done():
            verdict.set_exception(wrong)

    fold.expect(event_id, tell)
    send = asyncio.ensure_future(log.append(topic, partition, record))
    send.add_done_callback(fail)
    try:
        return await verdict
    finally:
        fold.forget(event_id)
        send.cancel()

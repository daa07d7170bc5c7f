"""Records on their way to one partition, and how many of them go together."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from eventstore.errors import OutcomeUnknown
from eventstore.log import Landed, NewRecord, Record

#: Records of one batch add up to at most this, unless one alone is more (bytes).
BATCH_BYTES = 512 << 10
OVERHEAD = 64

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


class Told:
    """What an acknowledgement says: where the first record of a batch is, -1 where it does not, and since when."""

    __slots__ = ("certain", "offset", "timestamp")

    def __init__(self, offset: int, timestamp: int, *, certain: bool) -> None:
        self.offset = offset
        self.timestamp = timestamp
        #: it answers the first send of these bytes, so it cannot speak of an earlier copy (see Producer)
        self.certain = certain

    def landed(self, place: Place, batch: Sequence[Append]) -> Sequence[Record]:
        """The records of an acknowledged batch, as a reader will find them."""
        told = self.timestamp
        return [
            Landed(*place, offset, told, record.key, record.value, record.headers, record.said)
            for offset, record in enumerate([append.record for append in batch], self.offset)
        ]


def next_batch(queue: deque[Append]) -> list[Append]:
    """Take the first records off a queue, as many as go together."""
    batch, weight = [queue.popleft()], 0
    weight = batch[0].weight
    while queue and weight + queue[0].weight <= BATCH_BYTES:
        append = queue.popleft()
        batch.append(append)
        weight += append.weight
    return batch


def refuse(appends: Iterable[Append]) -> None:
    """Only when the producer was stopped is anyone left here; without this they would wait for ever."""
    for append in appends:
        if not append.done.done():
            append.done.set_exception(OutcomeUnknown("this producer was stopped; the record may be in the log"))

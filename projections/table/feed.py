"""From the log to the fold, batch by batch: the drain loop, which only folds (design 4.4).

Decision (beside design 4.3, by which an acknowledgement's offset decides nothing): what this worker's own producer has
put into the log is folded when it is acknowledged, without waiting for the fetch that brings it again. A fold is exact
if it takes the records of its partition one by one in the order of their offsets, each the one that stands there. That
is what the two conditions here hold: the record is *certain* to stand at its offset (eventstore.kafka.producer says how
that is known), and its offset is exactly the next one, so everything before it is folded. In all other cases nothing is
done, and the fetch brings what is next: a record of another worker in between, a copy of one's own, an answer that came
late. What is fetched later and folded already lies below `next` and is skipped. So verdicts stay a function of the log
alone, and a waiter is told by the first record with its event id, as ever.

A partition to which a landing was folded *rests*: there is nothing to fetch of it. Its source is woken when a landing
does not fit (a record of another stands before it), when an append landed who knows where, and when it has rested for
REST_SECONDS without a landing. So long a record may stand there unread that a deposed worker wrote when it woke; nobody
was answered for that (handlers.command_path.runs), but who reads the log sees it.

Measured, two cores shared by clients, broker and worker: a submission alone waits for one round trip less, and fetches
that become rare (eventstore.kafka.tail) take a tenth off the CPU of a submission, and more off the broker's. To rest
takes off another twenty-fifth (by 35 pairs of turns, with rests of a second).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Protocol

from eventstore.errors import ForeignLog, RangeGone, Unavailable
from eventstore.log import Record
from projections.partition import Partition

#: Records folded before other tasks of the loop get their turn (about 5 ms).
SLICE = 128
#: So long after its last landing a partition is fetched again (s): longer than landings are apart where there are many.
REST_SECONDS = 0.1
IDLE_SECONDS = 0.5
RETRY_SECONDS = 0.2

#: Called after a slice was folded: the partition, and whether it has just caught up.
Folded = Callable[[Partition, bool], None]


class Source(Protocol):
    """Partitions of a topic, followed from given offsets (eventstore.kafka.tail.Tail)."""

    def follow(self, positions: Mapping[int, int]) -> None:
        """From now on exactly these partitions, each from its offset."""

    def seek(self, partition: int, offset: int) -> None:
        """Go on from another offset."""

    def pause(self, partition: int) -> None:
        """Fetch nothing of a partition until `resume`."""

    def resume(self, partition: int) -> None:
        """Fetch again."""

    async def batches(self, seconds: float) -> dict[int, Sequence[Record]]:
        """What has come, by partition; empty when nothing comes for that long."""

    async def position(self, partition: int) -> int:
        """Offset of the next record that `batches` will give."""


class Feed:
    """Feeds owned partitions from the source until cancelled."""

    def __init__(self, source: Source, clock: Callable[[], float] = monotonic) -> None:
        self._source = source
        self._clock = clock
        #: records folded at their acknowledgement
        self.landed_first = 0
        self._owned: Mapping[int, Partition] = {}
        self._folded: Folded = lambda _, __: None
        self._wrong: Exception | None = None
        #: partitions that rest, until when (s, on the clock), and all of which nothing is fetched
        self._resting: dict[int, float] = {}
        self._paused: set[int] = set()

    async def run(self, owned: Mapping[int, Partition], folded: Folded) -> None:
        """Fold what comes. Raises TooNew, ForeignLog: nothing more can be folded here."""
        self._owned, self._folded, self._wrong = owned, folded, None
        self._resting, self._paused = {}, set()
        for partition in owned.values():
            if partition.caught_up:
                folded(partition, True)
        if owned:
            self._source.follow({number: partition.next for number, partition in owned.items()})
        while owned:
            now = self._clock()
            for partition in owned.values():
                self._hold_back(partition, now)
            rest = min([until - now for until in self._resting.values() if until > now], default=IDLE_SECONDS)
            try:
                found = await self._source.batches(min(IDLE_SECONDS, rest))
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except RangeGone as gone:
                raise ForeignLog(
                    f"{gone}: the event log was cut or recreated; rows and log do not belong together"
                ) from gone
            if self._wrong is not None:
                raise self._wrong
            for number, records in found.items():
                await self._fold(owned, number, records, folded)

    def landed(self, number: int, records: Sequence[Record]) -> None:
        """Records of one's own that are certain to stand in the log at their offsets: fold those that are next.

        None: some landed, but who knows where.
        """
        partition = self._owned.get(number)
        if partition is None or self._wrong is not None:
            return
        fits = bool(records) and records[0].offset <= partition.next <= records[-1].offset
        if not fits or len(records) > SLICE or partition.full:
            self._resting.pop(number, None)
            self._hold_back(partition, self._clock())
            return
        before, first = partition.caught_up, partition.next
        try:
            partition.fold(records)
        except Exception as wrong:  # noqa: BLE001  # it ends the drain loop, as if it had met the record there
            self._wrong = wrong
            return
        self.landed_first += partition.next - first
        now = self._clock()
        if before:  # whoever catches up waits for what others wrote
            self._resting[number] = now + REST_SECONDS
        self._hold_back(partition, now)
        self._folded(partition, partition.caught_up and not before)

    async def _fold(
        self, owned: Mapping[int, Partition], number: int, records: Sequence[Record], folded: Folded
    ) -> None:
        for start in range(0, len(records), SLICE):
            partition = owned.get(number)
            if partition is None:
                return
            before = partition.caught_up
            if not partition.fold(records[start : start + SLICE]):
                self._source.seek(number, partition.next)
                return
            folded(partition, partition.caught_up and not before)
            if len(records) > SLICE:
                await asyncio.sleep(0)

    def _hold_back(self, partition: Partition, now: float) -> None:
        """Fetch nothing of what is full, or rests."""
        number = partition.number
        holds = partition.full or self._resting.get(number, 0.0) > now
        if holds == (number in self._paused):
            return
        # What was folded is passed over; of a fetch that is under way nothing is unpacked any more.
        self._source.seek(number, partition.next)
        if holds:
            self._paused.add(number)
            self._source.pause(number)
        else:
            self._paused.discard(number)
            self._source.resume(number)

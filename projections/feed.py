"""From the log to the fold, batch by batch: the drain loop, which only folds (design 4.4)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from eventstore.errors import ForeignLog, RangeGone, Unavailable
from eventstore.log import Record
from projections.partition import Partition

#: Records folded before other tasks of the loop get their turn (about 5 ms).
SLICE = 128
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

    def __init__(self, source: Source) -> None:
        self._source = source
        #: records that were not the next ones, so that the source was sought back
        self.sought = 0

    async def run(self, owned: Mapping[int, Partition], folded: Folded) -> None:
        """Fold what comes. Raises TooNew, ForeignLog: nothing more can be folded here."""
        for partition in owned.values():
            if partition.caught_up:
                folded(partition, True)
        if owned:
            self._source.follow({number: partition.next for number, partition in owned.items()})
        paused: set[int] = set()
        while owned:
            try:
                found = await self._source.batches(IDLE_SECONDS)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except RangeGone as gone:
                raise ForeignLog(
                    f"{gone}: the event log was cut or recreated; rows and log do not belong together"
                ) from gone
            for number, records in found.items():
                await self._fold(owned, number, records, folded)
            self._hold_back(owned, paused)

    async def _fold(
        self, owned: Mapping[int, Partition], number: int, records: Sequence[Record], folded: Folded
    ) -> None:
        for start in range(0, len(records), SLICE):
            partition = owned.get(number)
            if partition is None:
                return
            before = partition.caught_up
            if not partition.fold(records[start : start + SLICE]):
                self.sought += 1
                self._source.seek(number, partition.next)
                return
            folded(partition, partition.caught_up and not before)
            if len(records) > SLICE:
                await asyncio.sleep(0)

    def _hold_back(self, owned: Mapping[int, Partition], paused: set[int]) -> None:
        for number, partition in owned.items():
            if partition.full and number not in paused:
                paused.add(number)
                self._source.pause(number)
            elif number in paused and not partition.full:
                paused.discard(number)
                self._source.resume(number)

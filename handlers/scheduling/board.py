"""What this worker has ready, for schedulers here and elsewhere: pictures over the partitions it owns, by long poll."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from itertools import islice

from projections.partition import Partition
from projections.queues.fronts import Fronts
from projections.queues.ready import IN_ALL, PICTURES, Picture
from projections.queues.turns import by_turns


class Board:
    """Merges the ready lines of owned partitions; `changed` is what they call."""

    def __init__(self, owned: Callable[[], Iterable[Partition]]) -> None:
        self._owned = owned
        self._news: dict[str, set[asyncio.Future[None]]] = {}
        #: of each set of Insights, what its next picture by turns is made of
        self._fronts: dict[tuple[str, ...], Fronts] = {}

    def changed(self, insight_id: str) -> None:
        """Something became ready for an Insight."""
        for waiter in self._news.pop(insight_id, ()):
            if not waiter.done():
                waiter.set_result(None)

    def picture(self, insights: Sequence[str], turns_of: str | None = None) -> Picture:
        """What is ready here for some Insights; its epoch names the ownerships that it shows.

        The oldest of all, or, of a queue whose customers are served by turns, the oldest of each.
        """
        if turns_of is not None:
            lines = [partition.ready for partition in self._owned()]
            return by_turns(lines, insights, turns_of, self._version(insights), fronts=self._fronts_of(insights))
        parts = [partition.ready.picture(insights) for partition in self._owned()]
        counts: dict[str, int] = {}
        for part in parts:
            for customer, count in part.counts.items():
                counts[customer] = counts.get(customer, 0) + count
        entries = [*islice(merge(*(part.entries for part in parts)), IN_ALL)]
        epoch, sequence = self._version(insights)
        return Picture(epoch=epoch, sequence=sequence, entries=entries, counts=counts)

    async def wait(
        self, insights: Sequence[str], known: tuple[str, int], seconds: float, turns_of: str | None = None
    ) -> Picture:
        """The picture, once it differs from the known version, or after so long."""
        if self._version(insights) == known:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            for insight_id in insights:
                self._news.setdefault(insight_id, set()).add(waiter)
            try:
                await asyncio.wait([waiter], timeout=seconds)
            finally:
                for insight_id in insights:
                    self._news.get(insight_id, set()).discard(waiter)
        return self.picture(insights, turns_of)

    def _fronts_of(self, insights: Sequence[str]) -> Fronts:
        names = tuple(insights)
        if names not in self._fronts and len(self._fronts) >= PICTURES:
            self._fronts.clear()
        return self._fronts.setdefault(names, Fronts())

    def _version(self, insights: Sequence[str]) -> tuple[str, int]:
        lines = [partition.ready for partition in self._owned()]
        return ",".join(line.epoch for line in lines), sum(line.sequence(insights) for line in lines)

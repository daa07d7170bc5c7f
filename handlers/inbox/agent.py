"""Reads the inbox, and lets go of what is done: at-least-once, with an effect that does not repeat (design 4.9).

Decision: whoever owns a partition of `agendas` reads the inbox partition of the same number, with the plain consumer
that feeds folds (eventstore.kafka.tail), and positions are committed under the group `<prefix>-inbox`, which nobody
joins. Not a consumer group of its own, because: the worker group has given that partition to this worker anyway, so a
command whose key is its run's id needs no hop; there is no second rebalance, no second heartbeat, and none of the traps
of a client that falls out of its group; and a commit needs no fence. It says "everything below is decided or stands on
`rejections`", which is true whoever says it and whenever; a late one of a former owner takes the position back at most,
and what is then delivered again changes nothing:

- a submission's ids follow from (customer, source, id), so it is known by its agenda; where that was deleted or reaped,
  by the offset in the run's trace, which is kept for longer than the inbox keeps its records;
- a report's head row keeps the highest offset of this inbox partition that led to an event; commands on one target are
  asked one after the other (handlers.inbox.lanes), so nothing below that is still to come;
- a cancel of what is cancelled is quiet; a rejection has the same id and bytes.

What Kafka has forgotten the position of (it forgets after a week without a commit) is read from its beginning.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from eventstore.errors import RangeGone, Rejected, Unavailable
from eventstore.log import EventLog, Record
from eventstore.topics import Topics
from handlers.inbox.delivery import Delivery
from handlers.inbox.gauges import Gauges
from handlers.inbox.lanes import Lanes
from handlers.inbox.meaning import read
from handlers.inbox.positions import Positions
from handlers.inbox.rejections import Failed, rejection_of
from handlers.inbox.window import Window
from projections.table.feed import Source

logger = logging.getLogger(__name__)

#: Records of one partition under way, and bytes of all: beyond that nothing more is read for a while.
WINDOW_RECORDS = 1000
WINDOW_BYTES = 64 << 20
COMMIT_SECONDS = 1.0
#: A position that does not move is committed again, before Kafka forgets it.
REMIND_SECONDS = 3600.0
IDLE_SECONDS = 0.5
FULL_SECONDS = 0.02
RETRY_SECONDS = 0.5
STOP_SECONDS = 1.0

#: The generation of an assignment, and the partitions held in it.
Held = tuple[int, frozenset[int]]


class Inbox:
    """The agent of one worker: `run` until cancelled, then `stop`."""

    def __init__(
        self,
        *,
        source: Source,
        positions: Positions,
        log: EventLog,
        topics: Topics,
        held: Callable[[], Held],
        delivery: Delivery,
        limit: int,
        name: str,
        gauges: Gauges,
    ) -> None:
        self._source = source
        self._positions = positions
        self._log = log
        self._topic = topics.inbox.name
        self._rejections = topics.rejections.name
        self._held = held
        self._delivery = delivery
        self._limit = limit
        self._name = name
        self._gauges = gauges
        self._lanes = Lanes()
        self._running: asyncio.Task[None] | None = None
        self._following: Held | None = None
        self._windows: dict[int, Window] = {}
        self._paused: set[int] = set()
        self._committed: dict[int, int] = {}
        self._commit_at = 0.0
        self._remind_at = 0.0

    async def run(self) -> None:
        """Read and carry out until cancelled."""
        self._running = asyncio.current_task()
        while True:
            try:
                await self._turn()
            except Unavailable as away:
                logger.info("inbox waits for Kafka", extra={"action": "inbox", "reason": str(away)})
                await asyncio.sleep(RETRY_SECONDS)

    async def stop(self, seconds: float) -> None:
        """Read nothing more; let what is under way come to its end, for so long, and keep how far it came."""
        if self._running is not None:
            self._running.cancel()
        await self._lanes.settle(seconds)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._commit()
        except (Unavailable, TimeoutError):
            logger.info("inbox position not kept: it is read again", extra={"action": "inbox"})

    async def _turn(self) -> None:
        held = self._held()
        if held != self._following:
            await self._follow(held)
        if not self._windows:
            await asyncio.sleep(IDLE_SECONDS)
            return
        self._hold_back()
        try:
            found = await self._source.batches(FULL_SECONDS if self._paused else IDLE_SECONDS)
        except RangeGone as gone:
            # The topic keeps a week: what stood there is gone, and what is left is read from its beginning.
            logger.warning("inbox position is gone", extra={"action": "inbox", "reason": str(gone)})
            await self._follow(self._held(), anew=True)
            return
        for number, records in found.items():
            self._begin(number, records)
        await self._keep()

    async def _follow(self, held: Held, *, anew: bool = False) -> None:
        # What is still under way of an earlier assignment goes on: it is in its lanes, and its window is let go.
        self._windows, self._following = {}, None
        numbers = held[1]
        if numbers:
            starts, ends = await self._log.starts(self._topic), await self._log.ends(self._topic)
            known = {} if anew else await self._positions.committed(numbers)
            for number in numbers:
                place = known.get(number)
                there = place is not None and starts[number] <= place <= ends[number]
                self._windows[number] = Window(place if there and place is not None else starts[number])
            self._source.follow({number: window.next for number, window in self._windows.items()})
        self._paused.clear()
        self._committed.clear()
        self._gauges.lag.clear()
        self._following = held

    def _begin(self, number: int, records: Sequence[Record]) -> None:
        window = self._windows.get(number)
        if window is None:
            return
        for record in records:
            if record.offset >= window.next:
                window.begin(record.offset, len(record.value or b""))
                self._start(record, window)

    def _start(self, record: Record, window: Window) -> None:
        try:
            wish = read(record, self._limit)
        except Exception as wrong:  # noqa: BLE001  # whatever bytes come: nothing of them ends this loop
            refused = wrong if isinstance(wrong, Rejected) else Failed(f"this program failed on it: {wrong!r}")
            self._lanes.start((), lambda: self._reject(record, window, refused))
            return

        async def deliver() -> None:
            try:
                with self._gauges.under_way():
                    await self._delivery.until_decided(wish)
            except Rejected as wrong:
                await self._reject(record, window, wrong)
            else:
                self._gauges.decided(wish.type)
                window.end(record.offset)

        self._lanes.start((("key", record.partition, record.key), ("target", record.partition, wish.target)), deliver)

    async def _reject(self, record: Record, window: Window, wrong: Rejected) -> None:
        told, rejected = rejection_of(record, wrong, self._name)
        await self._log.append(self._rejections, 0, told)
        self._gauges.rejected(rejected.reason)
        window.end(record.offset)

    def _hold_back(self) -> None:
        weight = sum(window.weight for window in self._windows.values())
        for number, window in self._windows.items():
            full = len(window) >= WINDOW_RECORDS or (weight >= WINDOW_BYTES and len(window) > 0)
            if full and number not in self._paused:
                self._paused.add(number)
                self._source.pause(number)
            elif number in self._paused and not full:
                self._paused.discard(number)
                self._source.resume(number)

    async def _keep(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._commit_at:
            return
        self._commit_at = now + COMMIT_SECONDS
        if now >= self._remind_at:
            self._remind_at = now + REMIND_SECONDS
            self._committed.clear()
        await self._commit()
        ends = await self._log.ends(self._topic)
        self._gauges.lag = {number: ends[number] - window.committable for number, window in self._windows.items()}

    async def _commit(self) -> None:
        moved = {
            number: window.committable
            for number, window in self._windows.items()
            if self._committed.get(number) != window.committable
        }
        if moved:
            await self._positions.commit(moved)
            self._committed |= moved

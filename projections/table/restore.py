"""From the changelog to the stores: before a takeover, and all the time for standbys (design 4.4)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from eventstore.errors import RangeGone, Unavailable
from eventstore.log import EventLog, Record
from projections.table.feed import IDLE_SECONDS, RETRY_SECONDS, Source
from projections.table.replica import Replica

#: A warm standby is as far as the changelog was within this (s).
LEVEL_SECONDS = 2.0

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Restore:
    """Reads the changelog's partitions into replicas."""

    def __init__(self, log: EventLog, topic: str, source: Source) -> None:
        self._log = log
        self._topic = topic
        self._source = source
        #: changelog records put into stores
        self.rows = 0

    async def catch_up(self, replicas: Mapping[int, Replica], actives: set[int]) -> None:
        """Bring the actives to the changelog's end as it is now; all others follow on from where they are.

        Raises RangeGone if the changelog is cut meanwhile: begin again.
        """
        if not replicas:
            return
        ends = await self.patiently(lambda: self._log.ends(self._topic))
        starts = await self.patiently(lambda: self._log.starts(self._topic))
        for number, replica in replicas.items():
            if replica.position >= ends[number]:
                self.report(number, f"changelog ends at {ends[number]}, before position {replica.position}")
                replica.wipe(ends[number] - 1, recreated=True)
        self._source.follow({number: max(replica.position + 1, starts[number]) for number, replica in replicas.items()})
        behind = {number for number in actives if replicas[number].position + 1 < ends[number]}
        while behind:
            await self._absorb(replicas)
            behind = {number for number in behind if await self._source.position(number) < ends[number]}
        for number in actives:
            self._source.pause(number)
            replicas[number].position = max(replicas[number].position, ends[number] - 1)

    async def stand_by(self, replicas: Mapping[int, Replica], standbys: set[int]) -> None:
        """Keep the standbys warm until cancelled. Raises RangeGone: begin again, the changelog was cut or recreated."""
        while standbys:
            await self._absorb(replicas)

    async def level(self, replica: Replica) -> None:
        """Wait until a standby holds all that the changelog holds now. Raises TimeoutError, Unavailable.

        What is half read may lack rows that compaction left for later.
        """
        end = (await self._log.ends(self._topic))[replica.number]
        async with asyncio.timeout(LEVEL_SECONDS):
            while replica.position + 1 < end:  # noqa: ASYNC110  # whoever absorbs tells nobody
                await asyncio.sleep(0.01)

    async def _absorb(self, replicas: Mapping[int, Replica]) -> None:
        try:
            found = await self._source.batches(IDLE_SECONDS)
        except Unavailable:
            await asyncio.sleep(RETRY_SECONDS)
            return
        for number, records in found.items():
            if replicas[number].begins_elsewhere(records) and not await self._is_the_same(replicas[number]):
                await self._begin_again(number, replicas[number])
                continue
            replicas[number].absorb(records)
            self.rows += len(records)
            await asyncio.sleep(0)

    async def _is_the_same(self, replica: Replica) -> bool:
        at, found = replica.opened_at, list[Record]()

        async def read() -> bool:
            async for records in self._log.read(self._topic, replica.number, at, at + 1):
                found.extend(records)
            return replica.ends_with(found)

        try:
            return at >= 0 and await self.patiently(read)
        except RangeGone:
            return False

    async def _begin_again(self, number: int, replica: Replica) -> None:
        self.report(
            number, f"the changelog was recreated, and has passed position {replica.position}: it is read whole"
        )
        starts = await self.patiently(lambda: self._log.starts(self._topic))
        replica.wipe(-1, recreated=True)
        self._source.seek(number, starts[number])

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to a question to the broker, however long it stays away."""
        while True:
            try:
                return await ask()
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)

    def report(self, number: int, flaw: str) -> None:
        """A partition is rebuilt from the log: say why."""
        logger.error("partition is rebuilt", extra={"action": "rebuild", "partition": number, "reason": flaw})

"""What stands in the changelog before an own acknowledgement and is not ours: another worker's records (design 4.4).

They may be older than the rows here, and bury them: whoever restores, after compaction, finds the older ones alone.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

from eventstore.errors import Unavailable
from eventstore.log import Record
from projections.partition import Partition
from projections.rows import APPLIED, offset_of
from projections.table.changelog import Changelog, source_offset
from projections.table.replica import Replica

RETRY_SECONDS = 0.2

logger = logging.getLogger(__name__)


class Gaps:
    """Looks into those of one owned partition, and has sent again what they bury, until its ownership has `ended`."""

    def __init__(
        self,
        partition: Partition,
        replica: Replica,
        changelog: Changelog,
        wake: Callable[[], None],
        ended: Callable[[], bool],
    ) -> None:
        self._partition = partition
        self._replica = replica
        self._changelog = changelog
        self._wake = wake
        self._ended = ended
        #: rows sent again
        self.resent = 0

    async def close(self, start: int, stop: int, last: int) -> None:
        """Send again what the records from `start` to before `stop` buried.

        Only then does the position move past them, to `last` (without it compaction lost rows for good).
        """
        records = await self._read(start, stop)
        if self._ended() or records is None:
            return
        self.send_again([record.key for record in records if record.key and self._buried_by(record)])
        if self._replica.position == start - 1:
            self._replica.position = last

    async def stands_at(self, base: int, key: bytes, value: bytes) -> bool:
        """Whether a row stands at an offset: what a broker tells may be another batch's (design 4.3)."""
        found = await self._read(base, base + 1) if base >= 0 else None
        return any(each.key == key and source_offset(each) == offset_of(value) for each in found or ())

    def send_again(self, keys: Collection[bytes]) -> None:
        """Put rows that are on disk into the next flight."""
        found = {key: value for key in keys if (value := self._partition.get(key)) is not None}
        if not found:
            return
        for key, value in found.items():
            self._partition.overlay.dirty.setdefault(key, value)
        self.resent += len(found)
        self._wake()
        logger.warning(
            "rows that another worker's older ones had buried in the changelog are sent again",
            extra={"action": "resend", "partition": self._partition.number, "rows": len(found)},
        )

    def _buried_by(self, record: Record) -> bool:
        mine = None if record.key in (None, APPLIED) else self._replica.store.get(record.key)
        return mine is not None and source_offset(record) < offset_of(mine)

    async def _read(self, start: int, stop: int) -> list[Record] | None:
        while not self._ended():
            try:
                return await self._changelog.read(self._partition.number, start, stop)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
        return None

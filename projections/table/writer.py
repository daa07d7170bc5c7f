"""From the overlay to the changelog, and only when that is acknowledged to the disk: one task per partition.

The drain loop never waits for this. One batch is in flight, and what is folded meanwhile coalesces. A batch holds whole
streams, never a split one, and only the last of a flight carries the `applied` row: so after any crash a stream's rows
are of one moment, and `applied` vouches for rows that are there (design 4.4).
"""

import asyncio
from collections.abc import Callable

import msgspec

from eventstore.errors import Unavailable
from eventstore.log import NewRecord
from projections.partition import Partition
from projections.rows import APPLIED, FOLD_VERSION, IN_PART, Applied, prefix
from projections.table.changelog import Changelog, ChangelogRecreated, record_of
from projections.table.digest import in_hex
from projections.table.flights import BATCH_BYTES, whole_streams
from projections.table.gaps import Gaps
from projections.table.graves import bury
from projections.table.landing import Landing
from projections.table.replica import Replica

RETRY_SECONDS = 0.2
#: What a partition folds before it is written, while it catches up: the rows of some 10,000 runs (bytes).
LATE_BYTES = 16 << 20


class Writer:
    """Carries one owned partition's rows to changelog and disk until its ownership ends."""

    def __init__(
        self,
        partition: Partition,
        replica: Replica,
        changelog: Changelog,
        log_id: str,
        holds: Callable[[], bool],
        failpoint: Callable[[str], None] = lambda _: None,
        pause: float = 0.0,
    ) -> None:
        self._partition = partition
        self._replica = replica
        self._changelog = changelog
        self._log_id = log_id
        self._holds = holds
        self._failpoint = failpoint
        self._pause = pause
        #: rows are folded from the log's beginning, and the changelog holds others; whether that was said there
        self._anew = replica.resume_at == 0 and replica.position >= 0
        self._disclaimed = False
        self._work = asyncio.Event()
        self._written = partition.position
        #: all is written that was in the log when the partition was assigned
        self.caught_up = asyncio.Event()
        self.ended = False
        #: rows written, batches written
        self.rows = self.batches = 0
        self._gaps = Gaps(partition, replica, changelog, self.wake, lambda: self.ended)
        self._gaps.send_again(replica.inverted)

    def wake(self) -> None:
        """There is something to write."""
        self._work.set()

    @property
    def resent(self) -> int:
        """Rows sent again because another worker's record had buried them."""
        return self._gaps.resent

    @property
    def behind(self) -> int:
        """What is still to be written; 0: nothing waits for a flight, and none is under way.

        Records that are folded and whose rows are not on disk; where there are none, rows that are there and have to be
        sent again, because another worker's older ones bury them in the changelog.
        """
        overlay = self._partition.overlay
        return self._partition.position - self._written or len(overlay.dirty) + len(overlay.flying)

    @property
    def idle(self) -> bool:
        """Everything folded is on disk and in the changelog."""
        return not self.behind

    async def run(self) -> None:
        """Write until `ended`; raises ChangelogRecreated."""
        while not self.ended:
            await self._work.wait()
            self._work.clear()
            if self._replica.wiped and self._partition.caught_up:
                await bury(self._replica.wiped, self._partition, lambda: self.ended)
            while not self.ended and not self.idle and not self._may_wait():
                if self._partition.overlay.size < BATCH_BYTES:
                    # A flight of a few rows costs broker, disk and loop nearly as much as one of hundreds, and nobody
                    # waits for it: what is folded is readable, and what is lost with this process is folded again.
                    await asyncio.sleep(self._pause)
                if not self.ended:
                    await self._fly()
            self._tell()

    def _may_wait(self) -> bool:
        """Nobody may ask for these rows yet, and what changes again before that is written once."""
        partition = self._partition
        return not partition.caught_up and partition.overlay.size < LATE_BYTES

    async def _fly(self) -> None:
        if self._anew and not self._disclaimed and not await self._disclaim():
            return
        offset = self._partition.position
        # A flight before that is not vouched for: compaction would keep its word, and forget the disclaimer.
        is_whole = not self._anew or self._partition.caught_up
        flown = self._partition.overlay.take_off()
        batches = [*whole_streams(flown, late=self._replica.debt.growing)] or [[]]
        digest = self._replica.digest
        for number, rows in enumerate(batches, 1):
            below, sparing = self._partition.overlay.below, self._replica.debt.growing
            landing = Landing(self._replica.store, rows, below, sparing=sparing)
            digest += landing.digest
            if number == len(batches):
                landing.puts.append((APPLIED, self._applied_row(offset, in_hex(digest) if is_whole else IN_PART)))
            if not await self._write(landing):
                return
        self._written, self._anew = offset, not is_whole
        self._partition.overlay.land()
        self._tell()

    def _tell(self) -> None:
        if self._partition.caught_up and self._written >= (self._partition.want or 0) - 1:
            self.caught_up.set()

    async def _disclaim(self) -> bool:
        """Say that the changelog is not whole, before rows come that are newer than what it vouches for.

        Whoever restores from it when this is cut short could not tell by a sum: some rows are ahead of it by then.
        """
        end = self._partition.want or 0
        base = await self._append([record_of(APPLIED, self._applied_row(end - 1, IN_PART))])
        if base is None or self.ended:
            return False
        if base == self._replica.position + 1:
            self._replica.position = base
        self._disclaimed = True
        return True

    def _applied_row(self, offset: int, digest: str) -> bytes:
        name = self._replica.changelog or ""
        row = Applied(log_id=self._log_id, offset=offset, fold=FOLD_VERSION, digest=digest, changelog=name)
        return prefix(offset) + msgspec.json.encode(row)

    async def _write(self, landing: Landing) -> bool:
        base = await self._append([record_of(key, value) for key, value in landing.puts])
        self._failpoint("acked")
        if base is None or not await self._proven():
            # Ownership ended while the ack was under way: another worker's rows may lie before it or behind. The rows
            # are true all the same; what may not happen is that this store claims to be as far as that ack.
            return False
        replica, count = self._replica, len(landing.puts)
        gap = None
        if base == replica.position + 1:
            replica.position = base + count - 1
        elif base > replica.position:
            gap = (replica.position + 1, base, base + count - 1)
        elif await self._gaps.stands_at(base, *landing.puts[0]):
            found, replica.position = replica.position, base + count - 1
            raise ChangelogRecreated(
                f"expected to write to changelog partition {replica.number} behind offset {found}, found {base}: it "
                "was recreated; the partition is taken over again from the log"
            )
        elif self.ended:
            return False
        replica.land(landing)
        self.rows += count
        self.batches += 1
        self._failpoint("written")
        if gap is not None:
            await self._gaps.close(*gap)
        return True

    async def _append(self, records: list[NewRecord]) -> int | None:
        while await self._proven():
            try:
                return await self._changelog.append(self._partition.number, records)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
        return None

    async def _proven(self) -> bool:
        # A process that was paused is the last to learn that it was deposed: it wakes, its ack comes, and no rebalance
        # has been heard of yet. The lease knows, so whoever cannot prove its ownership waits until it can or has none.
        while not self.ended and not self._holds():  # noqa: ASYNC110  # the consumer's thread renews: no event
            await asyncio.sleep(RETRY_SECONDS / 4)
        return not self.ended

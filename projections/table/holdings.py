"""What this worker holds: partitions it owns, and replicas it keeps warm for others (design 4.4).

One rebalance, one task: `hold` restores, takes over, then feeds and writes until `lost` ends it. Owned means: assigned,
restored, folded to the end asked for after the assignment, and a lease that nobody else can contradict.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from eventstore.errors import Moving
from eventstore.log import EventLog
from projections.partition import Partition
from projections.store import Store
from projections.table.changelog import Changelog, ChangelogRecreated
from projections.table.doubts import Doubts
from projections.table.feed import Feed
from projections.table.ownership import Lease
from projections.table.replica import Replica
from projections.table.restore import Restore
from projections.table.writer import Writer


class Table(Protocol):
    """The stores of the partitions, as Faust's table opens them."""

    def open(self, number: int) -> Store:
        """The store of an assigned partition."""

    def release(self, number: int) -> None:
        """Let go of a store: its partition is assigned elsewhere, or this worker stops."""


class Holdings:
    """Everything that a rebalance may take away; `owner` is the door for commands and queries."""

    def __init__(
        self,
        *,
        log: EventLog,
        topic: str,
        log_ids: Mapping[int, str],
        table: Table,
        lease: Lease,
        feed: Feed,
        restore: Restore,
        changelog: Changelog,
        born: Callable[[int, Store, int], Partition],
        failpoint: Callable[[str], None] = lambda _: None,
        pause: float = 0.0,
    ) -> None:
        self.lease = lease
        self.owned: dict[int, Partition] = {}
        self.writers: dict[int, Writer] = {}
        self.replicas: dict[int, Replica] = {}
        #: rises at every loss: what was begun under another generation is void
        self.generation = 0
        self.rebuilds = 0
        #: partitions that this worker would own if it could prove it; None: not assigned yet
        self.assigned: frozenset[int] | None = None
        self._log = log
        self._topic = topic
        self._log_ids = log_ids
        self._table = table
        self._feed = feed
        self._restore = restore
        self._changelog = changelog
        self._born = born
        self._failpoint = failpoint
        #: between two flights of few rows from one partition (s)
        self._pause = pause
        self.doubts = Doubts(log, topic, lost=self.lost)
        self._resent = 0
        self._changes: set[asyncio.Future[None]] = set()
        log.listen(topic, feed.landed)

    def owner(self, number: int) -> Partition | None:
        """The partition, if this worker can prove now that it owns it and has seen all of it."""
        partition = self.owned.get(number)
        return partition if partition is not None and partition.caught_up and self.lease.holds() else None

    def is_indexed(self, number: int) -> bool:
        """Whether lists may be asked of an owned partition: it owes no index rows."""
        replica = self.replicas.get(number)
        return replica is not None and not replica.debt.owed

    @property
    def resent(self) -> int:
        """Rows sent again so far, because another worker's older ones had buried them in the changelog."""
        return self._resent + sum(writer.resent for writer in self.writers.values())

    async def standby(self, number: int) -> Replica | None:
        """What is kept warm here for the partition's owner, level with the changelog. Raises Moving, Unavailable."""
        replica = self.replicas.get(number)
        if replica is None or self.assigned is None or number in self.assigned:
            return None
        try:
            await self._restore.level(replica)
        except TimeoutError:
            raise Moving(f"the standby of partition {number} is not level with the changelog") from None
        if self.replicas.get(number) is not replica or self.assigned is None or number in self.assigned:
            raise Moving(f"the standby of partition {number} moved meanwhile")
        return replica

    def ready(self) -> bool:
        """Whether everything that was assigned is owned."""
        return self.assigned is not None and all(self.owner(number) for number in self.assigned)

    async def changed(self, seconds: float) -> None:
        """Wait until some ownership may have begun or ended."""
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changes.add(change)
        try:
            await asyncio.wait([change], timeout=seconds)
        finally:
            self._changes.discard(change)

    def announce(self) -> None:
        """Wake whoever waits for a change."""
        for change in self._changes:
            if not change.done():
                change.set_result(None)

    def lost(self) -> None:
        """Every ownership ends, overlays and all: at once, from within the rebalance."""
        self.generation += 1
        self._resent = self.resent
        for writer in self.writers.values():
            writer.ended = True
        owned = [*self.owned.values()]
        self.owned.clear()
        self.writers.clear()
        self.assigned = None
        for partition in owned:
            partition.abandon()
        self.announce()

    def keep(self, numbers: set[int]) -> None:
        """Only these partitions are, or will be, assigned in any role: let go of all other stores."""
        for number in self.replicas.keys() - numbers:
            del self.replicas[number]
            self._table.release(number)

    async def hold(self, actives: set[int], standbys: set[int]) -> None:
        """Serve an assignment until cancelled. Raises TooNew, ForeignLog: this worker must leave."""
        for number in actives | standbys:
            if number not in self.replicas:
                self.replicas[number] = Replica(number, self._table.open(number))
                await asyncio.sleep(0)
        replicas = {number: self.replicas[number] for number in actives | standbys}
        for number in actives:
            replicas[number].spare()  # before anything is read into an empty store
        await self._restore.catch_up(replicas, actives)
        ends = await self._restore.patiently(lambda: self._log.ends(self._topic))
        for number in actives:
            self._take_over(number, ends[number])
        self.assigned = frozenset(actives)
        async with asyncio.TaskGroup() as tasks:
            for number, writer in self.writers.items():
                tasks.create_task(self._write(writer, replicas[number]))
            tasks.create_task(self._feed.run(self.owned, self._folded))
            tasks.create_task(self._restore.stand_by(replicas, standbys))
            tasks.create_task(self.doubts.run(self.owned, replicas))
            tasks.create_task(self._index(replicas))

    async def _index(self, replicas: Mapping[int, Replica]) -> None:
        generation = self.generation
        for writer in self.writers.values():
            await writer.caught_up.wait()
        for replica in replicas.values():
            while replica.debt.owed and self.generation == generation:
                replica.debt.pay()
                await asyncio.sleep(0)
        self.announce()

    def _take_over(self, number: int, end: int) -> None:
        replica, log_id = self.replicas[number], self._log_ids[number]
        if (flaw := replica.flaw(log_id, end)) is not None:
            self._rebuild(replica, flaw)
        try:
            partition = self._born(number, replica.store, replica.resume_at)
        except ValueError as unreadable:  # a row that is no row, where the sum could not tell
            self._rebuild(replica, f"unreadable rows: {unreadable}")
            partition = self._born(number, replica.store, replica.resume_at)
        if replica.changelog is None:
            replica.changelog = partition.ready.epoch  # the first to write to it names it
        replica.spare()  # if it was wiped just now
        partition.want = end
        self.owned[number] = partition
        self.writers[number] = Writer(
            partition, replica, self._changelog, log_id, self.lease.holds, self._failpoint, self._pause
        )

    async def _write(self, writer: Writer, replica: Replica) -> None:
        try:
            await writer.run()
        except ChangelogRecreated as wrong:
            self.rebuilds += 1
            self._restore.report(replica.number, str(wrong))
            self.lost()  # or somebody would be shown what is left of it
            replica.wipe(replica.position, recreated=True)
            raise

    def _rebuild(self, replica: Replica, flaw: str) -> None:
        self.rebuilds += 1
        self._restore.report(replica.number, flaw)
        replica.wipe(replica.position)

    def _folded(self, partition: Partition, caught_up: bool) -> None:
        self._failpoint("folded")
        self.writers[partition.number].wake()
        if caught_up:
            self.announce()

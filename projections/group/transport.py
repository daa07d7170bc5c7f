"""Faust as the group: it gives partitions, opens the table's stores and names the owners; it reads nothing.

Decision (beside design 4.4, which fed the table through Faust's fetch loop): records reach the fold through
`eventstore.kafka.tail`, a consumer without a group in the loop that folds. Reasons: every trap that loses data in notes
(recovery that ends without reading, seeks that race with the fetcher, records dropped by a generation change) lies in
the code that is not used any more; ten private names of Faust are no longer relied on; and a record need not cross two
threads before its command is answered. What stays is what Faust does well: assignment with standbys, one table with its
changelog and one RocksDB per partition, and the map of who owns what.

The private names in use, each held by tests/contract/test_faust: `Consumer._new_consumer_thread`,
`Consumer._drain_messages`, `Consumer._thread`, `AIOKafkaConsumerThread._consumer` and `_ensure_consumer`, aiokafka's
`_coordinator._send_req` and `_coordinator.check_errors`, `Store._db_for_partition`. aiokafka is not imported here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from projections.group.disk import disk_options
from projections.store import RocksStore, Store
from projections.table.ownership import Lease


class Hooks:
    """What a rebalance means to the rest of us; set by `group`."""

    def __init__(self, lease: Lease, lost: Callable[[], None], given: Callable[[set[TP]], None]) -> None:
        self.lease = lease
        #: every ownership has ended, at once
        self.lost = lost
        #: these are assigned: all ownerships have ended, and stores of others are let go, before Faust opens any
        self.given = given


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Notes when answered heartbeats were sent."""

    async def on_start(self) -> None:
        """Wrap the coordinator's requests: nothing has been sent to the group before a subscription."""
        await super().on_start()
        lease: Lease = self.app.hooks.lease  # type: ignore[attr-defined]  # set by projections.group.group
        coordinator = self._ensure_consumer()._coordinator
        send = coordinator._send_req

        async def send_and_note(request: Any) -> Any:
            sent = lease.clock()
            response = await send(request)
            # Only one answered without error renews: "a rebalance is in progress" means that others may own soon.
            if type(request).__name__.startswith("Heartbeat") and response.error_code == 0:
                lease.renew(sent)
            return response

        coordinator._send_req = send_and_note


class Consumer(driver.Consumer):
    """Joins, leaves and learns its assignment; fetches, seeks and commits nothing."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Ownership ends before anything else is done."""
        self.app.hooks.lost()  # type: ignore[attr-defined]
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Stores of other partitions are let go before Faust opens new ones."""
        self.app.hooks.given(assigned)  # type: ignore[attr-defined]
        await super().on_partitions_assigned(assigned, generation_id)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Nothing is fetched here."""

    async def perform_seek(self) -> None:
        """Positions are those of the rows, not of the group."""

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Faust's recovery does not read."""

    async def highwaters(self, *_: TP) -> Mapping[TP, int]:
        """Nothing to recover, as far as Faust's own recovery goes."""
        return {}

    async def earliest_offsets(self, *_: TP) -> Mapping[TP, int]:
        """See highwaters."""
        return {}

    def resume_partitions(self, tps: Any) -> None:
        """Partitions stay paused."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's check of a path that carries nothing would only raise false alarms."""


class Transport(driver.Transport):
    """Faust's transport with the consumer above."""

    Consumer = Consumer


class RocksTable:
    """The stores of Faust's table `views`."""

    def __init__(self, table: Any) -> None:
        self._table = table
        # At once: Faust opens files too, as soon as it is told of an assignment.
        table.data.rocksdb_options = disk_options()
        self._stores: dict[int, RocksStore] = {}

    def open(self, number: int) -> Store:
        """See projections.table.holdings.Table."""
        store = self._stores[number] = RocksStore(self._table.data._db_for_partition(number))
        return store

    def release(self, number: int) -> None:
        """See projections.table.holdings.Table."""
        store = self._stores.pop(number, None)
        if store is not None:
            store.release()

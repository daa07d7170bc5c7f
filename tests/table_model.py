"""Workers on an in-memory log and changelog, whose disks outlive them: what the model test and others drive.

A worker here is the real Holdings with the real feed, writer and restore; only Kafka and RocksDB are their twins.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from eventstore.codec import encode
from eventstore.envelope import Envelope
from eventstore.errors import Rejected
from eventstore.events import TYPES, LogOpened
from eventstore.ids import partition_of
from eventstore.log import Landed, NewRecord, Record
from eventstore.memory import InMemoryLog, MemorySource
from eventstore.reading import OPENED_KEY, RUN_EVENTS, Classifier
from handlers.deciders.registry import decide
from projections.indexes.keys import index_keys
from projections.indexes.traits import known_traits
from projections.partition import Partition
from projections.queues.ready import ReadyLine
from projections.rows import PREFIX_LENGTH, is_primary
from projections.store import Item, MemoryStore, Store
from projections.table.debt import OWED
from projections.table.feed import Feed
from projections.table.holdings import Holdings
from projections.table.ownership import Lease
from projections.table.restore import Restore
from tests.independent_fold import fold

AGENDAS, CHANGELOG = "agendas", "changelog"
WAIT_SECONDS = 60.0
EPOCHS = count()


class Fragile(MemoryStore):
    """A store that a crash takes back to where it was safe."""

    def __init__(self) -> None:
        super().__init__()
        self._safe: Any = None

    def write(self, puts: Iterable[Item], removals: Iterable[bytes] = (), *, logged: bool = True) -> None:
        assert self._safe is None or not logged, "what is logged would outlive what came before it"
        if not logged and self._safe is None:
            self._safe = self._rows.copy()
        super().write(puts, removals)

    def clear(self) -> None:
        super().clear()
        self._safe = None

    def flush(self) -> None:
        self._safe = None

    def crash(self) -> None:
        if self._safe is not None:
            self._rows, self._safe = self._safe, None


class Disks:
    """The stores of one worker: see projections.table.holdings.Table."""

    def __init__(self) -> None:
        self.stores: dict[int, Fragile] = {}

    def open(self, number: int) -> Store:
        return self.stores.setdefault(number, Fragile())

    def release(self, number: int) -> None:
        pass


class GatedChangelog:
    """A changelog whose batches land at once, or, while the gate is shut, when it opens: as of a paused process."""

    def __init__(self, log: InMemoryLog) -> None:
        self._log = log
        self._gate = asyncio.Event()
        self._gate.set()

    def shut(self) -> None:
        self._gate.clear()

    def open(self) -> None:
        self._gate.set()

    async def append(self, partition: int, records: list[NewRecord]) -> int:
        # The batch is on the wire: it lands whatever becomes of who waits for the acknowledgement.
        return await asyncio.shield(asyncio.ensure_future(self._land(partition, records)))

    async def read(self, partition: int, start: int, stop: int) -> list[Record]:
        records = self._log.records(CHANGELOG, partition)
        return [record for record in records if start <= record.offset < stop]

    async def _land(self, partition: int, records: list[NewRecord]) -> int:
        await self._gate.wait()
        first, *_ = [self._log.put(CHANGELOG, partition, record) for record in records]
        return first


class ModelWorker:
    """One process: real holdings over shared log and its own disks."""

    def __init__(self, log: InMemoryLog, disks: Disks, log_ids: dict[int, str], partitions: int) -> None:
        self.changelog = GatedChangelog(log)
        self.feed = Feed(MemorySource(log, AGENDAS))
        lease = Lease(1e9, clock=lambda: 0.0)
        lease.renew(0.0)
        self.holdings = Holdings(
            log=log,
            topic=AGENDAS,
            log_ids=log_ids,
            table=disks,
            lease=lease,
            feed=self.feed,
            restore=Restore(log, CHANGELOG, MemorySource(log, CHANGELOG)),
            changelog=self.changelog,
            born=lambda number, store, at: Partition(
                number, store, Classifier(partitions, (), RUN_EVENTS), ReadyLine(f"e{next(EPOCHS)}"), at
            ),
        )
        self.task: asyncio.Task[None] | None = None

    async def assign(self, actives: set[int], standbys: set[int]) -> None:
        self.task = asyncio.ensure_future(self.holdings.hold(actives, standbys))

    async def lose(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None
        self.holdings.lost()

    def idle(self) -> bool:
        """It owns all that it was assigned, everything is written, and there are all index rows."""
        holdings = self.holdings
        return (
            holdings.ready()
            and all(writer.idle for writer in holdings.writers.values())
            and all(map(holdings.is_indexed, holdings.owned))
        )


def indexed(store: Store) -> list[bytes]:
    """The index rows of a store, and what says that some may be missing."""
    return [key for prefix in (b"i", OWED) for key, _ in store.scan(prefix)]


def derived(store: Store) -> list[bytes]:
    """The index rows that follow from the rows of a store."""
    rows = ((key, value) for key, value in store.scan(b"") if is_primary(key))
    return sorted(entry for key, value in rows for entry in index_keys(key, known_traits(key, value)))


class Model:
    """The world: one log, one changelog, some disks, and the workers that are alive."""

    def __init__(self, partitions: int = 1) -> None:
        self.partitions = partitions
        self.log = InMemoryLog({AGENDAS: partitions, CHANGELOG: partitions})
        self.log_ids = {number: f"log-{number}" for number in range(partitions)}
        for number, log_id in self.log_ids.items():
            envelope = Envelope(id=log_id, type=TYPES[LogOpened], source="test", time=0, version=1)
            value, headers = encode(envelope, LogOpened(log_id=log_id, partitions=partitions))
            self.log.put(AGENDAS, number, NewRecord(OPENED_KEY, value, headers))
        self.disks: dict[str, Disks] = {}
        self.workers: dict[str, ModelWorker] = {}
        #: acknowledgements on their way to whoever appended
        self.late: list[tuple[ModelWorker, Record]] = []

    async def start(self, name: str, actives: set[int], standbys: set[int] | None = None) -> ModelWorker:
        worker = self.workers.get(name)
        if worker is None:
            disks = self.disks.setdefault(name, Disks())
            worker = self.workers[name] = ModelWorker(self.log, disks, self.log_ids, self.partitions)
        await worker.assign(actives, standbys or set())
        return worker

    async def crash(self, name: str) -> None:
        """kill -9: memory is gone, what was on the wire may land, of the disk stays what was safe."""
        worker = self.workers.pop(name, None)
        if worker is not None:
            await worker.lose()
            for store in self.disks[name].stores.values():
                store.crash()
            worker.changelog.open()

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not holds():  # noqa: ASYNC110  # a model has many conditions, and no event for each
                await asyncio.sleep(0.001)
        assert what

    def decide(self, name: str, command: Any, heard: str = "never") -> None:
        """Decide on a worker's rows as they are, whoever really owns them, and append: what a deposed owner does.

        It hears of its append at once, late (when it has folded it, or is deposed, or is gone), or never.
        """
        number = partition_of(command.stream, self.partitions)
        partition = self.workers[name].holdings.owned.get(number)
        if partition is None or not partition.caught_up:
            return
        run = partition.run(command.stream)
        try:
            event = decide(command, run)
        except (Rejected, ValueError):
            return  # a row that was corrupted by hand and not found yet decides nothing
        if event is None:
            return
        head = run.head
        envelope = Envelope(
            id=command.id,
            type=TYPES[type(event)],
            source=name,
            time=command.now,
            version=1 if head is None else head.version + 1,
            prev=None if head is None else head.link,
        )
        value, headers = encode(envelope, event)
        self.log.put(AGENDAS, number, NewRecord(command.stream.encode(), value, headers))
        last = self.log.records(AGENDAS, number)[-1]
        at = (AGENDAS, number, last.offset, last.timestamp)
        # As a producer tells it: with what was said, which is not decoded again.
        record = Landed(*at, last.key, last.value, last.headers, (envelope, event))
        if heard == "late":
            self.late.append((self.workers[name], record))
        elif heard == "at once":
            self.workers[name].feed.landed(number, [record])

    def acknowledge(self) -> None:
        """The acknowledgements that are late arrive."""
        late, self.late = self.late, []
        for worker, record in late:
            worker.feed.landed(record.partition, [record])

    def expected(self) -> dict[bytes, bytes]:
        """What the referee makes of the log."""
        rows: dict[bytes, bytes] = {}
        for number in range(self.partitions):
            rows |= fold(self.log.records(AGENDAS, number), self.partitions)
        return rows

    def stored(self, name: str) -> dict[bytes, bytes]:
        """The rows on a worker's disks, graves left out."""
        return {
            key: value
            for store in self.disks[name].stores.values()
            for key, value in store.scan(b"")
            if is_primary(key) and len(value) > PREFIX_LENGTH
        }

    async def serve_and_check(self, name: str) -> None:
        """A worker takes everything over, and its rows are the referee's, byte for byte, with no alarm at the end."""
        for other in [*self.workers]:
            await self.crash(other)
        await self.settle()
        worker = await self.start(name, set(range(self.partitions)))
        await self.until(worker.idle, "idle")
        stored, expected = self.stored(name), self.expected()
        wrong = [key for key in stored.keys() | expected.keys() if stored.get(key) != expected.get(key)]
        assert not wrong, {key: (stored.get(key), expected.get(key)) for key in wrong}
        for store in self.disks[name].stores.values():
            assert indexed(store) == derived(store)
        await self.crash(name)

    async def settle(self) -> None:
        """Let everything that is on the wire land."""
        for _ in range(20):
            await asyncio.sleep(0)

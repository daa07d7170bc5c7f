"""When rows are written: not before a partition has caught up, unless they become many."""

import asyncio

import pytest

from eventstore.log import Landed
from eventstore.memory import InMemoryLog
from eventstore.reading import RUN_EVENTS, Classifier
from projections.partition import Partition
from projections.queues.ready import ReadyLine
from projections.store import MemoryStore
from projections.table import writer as module
from projections.table.replica import Replica
from projections.table.writer import Writer
from tests.benchmarks.events import submission
from tests.table_model import AGENDAS, CHANGELOG, GatedChangelog


class Catching:
    """A partition with a writer, which is to fold three events before it has caught up."""

    def __init__(self) -> None:
        self.log = InMemoryLog({AGENDAS: 1, CHANGELOG: 1})
        store = MemoryStore()
        self.partition = Partition(0, store, Classifier(1, (), RUN_EVENTS), ReadyLine("e"), 0)
        self.partition.want = 3
        replica = Replica(0, store)
        self.writer = Writer(self.partition, replica, GatedChangelog(self.log), "log", lambda: True)
        self._running = asyncio.ensure_future(self.writer.run())

    async def fold(self) -> None:
        """One event more; the writer has heard of it."""
        offset = self.partition.next
        record = submission(f"r{offset}", {})
        self.partition.fold([Landed(AGENDAS, 0, offset, 0, record.key, record.value, record.headers)])
        self.writer.wake()
        for _ in range(20):
            await asyncio.sleep(0)

    def written(self) -> set[str]:
        """Streams of which the changelog has rows."""
        keys = [record.key or b"" for record in self.log.records(CHANGELOG, 0)]
        return {key.split(b"\0")[1].decode() for key in keys if key[:1] == b"h"}

    async def end(self) -> None:
        self.writer.ended = True
        self.writer.wake()
        await self._running


async def test_rows_of_a_partition_that_catches_up_wait_until_it_has() -> None:
    world = Catching()
    await world.fold()
    await world.fold()
    assert (world.written(), world.writer.behind) == (set(), 2)
    await world.fold()
    assert (world.written(), world.writer.idle) == ({"r0", "r1", "r2"}, True)
    await world.end()


async def test_they_do_not_wait_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATE_BYTES", 1_500)
    world = Catching()
    await world.fold()
    assert world.written() == set()
    await world.fold()
    assert world.written() == {"r0", "r1"}
    await world.end()


async def test_what_is_written_again_before_it_flies_counts_once() -> None:
    world = Catching()
    overlay = world.partition.overlay
    for value in (b"1" * 100, b"2" * 70, b"3" * 80):
        overlay.put(b"p\0r", value)
    assert overlay.size == 80
    await world.end()

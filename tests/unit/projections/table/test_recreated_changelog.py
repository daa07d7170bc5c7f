"""A changelog that was deleted and made anew, and has grown past the position of a disk that comes back to it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from eventstore.log import NewRecord, Record
from eventstore.memory import MemoryRecord, MemorySource
from projections.rows import APPLIED, Applied
from projections.table import flights
from projections.table.replica import Replica
from projections.table.restore import Restore
from tests import builders as b
from tests.table_model import CHANGELOG, Model, ModelWorker


class Story:
    """Commands on one partition, each on disk before the next."""

    def __init__(self) -> None:
        self.model = Model()
        self.count = 0

    async def start(self, name: str) -> ModelWorker:
        worker = await self.model.start(name, {0})
        await self.model.until(worker.idle, "idle")
        return worker

    def begin(self, name: str, *streams: str) -> None:
        for stream in streams:
            self.model.decide(name, b.submit("a1", stream=stream, id=f"s-{stream}"))

    def report(self, name: str, stream: str, operation: str = "x") -> None:
        self.count += 1
        entry = b.operation(operation, None, percent_complete=float(self.count))
        command = b.report(500, entry, identity=f"c{self.count}", now=b.NOW + self.count, stream=stream)
        self.model.decide(name, command)

    async def land(self, name: str) -> None:
        worker = self.model.workers[name]
        await self.model.until(lambda: worker.holdings.owned[0].next == self.end(), "folded")
        await self.model.until(worker.idle, "idle")

    def end(self) -> int:
        return len(self.model.log.records("agendas", 0))

    def changelog(self) -> int:
        return len(self.model.log.records(CHANGELOG, 0))


def only_the_first(worker: ModelWorker) -> asyncio.Event:
    """From the batch after the one in flight on nothing lands, as if the process died between two batches."""
    never = asyncio.Event()

    async def append(partition: int, records: list[NewRecord]) -> int:
        await never.wait()
        return -1

    worker.changelog.append = append  # type: ignore[method-assign]
    return never


@pytest.mark.parametrize("dies", [False, True], ids=["whole flights", "a flight cut short"])
async def test_rows_of_two_changelogs_are_never_mixed(monkeypatch: pytest.MonkeyPatch, *, dies: bool) -> None:
    """Rows ahead of `applied` are not summed, so it took the changelog's name to notice what was never read."""
    story = Story()
    await story.start("B")
    story.begin("B", "r1", "r2", "r3")
    await story.land("B")
    for _ in range(6):
        story.report("B", "r1")
        await story.land("B")
    position = story.model.workers["B"].holdings.replicas[0].position
    await story.model.crash("B")
    story.model.log.recreate(CHANGELOG)
    owner = await story.start("A")
    story.report("A", "r2")
    await story.land("A")
    while story.changelog() <= position + 3:
        story.report("A", "r1")
        await story.land("A")
    monkeypatch.setattr(flights, "BATCH_BYTES", 300)
    if dies:
        await cut_short(story, owner)
    await story.model.crash("A")

    await story.model.serve_and_check("B")
    await story.model.serve_and_check("A")


@pytest.mark.parametrize("comes_back", ["B", "empty"])
async def test_rows_are_whole_where_the_changelog_was_recreated_under_its_owner(
    monkeypatch: pytest.MonkeyPatch, comes_back: str
) -> None:
    """What was in the old one alone is in no record of the new one, and a flight that is cut short has no sum."""
    story = Story()
    await story.start("B")
    story.begin("B", "r1", "r2", "r3")
    await story.land("B")
    await story.model.crash("B")
    owner = await story.start("A")
    position = owner.holdings.replicas[0].position

    story.model.log.recreate(CHANGELOG)
    story.report("A", "r2")
    await begins_again(story, owner)
    while story.changelog() <= position + 3:
        story.report("A", "r1")
        await story.land("A")
    monkeypatch.setattr(flights, "BATCH_BYTES", 300)
    await cut_short(story, owner)
    await story.model.crash("A")

    await story.model.serve_and_check(comes_back)
    await story.model.serve_and_check("A")


async def test_rows_are_whole_where_whoever_makes_a_recreated_changelog_good_dies_over_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What landed there first vouches for rows that are not there, and no sum would tell where others are newer."""
    story = Story()
    owner = await story.start("A")
    story.begin("A", "r1", "r2", "r3")
    await story.land("A")
    owner.changelog.shut()
    story.report("A", "r2")
    await story.model.until(lambda: owner.holdings.owned[0].next == story.end(), "folded")
    await story.model.settle()  # its flight is under way
    story.report("A", "r1")
    await story.model.until(lambda: owner.holdings.owned[0].next == story.end(), "folded")
    story.model.log.recreate(CHANGELOG)
    owner.changelog.open()

    monkeypatch.setattr(flights, "BATCH_BYTES", 300)
    await fails(story, owner)
    landed = story.changelog()
    only_one_more(owner)
    await story.model.start("A", {0})
    await story.model.until(lambda: story.changelog() > landed, "a part of what makes it good")
    await story.model.settle()
    await story.model.crash("A")

    await story.model.serve_and_check("empty")
    await story.model.serve_and_check("A")


async def test_what_stands_at_the_stored_position_tells_the_changelog_only_if_it_is_the_very_row() -> None:
    story = Story()
    await story.start("B")
    story.begin("B", "r1")
    await story.land("B")
    story.report("B", "r1")
    await story.land("B")
    await story.model.crash("B")
    records = story.model.log.records(CHANGELOG, 0)
    closing = [each for each in records if each.key == APPLIED]

    found = Replica(0, story.model.disks["B"].stores[0])

    assert found.opened_at == closing[-1].offset
    assert found.ends_with(records)
    for others in (
        closing[:-1],  # elsewhere
        [other(closing[-2], offset=found.opened_at)],  # of another moment
        [other(closing[-1], value=(closing[-1].value or b"").replace(name(closing[-1]), b"x" * 20))],
        [other(closing[-1], key=b"\0other")],
        [],
    ):
        assert not found.ends_with(others)


async def test_a_doubt_about_the_changelog_outlives_the_assignment_in_which_it_came_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rebalance may end the look at what stands at the stored position; the disk goes on to the next one."""
    story = Story()
    await story.start("B")
    story.begin("B", "r1", "r2")
    await story.land("B")
    for _ in range(6):
        story.report("B", "r1")
        await story.land("B")
    await story.model.crash("B")
    replica = Replica(0, story.model.disks["B"].stores[0])
    story.model.log.recreate(CHANGELOG)
    await story.start("A")
    story.report("A", "r2")
    await story.land("A")
    while story.changelog() <= replica.position + 3:
        story.report("A", "r1")
        await story.land("A")
    restore = Restore(story.model.log, CHANGELOG, MemorySource(story.model.log, CHANGELOG))
    looks = asyncio.Event()

    async def read(*_: object) -> AsyncIterator[list[Record]]:
        looks.set()
        await asyncio.Event().wait()
        yield []

    with monkeypatch.context() as patched:
        patched.setattr(story.model.log, "read", read)
        first = asyncio.create_task(restore.catch_up({0: replica}, {0}))
        async with asyncio.timeout(60):
            await looks.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    async with asyncio.timeout(60):
        await restore.catch_up({0: replica}, {0})

    rows, theirs = (dict(store.scan(b"")) for store in (replica.store, story.model.disks["A"].stores[0]))
    assert rows == theirs


async def fails(story: Story, owner: ModelWorker) -> None:
    """As projections.group has it: what failed is let go."""
    assert owner.task is not None
    await story.model.until(owner.task.done, "the owner to find that it writes to another changelog")
    assert owner.task.exception() is not None
    await owner.lose()
    owner.holdings.keep(set())


async def begins_again(story: Story, owner: ModelWorker) -> None:
    """And taken over again."""
    await fails(story, owner)
    await story.start("A")


def only_one_more(owner: ModelWorker) -> None:
    """The next batch lands, and then none, as if the process died between two."""
    append, landed = owner.changelog.append, 0

    async def once(partition: int, records: list[NewRecord]) -> int:
        nonlocal landed
        landed += 1
        if landed > 1:
            await asyncio.Event().wait()
        return await append(partition, records)

    owner.changelog.append = once  # type: ignore[method-assign]


def other(record: Record, **differs: Any) -> Record:
    """A record like another."""
    names = ("topic", "partition", "offset", "timestamp", "key", "value", "headers")
    return MemoryRecord(**{each: getattr(record, each) for each in names} | differs)


def name(applied: Record) -> bytes:
    """What an `applied` row calls its changelog."""
    return (msgspec.json.decode(applied.value or b"", type=Applied).changelog or "").encode()


async def cut_short(story: Story, owner: ModelWorker, operation: str = "x") -> None:
    """A flight of A's of which the first batch lands, and the one with the `applied` row does not."""
    owner.changelog.shut()
    before = story.changelog()
    story.report("A", "r1", operation)
    story.report("A", "r3")
    await story.model.until(lambda: owner.holdings.owned[0].next == story.end(), "folded")
    await story.model.settle()
    only_the_first(owner)
    owner.changelog.open()
    await story.model.until(lambda: story.changelog() > before, "the first batch to land")
    last: Any = story.model.log.records(CHANGELOG, 0)[-1]
    assert not last.key.startswith(b"\0"), "no applied row closes the flight"
    await story.model.settle()

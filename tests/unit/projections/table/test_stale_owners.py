"""A writer that wakes up after another worker took its partition over: what its own disk may claim to hold."""

import asyncio

import msgspec
import pytest

from eventstore.log import NewRecord
from projections.rows import APPLIED, Applied
from projections.table import flights
from projections.table.changelog import source_offset
from tests.table_model import CHANGELOG, ModelWorker
from tests.unit.projections.table.test_recreated_changelog import Story, cut_short


def expire(worker: ModelWorker) -> None:
    """Its heartbeats have stayed away for longer than the group waits."""
    worker.holdings.lease.clock = lambda: 2e9


def revive(worker: ModelWorker) -> None:
    """Its heartbeats are answered again."""
    worker.holdings.lease.clock = lambda: 0.0


async def asleep(story: Story, name: str) -> ModelWorker:
    """A worker whose batch is on the wire, and which does not know yet that its ownership has ended."""
    worker = await story.start(name)
    story.begin(name, "r1", "r3")
    await story.land(name)
    worker.changelog.shut()
    story.report(name, "r3")
    await story.model.until(lambda: worker.holdings.owned[0].next == story.end(), "folded")
    await story.model.settle()
    expire(worker)
    return worker


async def test_rows_of_a_new_owner_do_not_count_as_seen_by_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted as seen, they would be missing for good: rows ahead of `applied` have no sum that could tell."""
    story = Story()
    old = await asleep(story, "B")
    new = await story.start("A")
    story.report("A", "r1", "x")
    await story.land("A")

    old.changelog.open()  # it wakes: its batch lands behind the rows of A, and only then it learns that it was deposed
    await story.model.settle()
    await old.lose()
    monkeypatch.setattr(flights, "BATCH_BYTES", 300)
    await cut_short(story, new, "y")
    await story.model.crash("A")
    revive(old)
    await story.start("B")

    await story.model.serve_and_check("B")
    await story.model.serve_and_check("A")


async def test_an_old_owner_that_wakes_and_learns_that_it_was_deposed_needs_no_rebuild() -> None:
    story = Story()
    old = await asleep(story, "B")
    await story.start("A")
    for operation in ("x", "y"):
        story.report("A", "r1", operation)
        await story.land("A")
    old.changelog.open()
    await story.model.settle()
    await old.lose()
    story.report("A", "r1", "x")
    await story.land("A")
    await story.model.crash("A")
    revive(old)

    await story.start("B")

    assert old.holdings.rebuilds == 0
    await story.model.serve_and_check("B")


async def test_a_first_flight_that_was_slept_over_makes_no_other_changelog(caplog: pytest.LogCaptureFixture) -> None:
    """Who writes first names the changelog. One that was stopped before that, and wakes later, names it once more."""
    story = Story()
    old = await story.model.start("B", {0})
    old.changelog.shut()
    await story.model.until(lambda: 0 in old.holdings.owned and old.holdings.owned[0].next == story.end(), "folded")
    await story.model.settle()
    expire(old)
    await story.start("A")
    story.begin("A", "r1", "r3")
    await story.land("A")
    await story.model.crash("A")  # its disk is as far as its own rows
    old.changelog.open()
    await story.model.settle()
    await story.model.crash("B")
    assert len({*names(story)}) == 2

    for _ in range(2):
        await story.start("A")
        story.report("A", "r1")
        await story.land("A")
        await story.model.serve_and_check("A")

    assert [each.getMessage() for each in caplog.records if "rebuilt" in each.getMessage()] == []
    await story.model.serve_and_check("empty")


def names(story: Story) -> list[str | None]:
    """What the `applied` rows call their changelog, in their order."""
    applied = (each.value for each in story.model.log.records(CHANGELOG, 0) if each.key == APPLIED)
    return [msgspec.json.decode(value or b"", type=Applied).changelog for value in applied]


async def test_an_owner_without_proof_for_a_while_goes_on_where_it_was() -> None:
    """An ack may come while no heartbeat does, after an outage for one: nothing of that flight may be forgotten."""
    story = Story()
    owner = await asleep(story, "A")
    owner.changelog.open()
    await story.model.settle()
    assert not owner.idle()
    revive(owner)
    story.report("A", "r1")
    await story.land("A")

    assert owner.holdings.rebuilds == 0
    await story.model.serve_and_check("A")
    await story.model.serve_and_check("empty")


async def test_what_is_sent_again_is_unwritten_until_it_is_acknowledged() -> None:
    """On the disk it is already; whoever waits for everything to be written waits for the changelog as well."""
    story = Story()
    owner = await story.start("A")
    story.begin("A", "r1", "r3")
    await story.land("A")
    old = next(each for each in story.model.log.records(CHANGELOG, 0) if each.key and b"r1" in each.key)
    story.report("A", "r1")
    await story.land("A")
    story.model.log.put(CHANGELOG, 0, NewRecord(old.key or b"", old.value, [*old.headers]))  # a woken worker's
    waits, let_go = at_the_second_flight(owner)

    story.report("A", "r3")  # its flight finds the gap, the next one closes it
    await asyncio.wait_for(waits.wait(), 60)

    [carries] = owner.holdings.writers.values()
    assert (carries.resent, carries.behind > 0, owner.idle()) == (1, True, False)
    let_go.set()
    await story.model.until(owner.idle, "written")
    assert carries.behind == 0
    last = [each for each in story.model.log.records(CHANGELOG, 0) if each.key == old.key][-1]
    assert source_offset(last) > source_offset(old)


def at_the_second_flight(worker: ModelWorker) -> tuple[asyncio.Event, asyncio.Event]:
    """The batch after the next one waits to land until it is let go; set when it waits, and to let it go."""
    waits, let_go, append, sent = asyncio.Event(), asyncio.Event(), worker.changelog.append, 0

    async def in_turn(partition: int, records: list[NewRecord]) -> int:
        nonlocal sent
        sent += 1
        if sent > 1:
            waits.set()
            await let_go.wait()
        return await append(partition, records)

    worker.changelog.append = in_turn  # type: ignore[method-assign]
    return waits, let_go

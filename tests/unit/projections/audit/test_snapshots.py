"""Snapshots of a standby: of one moment that its rows are of, or none."""

import asyncio

import pytest

from eventstore.errors import Moving
from eventstore.log import NewRecord
from projections.audit.snapshots import Closing, Snapshot
from projections.rows import APPLIED, head_key
from projections.table.replica import Replica
from tests.table_model import ModelWorker
from tests.unit.projections.table.test_recreated_changelog import Story


def sums(standby: Replica) -> tuple[str, str]:
    """What the standby's rows sum to, and what its `applied` row says that they do."""
    snapshot = Snapshot(standby)
    *_, last = snapshot.parts()
    assert isinstance(last, Closing)
    assert snapshot.opening.applied is not None
    return last.digest, snapshot.opening.applied.digest


def only_so_many(owner: ModelWorker, count: int) -> asyncio.Event:
    """So many batches land, and those behind them when the event is set."""
    append, goes_on, landed = owner.changelog.append, asyncio.Event(), 0

    async def held(partition: int, records: list[NewRecord]) -> int:
        nonlocal landed
        landed += 1
        if landed > count:
            await goes_on.wait()
        return await append(partition, records)

    owner.changelog.append = held  # type: ignore[method-assign]
    return goes_on


async def test_of_a_standby_whose_owner_writes_its_rows_anew_there_is_none_until_it_has() -> None:
    """`verify` would hold against it that its rows do not sum to what they are said to: to nothing yet."""
    story = Story()
    owner = await story.start("A")
    story.begin("A", "r1", "r2")
    await story.land("A")
    other = await story.model.start("B", set(), {0})
    await story.model.until(lambda: 0 in other.holdings.replicas, "opened")
    standby = other.holdings.replicas[0]
    await story.model.until(lambda: standby.position == story.changelog() - 1, "level")
    rows, said = sums(standby)
    assert rows == said
    await owner.lose()
    owner.holdings.keep(set())
    store = story.model.disks["A"].stores[0]
    store.write([], [head_key("r1")])
    length = story.changelog()

    goes_on = only_so_many(owner, 1)
    await story.model.start("A", {0})
    await story.model.until(lambda: story.changelog() == length + 1, "said that they are written anew")
    await story.model.until(lambda: standby.position == length, "level")
    assert story.model.log.records("changelog", 0)[-1].key == APPLIED
    with pytest.raises(Moving, match="written anew"):
        Snapshot(standby)

    goes_on.set()
    await story.model.until(owner.idle, "written")
    await story.model.until(lambda: standby.position == story.changelog() - 1, "level")
    assert sums(standby) == (rows, said)
    await story.model.crash("A")
    await story.model.crash("B")

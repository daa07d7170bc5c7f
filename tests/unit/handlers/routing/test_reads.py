"""Questions to all owners: answered by all, or given up as a whole."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from eventstore.errors import Moving
from handlers.routing.reads import Question, Reads
from handlers.routing.waiting_room import WaitingRoom
from projections.queries import listing
from projections.views import Answer, ByAttribute
from tests.unit.projections.table.test_recreated_changelog import Story


class Directory:
    """Two other workers: one is gone, and one takes its time."""

    me, partitions = "me", 2
    holdings = SimpleNamespace(owned={})

    def __init__(self) -> None:
        self.under_way = 0

    def owner(self, number: int) -> str:
        return ("slow", "gone")[number]

    async def ask(self, owner: str, *_: object) -> Answer:
        self.under_way += 1
        try:
            await asyncio.sleep(0 if owner == "gone" else 3600)
        finally:
            self.under_way -= 1
        raise Moving(f"{owner} is not there")


async def test_where_one_owner_is_gone_the_others_are_not_kept_busy_with_a_list_that_nobody_will_see() -> None:
    """While a partition moves a list is asked for ten times a second: each time, every other owner walked on."""
    directory: Any = Directory()

    async def changed(_: float) -> None:
        await asyncio.sleep(0)

    with pytest.raises(Moving):
        await Reads(directory, WaitingRoom(changed, 0.0)).query(ByAttribute(kind="agenda", where={}))
    await asyncio.sleep(0)
    assert directory.under_way == 0


@pytest.mark.parametrize("ends", [False, True], ids=["owned", "wiped"])
async def test_a_list_in_whose_middle_a_partition_is_wiped_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, *, ends: bool
) -> None:
    """What was read of it until then would pass for all that there is."""
    monkeypatch.setattr(listing, "SLICE", 1)
    story = Story()
    worker = await story.start("A")
    runs = [f"r{number}" for number in range(9)]
    story.begin("A", *runs)
    await story.land("A")
    holdings = worker.holdings
    directory: Any = SimpleNamespace(holdings=holdings, partitions=1)
    reads = Reads(directory, WaitingRoom(holdings.changed, 0.0))

    asked = asyncio.ensure_future(reads.here(Question(ByAttribute(kind="progress", where={}), [0])))
    await asyncio.sleep(0)
    assert not asked.done(), "it has begun, and goes on in its next turn"
    if ends:
        holdings.lost()
        holdings.replicas[0].wipe(holdings.replicas[0].position)
        with pytest.raises(Moving, match="while a list was read"):
            await asked
    else:
        assert [view.progress.id for view in (await asked).progresses] == runs
    await story.model.crash("A")

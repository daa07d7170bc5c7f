"""Questions to all owners: answered by all, or given up as a whole."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from eventstore.errors import Moving
from handlers.routing.reads import Reads
from handlers.routing.waiting_room import WaitingRoom
from projections.views import Answer, ByAttribute


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

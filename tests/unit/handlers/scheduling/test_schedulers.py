"""The schedulers of a worker that leaves: who waits is answered, and who comes meanwhile asks again elsewhere."""

import asyncio
import itertools

import pytest

from eventstore.commands import SERVICE
from eventstore.errors import Moving
from handlers.gateway import Pull
from handlers.scheduling.schedulers import Schedulers
from tests import builders as b
from tests.unit.handlers.scheduling.test_scheduler import Owners


def schedulers() -> Schedulers:
    ids = itertools.count()
    return Schedulers(
        catalogue=b.catalogue(b.insight("old"), b.insight("new")),
        owners=Owners("AB"),
        now=lambda: 0,
        draw=lambda: f"{next(ids)}",
        patience_ms=1000,
        prompt_patience_ms=1000,
    )


def pull(insight: str) -> Pull:
    return Pull(insight_id=insight, count=1, wait=600.0, caller=SERVICE)


async def test_who_waits_is_answered_with_nothing() -> None:
    found = schedulers()
    waiting = asyncio.create_task(found.pull(pull("old")))
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await found.stop()
        assert await waiting == []


async def test_who_comes_for_another_queue_meanwhile_asks_again() -> None:
    """Nobody would answer him; and stopping them all failed of a scheduler that was new."""
    found = schedulers()
    waiting = asyncio.create_task(found.pull(pull("old")))
    await asyncio.sleep(0)
    leaving = asyncio.create_task(found.stop())
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        with pytest.raises(Moving):
            await found.pull(pull("new"))
        await leaving
        assert await waiting == []

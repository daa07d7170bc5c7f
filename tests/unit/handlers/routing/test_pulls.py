"""Pullers are answered with nothing when their worker leaves, wherever they wait."""

import asyncio

import pytest

from handlers.routing.pulls import Answers, Pulls
from projections.views import Answer


class Elsewhere:
    """Another worker's scheduler, which has nothing yet."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        self.cancelled = False

    async def pull(self) -> Answers:
        self.asked.set()
        try:
            return await self.answer
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_whoever_waits_gets_what_comes() -> None:
    pulls, there, found = Pulls(), Elsewhere(), [Answer()]
    waiting = asyncio.create_task(pulls.answer(there.pull))
    await there.asked.wait()
    there.answer.set_result(found)
    assert await waiting is found
    pulls.leave()
    assert not there.cancelled


async def test_whoever_waits_when_the_worker_leaves_gets_nothing_and_so_does_whoever_comes_then() -> None:
    pulls, there = Pulls(), Elsewhere()
    waiting = asyncio.create_task(pulls.answer(there.pull))
    await there.asked.wait()
    pulls.leave()
    assert await waiting == []
    assert there.cancelled
    late = Elsewhere()
    assert await pulls.answer(late.pull) == []
    assert not late.asked.is_set()


async def test_a_puller_that_is_gone_is_not_waited_for() -> None:
    pulls, there = Pulls(), Elsewhere()
    waiting = asyncio.create_task(pulls.answer(there.pull))
    await there.asked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert there.cancelled

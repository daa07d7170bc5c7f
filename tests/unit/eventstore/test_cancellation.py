"""A cancellation that meets the answer of Kafka's client ends the task all the same."""

import asyncio
import sys

import pytest

from eventstore.kafka.cancellation import heed


async def answered(answer: "asyncio.Future[str]", *, heeding: bool) -> str:
    """What the client does, and what we do behind it."""
    found = await asyncio.wait_for(answer, 60)
    if heeding:
        heed()
    return found


async def cancelled_as_it_is_answered(*, heeding: bool) -> "asyncio.Task[str]":
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(answered(answer, heeding=heeding))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    answer.set_result("the answer")
    task.cancel()
    await asyncio.wait([task])
    return task


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="wait_for swallows no cancellation any more")
async def test_wait_for_swallows_it() -> None:
    assert (await cancelled_as_it_is_answered(heeding=False)).result() == "the answer"


async def test_it_ends_the_task() -> None:
    assert (await cancelled_as_it_is_answered(heeding=True)).cancelled()


async def test_whoever_was_not_cancelled_goes_on() -> None:
    heed()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.sleep(60)
    heed()

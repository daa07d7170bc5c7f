"""A worker's tasks end when it leaves, also one that swallows a cancellation."""

import asyncio

import pytest

from handlers import worker


async def deaf_once() -> None:
    """Goes on when it is cancelled for the first time, as `asyncio.wait_for` of Python 3.11 may make a loop do."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def failing() -> None:
    raise ValueError


async def test_they_are_cancelled_until_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CANCEL_SECONDS", 0.01)
    tasks = [asyncio.create_task(coroutine) for coroutine in (deaf_once(), failing(), asyncio.sleep(0))]
    await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await worker._ended(tasks)

    assert all(task.done() for task in tasks)


async def test_nothing_is_waited_for_where_nothing_runs() -> None:
    await worker._ended([])


async def test_the_group_is_left_whatever_failed_before() -> None:
    """Its thread would go on, and with it the ownership of partitions that nobody serves."""
    left: list[str] = []

    async def settle(_: object) -> None:
        raise ValueError

    async def leave(_: object, __: object) -> None:
        left.append("group")

    leaving = type("Leaving", (), {"_settle": settle, "_leave": leave})()
    with pytest.raises(ValueError):
        await worker.Worker._stop(leaving, [])
    assert left == ["group"]

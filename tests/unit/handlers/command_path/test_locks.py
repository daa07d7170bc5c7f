"""One command at a time per stream, and a deadline for everyone who waits."""

import asyncio

import pytest

from eventstore.errors import Moving
from handlers.command_path import locks
from handlers.command_path.locks import Locks


async def hold(found: Locks, release: asyncio.Event, began: list[str], name: str) -> None:
    async with found.hold("r"):
        began.append(name)
        await release.wait()


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_who_comes_when_a_lock_changes_hands_waits_no_longer_than_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is free for one turn of the loop, and yet it is the next one's: who waits for that may wait for hours."""
    found, first, second, began = Locks(), asyncio.Event(), asyncio.Event(), list[str]()
    one = asyncio.create_task(hold(found, first, began, "one"))
    await turns()
    two = asyncio.create_task(hold(found, second, began, "two"))
    await turns()
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.05)
    first.set()
    async with asyncio.timeout(60):
        while found._locks["r"][0].locked():  # noqa: ASYNC110  # a turn of the loop each
            await asyncio.sleep(0)
    with pytest.raises(Moving, match="a turn on r"):
        async with asyncio.timeout(30):
            await hold(found, second, began, "three")
    second.set()
    await asyncio.gather(one, two)
    assert began == ["one", "two"]
    assert not found._locks

"""Requests wait while a partition moves: within bounds, reports before reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from eventstore.errors import Conflict, Moving, OutcomeUnknown
from handlers.routing import waiting_room
from handlers.routing.waiting_room import WaitingRoom


class Partition:
    """Moves until it is told to settle."""

    def __init__(self) -> None:
        self.settled = asyncio.Event()
        self.asked = 0

    async def changed(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.settled.wait()
        except TimeoutError:
            pass

    async def once(self) -> str:
        self.asked += 1
        if not self.settled.is_set():
            raise Moving("between two owners")
        return "answered"


async def until_held(room: WaitingRoom, count: int) -> None:
    async with asyncio.timeout(60):
        while room.held < count:  # noqa: ASYNC110  # a turn of the loop each: nothing here waits for time
            await asyncio.sleep(0)


@asynccontextmanager
async def waiting(room: WaitingRoom, count: int, once: Callable[[], Awaitable[str]]) -> AsyncIterator[None]:
    """So many more commands wait."""
    before = room.held
    tasks = [asyncio.create_task(room.hold(once, "x", is_read=False)) for _ in range(count)]
    await until_held(room, before + count)
    yield
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_it_is_asked_again_until_the_partition_has_come_to_rest() -> None:
    partition = Partition()
    room = WaitingRoom(partition.changed, 15.0)
    task = asyncio.create_task(room.hold(partition.once, "asked", is_read=True))
    await until_held(room, 1)

    partition.settled.set()

    assert await task == "answered"
    assert (room.held, room.bytes) == (0, 0)


async def test_an_unknown_outcome_is_asked_for_again_and_a_refusal_is_not() -> None:
    outcomes: list[Exception | str] = [OutcomeUnknown("?"), Moving("?"), "done"]

    async def once() -> str:
        found = outcomes.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    room = WaitingRoom(lambda _: asyncio.sleep(0), 15.0)
    assert await room.hold(once, "asked", is_read=False) == "done"
    outcomes.append(Conflict("no"))
    with pytest.raises(Conflict):
        await room.hold(once, "asked", is_read=False)


async def test_patience_ends_with_what_was_wrong() -> None:
    partition = Partition()
    room = WaitingRoom(lambda _: asyncio.sleep(0), 0.01)

    with pytest.raises(Moving, match="between two owners"):
        await room.hold(partition.once, "asked", is_read=True)
    assert partition.asked > 1
    assert room.held == 0


async def test_reads_are_refused_when_half_of_the_places_are_taken_and_reports_when_all_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting_room, "PLACES", 4)
    partition = Partition()
    room = WaitingRoom(partition.changed, 15.0)
    async with waiting(room, 2, partition.once):
        with pytest.raises(Moving):
            await room.hold(partition.once, "read", is_read=True)
        async with waiting(room, 2, partition.once):
            with pytest.raises(Moving):
                await room.hold(partition.once, "report", is_read=False)
    assert room.held == 0


async def test_bytes_are_bounded_as_places_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "BYTES", 100)
    partition = Partition()
    room = WaitingRoom(partition.changed, 15.0)

    with pytest.raises(Moving):
        await room.hold(partition.once, "x" * 101, is_read=False)
    with pytest.raises(Moving):
        await room.hold(partition.once, "x" * 60, is_read=True)
    async with waiting(room, 1, partition.once):
        assert room.bytes == 2

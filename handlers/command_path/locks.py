"""One command at a time per stream; who waits for its turn has a deadline (design 4.3)."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from eventstore.errors import Moving

WAIT_SECONDS = 10.0


class Locks:
    """Locks by stream, kept only while someone holds or awaits them."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._free: asyncio.Event | None = None

    def hold(self, stream: str) -> "Turn":
        """Hold the stream's lock while in the context; raises Moving when the turn does not come in time."""
        return Turn(self, stream)

    async def settle(self, seconds: float) -> None:
        """Wait until nobody holds or awaits one, or for so long."""
        self._free = asyncio.Event()
        if self._locks:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._free.wait()

    async def enter(self, stream: str) -> None:
        """Have the turn; raises Moving."""
        lock, users = self._locks.get(stream) or (asyncio.Lock(), 0)
        self._locks[stream] = lock, users + 1
        try:
            # Not whether it is locked: a lock that was let go of this very moment is the next one's already.
            if not users:
                await lock.acquire()
            else:
                await self._wait(lock, stream)
        except BaseException:
            self._leave(stream)
            raise

    def release(self, stream: str) -> None:
        """End the turn."""
        self._locks[stream][0].release()
        self._leave(stream)

    async def _wait(self, lock: asyncio.Lock, stream: str) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise Moving(f"expected a turn on {stream} within {WAIT_SECONDS:.0f} s; ask again") from None

    def _leave(self, stream: str) -> None:
        lock, users = self._locks[stream]
        if users > 1:
            self._locks[stream] = lock, users - 1
            return
        del self._locks[stream]
        if self._free is not None and not self._locks:
            self._free.set()


class Turn:
    """A context written by hand: made of a generator it costs a command twice as much."""

    __slots__ = ("_locks", "_rest", "_stream")

    def __init__(self, locks: Locks, stream: str) -> None:
        self._locks = locks
        self._stream = stream
        self._rest: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Turn":
        await self._locks.enter(self._stream)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._rest is None:
            self._locks.release(self._stream)

    def lend(self, rest: Coroutine[None, None, None]) -> None:
        """Whoever has this turn leaves; it ends when the rest is done."""
        self._rest = asyncio.get_running_loop().create_task(rest)
        self._rest.add_done_callback(lambda _: self._locks.release(self._stream))

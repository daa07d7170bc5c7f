"""One command at a time per stream; who waits for its turn has a deadline (design 4.3)."""

import asyncio

from eventstore.errors import Moving

WAIT_SECONDS = 10.0


class Locks:
    """Locks by stream, kept only while someone holds or awaits them."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def hold(self, stream: str) -> "_Turn":
        """Hold the stream's lock while in the context; raises Moving when the turn does not come in time."""
        return _Turn(self._locks, stream)


class _Turn:
    """A context written by hand: made of a generator it costs a command twice as much."""

    __slots__ = ("_locks", "_stream")

    def __init__(self, locks: dict[str, tuple[asyncio.Lock, int]], stream: str) -> None:
        self._locks = locks
        self._stream = stream

    async def __aenter__(self) -> None:
        lock, users = self._locks.get(self._stream) or (asyncio.Lock(), 0)
        self._locks[self._stream] = lock, users + 1
        try:
            # Not whether it is locked: a lock that was let go of this very moment is the next one's already.
            if not users:
                await lock.acquire()
            else:
                await self._wait(lock)
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._locks[self._stream][0].release()
        self._leave()

    async def _wait(self, lock: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise Moving(f"expected a turn on {self._stream} within {WAIT_SECONDS:.0f} s; ask again") from None

    def _leave(self) -> None:
        lock, users = self._locks[self._stream]
        if users == 1:
            del self._locks[self._stream]
        else:
            self._locks[self._stream] = lock, users - 1

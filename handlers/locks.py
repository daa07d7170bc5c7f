"""One command at a time per stream; who waits for its turn has a deadline (design 4.3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from eventstore.errors import Moving

WAIT_SECONDS = 10.0


class Locks:
    """Locks by stream, kept only while someone holds or awaits them."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, stream: str) -> AsyncIterator[None]:
        """Hold the stream's lock; raises Moving when the turn does not come in time."""
        lock, users = self._locks.get(stream) or (asyncio.Lock(), 0)
        self._locks[stream] = lock, users + 1
        try:
            # Not whether it is locked: a lock that was let go of this very moment is the next one's already.
            if not users:
                await lock.acquire()
            else:
                await self._acquire(lock, stream)
            try:
                yield
            finally:
                lock.release()
        finally:
            lock, users = self._locks[stream]
            if users == 1:
                del self._locks[stream]
            else:
                self._locks[stream] = lock, users - 1

    async def _acquire(self, lock: asyncio.Lock, stream: str) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise Moving(f"expected a turn on {stream} within {WAIT_SECONDS:.0f} s; ask again") from None

"""Requests that are held while a partition moves (design 4.5): so many at once, so many bytes, reports before reads.

POP's clients throw away answers of 400 and more, and give up a final report after 20 s. Beyond the bounds there is 503
with Retry-After.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from eventstore.errors import Moving, OutcomeUnknown

#: Held at once, and their bytes together; reads may take half of either, so that reports find room.
PLACES = 2000
BYTES = 64 << 20
RETRY_SECONDS = 0.1

T = TypeVar("T")
_encode = msgspec.msgpack.Encoder().encode


class WaitingRoom:
    """Asks again until a partition has come to rest; `changed` waits for a change, `patience` is in seconds."""

    def __init__(self, changed: Callable[[float], Awaitable[object]], patience: float) -> None:
        self._changed = changed
        self._patience = patience
        self.held = 0
        self.bytes = 0

    async def hold(self, once: Callable[[], Awaitable[T]], asked: object, *, is_read: bool) -> T:
        """What `once` answers as soon as it can; raises what it raises in the end. `asked` is what waits.

        An unknown outcome is asked for again as well: deciding the same command on what is true by now records nothing
        twice.
        """
        try:
            return await once()
        except (Moving, OutcomeUnknown):
            size = len(_encode(asked))
            if not self._has_room(size, 2 if is_read else 1):
                raise
        self.held += 1
        self.bytes += size
        try:
            return await self._until_settled(once)
        finally:
            self.held -= 1
            self.bytes -= size

    def _has_room(self, size: int, share: int) -> bool:
        return self.held < PLACES // share and self.bytes + size <= BYTES // share

    async def _until_settled(self, once: Callable[[], Awaitable[T]]) -> T:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._patience
        while True:
            await self._changed(RETRY_SECONDS)
            try:
                return await once()
            except (Moving, OutcomeUnknown):
                if clock() > deadline:
                    raise

"""Commands that share a key or a target go one after the other; all others side by side."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Hashable
from typing import Any

logger = logging.getLogger(__name__)


class Lanes:
    """Starts work in the order in which it is asked for, each after what came before it in any of its lanes."""

    def __init__(self) -> None:
        self._last: dict[Hashable, asyncio.Task[None]] = {}
        self.under_way: set[asyncio.Task[None]] = set()

    def start(self, names: Collection[Hashable], work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do work as a task, when its turn has come in all of its lanes."""
        before = {last for name in names if (last := self._last.get(name)) is not None}
        task = asyncio.create_task(_after(before, work))
        self.under_way.add(task)
        self._last |= dict.fromkeys(names, task)
        task.add_done_callback(lambda done: self._done(names, done))

    async def settle(self, seconds: float) -> None:
        """Let what is under way come to its end, for so long; then end it."""
        if self.under_way:
            await asyncio.wait([*self.under_way], timeout=seconds)
        left = [*self.under_way]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _done(self, names: Collection[Hashable], task: "asyncio.Task[None]") -> None:
        self.under_way.discard(task)
        for name in names:
            if self._last.get(name) is task:
                del self._last[name]
        if not task.cancelled() and (wrong := task.exception()) is not None:
            # Its record stays unfinished, so that whoever reads this partition next does it again.
            logger.error("a command of the inbox has no end here", exc_info=wrong, extra={"action": "inbox"})


async def _after(before: Collection["asyncio.Task[None]"], work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    if before:
        await asyncio.wait(before)
    await work()

"""Pulls under way, wherever they wait: here, at another worker's scheduler, or for a partition that moves."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from projections.views import Answer

Answers = Sequence[Answer]


class Pulls:
    """Answers pullers; with nothing from the moment on in which this worker leaves."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[Answers]] = set()
        self._left = False

    async def answer(self, pull: Callable[[], Awaitable[Answers]]) -> Answers:
        """What `pull` answers, or nothing when this worker leaves meanwhile: then it is cancelled.

        Cancelled itself, it cancels the pull as well.
        """
        if self._left:
            return []
        waiting: asyncio.Future[Answers] = asyncio.ensure_future(pull())
        self._waiting.add(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            asked = asyncio.current_task()
            if asked is not None and asked.cancelling():
                raise  # the puller is gone
            return []
        finally:
            self._waiting.discard(waiting)

    def leave(self) -> None:
        """Nobody waits here any more. What others handed out meanwhile they take back, as when a puller is gone."""
        self._left = True
        for waiting in [*self._waiting]:
            waiting.cancel()

"""What each owner has ready, as one queue's scheduler follows it: a long poll per owner (design 4.2)."""

import asyncio
import logging

from eventstore.errors import Unavailable
from handlers.scheduling.calls import Owners
from handlers.scheduling.queue import Queue
from handlers.scheduling.rules import Rule

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
#: Between two pictures of one owner: they are whole, so more often is only dearer.
PAUSE_SECONDS = 0.004
#: The same while so many entries are known that nobody waits for news of more.
PLENTY, PLENTY_PAUSE_SECONDS = 256, 0.02
#: The version of no picture.
NOTHING = ("", -1)


class Feeds:
    """Shows a queue what owners have, and sets `news` when that is something else."""

    def __init__(self, name: str, owners: Owners, queue: Queue, news: asyncio.Event) -> None:
        self._name = name
        self._owners = owners
        self._queue = queue
        self._news = news
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def follow(self, rule: Rule) -> None:
        """From now on exactly those that own something, asked for what a rule wants."""
        owners = self._owners.all()
        # Also those that went while nobody was asked: what they showed last would be chosen again and again.
        for owner in (self._tasks.keys() | self._queue.owners()) - owners:
            self._lose(owner)
        for owner in owners - self._tasks.keys():
            self._tasks[owner] = asyncio.create_task(self._feed(owner, rule))

    def lose_all(self) -> None:
        """Nothing is known of anyone; `follow` begins anew."""
        for owner in [*self._tasks]:
            self._lose(owner)

    def stop(self) -> None:
        """Ask nobody; what is known stays, for as long as it is good."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def _lose(self, owner: str) -> None:
        task = self._tasks.pop(owner, None)
        if task is not None:
            task.cancel()
        self._queue.lose(owner)

    async def _feed(self, owner: str, rule: Rule) -> None:
        known = NOTHING
        insights, turns_of = rule.of(self._name)
        while True:
            try:
                picture = await self._owners.ready(owner, [*insights], known, POLL_SECONDS, turns_of)
            except Unavailable:
                known = await self._set_aside(owner)
                continue
            except Exception:
                # A feed that ended would be an owner of which nothing is ever heard again.
                logger.exception("an owner's picture cannot be read", extra={"action": "schedule", "owner": owner})
                known = await self._set_aside(owner)
                continue
            if (version := (picture.epoch, picture.sequence)) != known:
                known = version
                self._queue.see(owner, picture)
                self._news.set()
            await asyncio.sleep(PAUSE_SECONDS if len(self._queue) < PLENTY else PLENTY_PAUSE_SECONDS)

    async def _set_aside(self, owner: str) -> tuple[str, int]:
        """Know nothing of an owner, and ask it again a little later."""
        self._queue.lose(owner)
        await asyncio.sleep(POLL_SECONDS)
        return NOTHING

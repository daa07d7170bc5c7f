"""One worker process: joins, serves, leaves. Made by handlers.app."""

import asyncio
import logging
import signal
from collections.abc import Collection

import aiohttp
import msgspec

from handlers.access.keys import Keys
from handlers.command_path.runs import CommandPath
from handlers.inbox.agent import Inbox
from handlers.process.health import Health
from handlers.process.kafka import Connections
from handlers.process.listener import HttpServer
from handlers.routing.router import Router
from handlers.scheduling.schedulers import Schedulers
from handlers.timers.loop import Timers
from projections.catalogue.file import CatalogueFile
from projections.catalogue.tail import CatalogueTail
from projections.group.group import Group
from projections.table.holdings import Holdings

logger = logging.getLogger(__name__)

#: What is in flight may come to its end for so long once no more is accepted (s).
SETTLE_SECONDS = 1.5
#: A task that goes on for so long after it was cancelled is cancelled again (s).
CANCEL_SECONDS = 1.0


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that starts and stops together."""

    connections: Connections
    group: Group
    holdings: Holdings
    tail: CatalogueTail
    catalogue_file: CatalogueFile
    timers: Timers
    #: None: nobody is told by a signature
    keys: Keys | None
    #: None: nobody may speak by topic
    inbox: Inbox | None
    schedulers: Schedulers
    router: Router
    path: CommandPath
    health: Health
    public: HttpServer
    internal: HttpServer
    session: aiohttp.ClientSession

    async def run(self, ready: "asyncio.Future[int] | None" = None) -> str | None:
        """Serve until SIGTERM or SIGINT (None), or until this worker must leave (why)."""
        loop = asyncio.get_running_loop()
        end: asyncio.Future[str | None] = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _finish, end, None)
        tasks = [
            loop.create_task(self.tail.run()),
            loop.create_task(self._keep_catalogue()),
            loop.create_task(self.timers.run()),
            loop.create_task(self.health.watch(lambda why: _finish(end, why))),
        ]
        if self.keys is not None:
            tasks.append(loop.create_task(self.keys.run()))
        if self.inbox is not None:
            tasks.append(loop.create_task(self.inbox.run()))
        for task in tasks:
            task.add_done_callback(lambda done: _failed(end, done))
        try:
            await self.public.start()
            await self.group.start(self.holdings)
            if self.group.fatal is not None:
                self.group.fatal.add_done_callback(lambda done: _finish(end, str(done.result())))
            if ready is not None:
                ready.set_result(self.public.port)
            return await end
        finally:
            await self._stop(tasks)

    async def _keep_catalogue(self) -> None:
        await self.tail.catch_up()
        await self.catalogue_file.run()

    async def _stop(self, tasks: "list[asyncio.Task[None]]") -> None:
        # In this order: nothing new comes in, open polls are answered with nothing, what is in flight ends, and then
        # the partitions are given away at once instead of after a session.
        try:
            await self._settle()
        finally:
            # Whatever failed: the group has a thread of its own, which would keep the partitions for ever.
            await self._leave(tasks)

    async def _settle(self) -> None:
        await self.public.close()
        await self.schedulers.stop()
        self.router.leave()
        settling = [self.path.settle(SETTLE_SECONDS)]
        if self.inbox is not None:
            settling.append(self.inbox.stop(SETTLE_SECONDS))
        await asyncio.gather(*settling)

    async def _leave(self, tasks: "list[asyncio.Task[None]]") -> None:
        for task in tasks:
            task.cancel()
        await self.group.stop()
        await self.public.stop()
        await self.internal.stop()
        await self.session.close()
        await self.connections.stop()
        await _ended(tasks)
        if self.tail.caught_up:
            await self.catalogue_file.save()
        logger.info("left", extra={"action": "stop"})


async def _ended(tasks: "Collection[asyncio.Task[None]]") -> None:
    """Cancel tasks until they have ended, whatever may swallow a cancellation (eventstore.kafka.cancellation)."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # said already, by `_failed`


def _finish(end: "asyncio.Future[str | None]", why: str | None) -> None:
    if not end.done():
        end.set_result(why)


def _failed(end: "asyncio.Future[str | None]", task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (wrong := task.exception()) is not None:
        _finish(end, f"{type(wrong).__name__}: {wrong}")

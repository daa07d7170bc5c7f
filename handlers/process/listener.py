"""A listener: an address, and a handler that answers whatever comes in there."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from handlers.process.discretion import DiscreetServer

#: Much longer than POP's clients pause between reports: a closed connection makes a JDK send twice (spec 14.2).
KEEPALIVE_SECONDS = 90.0
STOP_SECONDS = 1.0

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class HttpServer:
    """One listener; `port` is known after `start`."""

    def __init__(self, handler: Handler, host: str, port: int, *, body_bytes: int = 64 << 20) -> None:
        self._host = host
        self.port = port
        self._server = DiscreetServer(
            handler,
            handler_cancellation=True,
            keepalive_timeout=KEEPALIVE_SECONDS,
            request_factory=_factory(body_bytes),
            auto_decompress=False,  # handlers.wire.compression does, within bounds
            access_log=None,
        )
        self._runner = web.ServerRunner(self._server, shutdown_timeout=STOP_SECONDS)
        self._site: web.TCPSite | None = None

    async def start(self) -> None:
        """Listen."""
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, self._host, self.port, backlog=1024)
        await self._site.start()
        listening = self._runner.addresses
        if listening:
            self.port = listening[0][1]

    async def close(self) -> None:
        """Accept no more."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def stop(self) -> None:
        """Close what is still open, within bounds."""
        await self.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * STOP_SECONDS):
                await self._runner.cleanup()


def _factory(body_bytes: int) -> Any:
    loop = asyncio.get_running_loop()

    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=body_bytes)

    return make

"""The two listeners: POP's API for everyone, hops for workers (design 4.5). aiohttp without its router and middlewares:
a route is a look-up in a table, and a request costs little more than its own work.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from eventstore.errors import AgendumError, Rejected, Unavailable
from handlers.answering import CORS, JSON, JsonAnswer
from handlers.authorizing import caller_of
from handlers.discretion import DiscreetServer
from handlers.endpoints.ask import Ask, Edge, Reply
from handlers.endpoints.problems import failed, rejected, unavailable
from handlers.endpoints.routes import Route, find
from handlers.identity import Identity, Refused
from handlers.metrics import Metrics
from handlers.wire.responses import encode

logger = logging.getLogger(__name__)

#: Much longer than POP's clients pause between reports: a closed connection makes a JDK send twice (spec 14.2).
KEEPALIVE_SECONDS = 90.0
STOP_SECONDS = 1.0
_OPTIONS = CIMultiDict({**CORS, "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS"})
_METHODS = ("GET", "POST", "PUT", "DELETE")

Plain = Callable[[], tuple[int, bytes, str]]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class PublicApi:
    """Answers POP's clients, `plain` paths (health, metrics) without a caller, and `guarded` ones, which look after
    themselves: they want the workers' secret.
    """

    def __init__(
        self,
        edge: Edge,
        identity: Identity,
        metrics: Metrics,
        plain: Mapping[str, Plain],
        body_bytes: int,
        guarded: Mapping[str, Handler],
        base: str = "",
    ) -> None:
        self._edge = edge
        self._identity = identity
        self._metrics = metrics
        self._plain = plain
        self._body_bytes = body_bytes
        self._guarded = guarded
        self._base = base

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        raw_path = request.rel_url.raw_path
        if (handler := self._guarded.get(raw_path)) is not None:
            return await handler(request)
        if (plain := self._plain.get(raw_path)) is not None:
            status, body, kind = plain()
            return web.Response(status=status, body=body, headers={"Content-Type": kind})
        if request.method == "OPTIONS":
            return web.Response(headers=_OPTIONS)
        caller = await caller_of(self._identity, request)
        if isinstance(caller, Refused):
            return self._refuse(caller)
        found = find(raw_path, self._base)
        endpoint = None if found is None else found[0].methods.get(request.method)
        if found is None or endpoint is None or request.method not in _METHODS:
            return web.Response(status=405, headers=_OPTIONS)
        route, identity = found
        ask = Ask(request, self._edge, caller, route.name, identity)
        response = await self._answer(ask, endpoint, route)
        self._metrics.request(route.name, response.status)
        return response

    def _refuse(self, why: Refused) -> web.Response:
        """Why is for whoever runs this service; the caller learns that it was refused, and nobody sees the token."""
        self._metrics.refused(why)
        logger.info("refused", extra={"action": "authorize", "reason": str(why)})
        if why is Refused.NO_KEYS:
            text = "expected the issuer's key set, but it could not be read yet; ask again"
            return _problem(*unavailable(text, None, self._edge.draw()), retry=True)
        return web.Response(status=401, body=b'{"message":"Unauthorized"}', headers=JSON)

    async def _answer(self, ask: Ask, endpoint: Callable[[Ask], Awaitable[Reply]], route: Route) -> web.StreamResponse:
        try:
            reply = await endpoint(ask)
        except Rejected as wrong:
            return _problem(*rejected(wrong, ask.cid, self._edge.draw(), service=route.service))
        except Unavailable as wrong:
            return _problem(*unavailable(str(wrong), ask.cid, self._edge.draw()), retry=True)
        except web.HTTPRequestEntityTooLarge:
            return _problem(*_too_large(self._body_bytes, ask.cid, self._edge.draw()))
        except Exception:  # noqa: BLE001  # a fault of ours is answered, and logged with its trace
            correlation = self._edge.draw()
            logger.exception("request failed", extra={"action": "request", "route": route.name, "cid": correlation})
            return _problem(*failed(ask.cid, correlation))
        if reply.undelivered and _gone(ask.request):
            # The last moment at which it is known that nobody will read this (spec 14.10).
            for command in reply.undelivered:
                await self._take_back(command)
        return JsonAnswer(encode(reply.body), reply.position, reply.stale)

    async def _take_back(self, command: Any) -> None:
        with suppress(AgendumError):
            await self._edge.gateway.command(command)


def _too_large(limit: int, cid: str | None, correlation: str) -> tuple[int, dict[str, Any]]:
    _, body = unavailable(f"expected a body of at most {limit} bytes, found more", cid, correlation)
    body["errorResponse"] |= {"title": "PayloadTooLargeException", "responseCode": 413}
    return 413, body


def _gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _problem(status: int, body: dict[str, Any], *, retry: bool = False) -> web.Response:
    headers = CIMultiDict(JSON)
    if retry:
        headers["Retry-After"] = "1"
    return web.Response(status=status, body=encode(body), headers=headers)


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


class HopApi:
    """Answers other workers; knows their paths alone, and none before `routes` says which."""

    def __init__(self, routes: Mapping[str, Handler] = MappingProxyType({})) -> None:
        self.routes = routes

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """One hop."""
        handler = self.routes.get(request.path)
        return web.Response(status=404) if handler is None else await handler(request)

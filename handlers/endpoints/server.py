"""What the two listeners answer: POP's API for everyone, hops for workers (design 4.5). aiohttp without its router and
middlewares: a route is a look-up in a table, and a request costs little more than its own work.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from eventstore.errors import AgendumError, Rejected, Unavailable
from handlers.access.authorizing import caller_of
from handlers.access.identity import Identity, Refused
from handlers.edge.edge import Edge
from handlers.endpoints.answering import CORS, JSON, JsonAnswer
from handlers.endpoints.ask import Ask, Reply
from handlers.endpoints.problems import failed, rejected, unavailable
from handlers.endpoints.routes import Route, find
from handlers.process.listener import Handler
from handlers.process.metrics import Metrics
from handlers.wire.responses import encode

logger = logging.getLogger(__name__)

_OPTIONS = CIMultiDict({**CORS, "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS"})
_METHODS = ("GET", "POST", "PUT", "DELETE")

Plain = Callable[[], tuple[int, bytes, str]]


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


class HopApi:
    """Answers other workers; knows their paths alone, and none before `routes` says which."""

    def __init__(self, routes: Mapping[str, Handler] = MappingProxyType({})) -> None:
        self.routes = routes

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """One hop."""
        handler = self.routes.get(request.path)
        return web.Response(status=404) if handler is None else await handler(request)

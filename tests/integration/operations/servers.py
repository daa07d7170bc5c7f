"""Real servers on loopback that answer as a test says, and keep what they were asked."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True, slots=True)
class Server:
    """Where it is, and what it was asked."""

    port: int
    asked: list[Asked] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """A URL of it."""
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(*answers: Answering | web.Response) -> AsyncIterator[Server]:
    """A server that gives these answers, one after the other, and the last one from there on."""
    found = Server(port=0)

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = Asked(
            method=request.method,
            path=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        found.asked.append(asked)
        what = answers[min(len(found.asked), len(answers)) - 1]
        return _again(what) if isinstance(what, web.Response) else await what(request)

    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.port = runner.addresses[0][1]
    try:
        yield found
    finally:
        await runner.cleanup()


def _again(answer: web.Response) -> web.Response:
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers=headers,
        content_type=answer.content_type,
        charset=answer.charset,
    )


def answer(value: Any, status: int = 200, **headers: str) -> web.Response:
    """JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response(value, status=status, headers=named)


async def broken(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def names(requests: Sequence[Asked], header: str) -> list[str | None]:
    """One header of all requests."""
    return [one.headers.get(header.lower()) for one in requests]

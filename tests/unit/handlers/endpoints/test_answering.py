"""An answer in one piece is byte for byte what aiohttp writes for the same."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from handlers.endpoints.answering import JSON, JsonAnswer
from handlers.process.listener import Handler

POSITION = "agendas/2@7,agendas/10@5"
OPEN = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
REQUESTS = {
    "kept open": OPEN,
    "closed": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "of 1.0": b"GET / HTTP/1.0\r\n\r\n",
    "of 1.0, kept open": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "with a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
}


def whole(body: bytes, position: str | None, stale: int | None) -> web.Response:
    """The same in aiohttp's words."""
    headers = JSON.copy()
    if position is not None:
        headers["Agendum-Position"] = position
        if stale is not None:
            headers["Agendum-Stale"] = str(stale)
    return web.Response(body=body, headers=headers)


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[int]:
    """The port of a server with this handler."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def always(answer: Callable[..., web.StreamResponse], *said: Any) -> Handler:
    """Answers everything alike."""

    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        return answer(*said)

    return handler


async def heard(port: int, request: bytes) -> tuple[bytes, bool]:
    """What is answered, its date aside, and whether the connection is open afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"Content-Length: (\d+)", head)
    assert found is not None
    body = await reader.readexactly(int(found[1]))
    date = re.compile(rb"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
    assert date.search(head)
    writer.write(OPEN)
    open_ = bool(await reader.read(1))
    writer.close()
    return date.sub(b"", head) + body, open_


@pytest.mark.parametrize("said", [(None, None), ("", None), (POSITION, None), (POSITION, 1200), (None, 3)], ids=str)
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
async def test_it_is_what_aiohttp_writes(request_: bytes, said: tuple[str | None, int | None]) -> None:
    body = b'{"all":[],"count":0,"error":false,"cid":"\xc3\xa9"}'
    async with served(always(JsonAnswer, body, *said)) as ours, served(always(whole, body, *said)) as theirs:
        assert await heard(ours, request_) == await heard(theirs, request_)


async def test_a_large_body_arrives_whole() -> None:
    body = b'"' + b"x" * (8 << 20) + b'"'
    async with served(always(JsonAnswer, body, None, None)) as port:
        found, _ = await heard(port, OPEN)
    assert found.endswith(b"\r\n\r\n" + body)


async def test_a_client_that_is_gone_ends_its_connection_alone(caplog: pytest.LogCaptureFixture) -> None:
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if not gone.done() and transport is not None:
            transport.abort()
            gone.set_result(None)
        return JsonAnswer(b"{}", None, None)

    async with served(handler) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(OPEN)
        await gone
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        assert (await heard(port, OPEN))[1]
    assert not caplog.records

"""Bodies that are compressed: what they cost, whoever reads them."""

import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web

from handlers.endpoints.ask import Ask
from handlers.process.listener import HttpServer
from handlers.wire.parsing import Malformed
from tests.builders import ALICE

MOST = 100_000
BODY = b'{"title":"t"}'


class Door:
    """A listener that answers with the body that it was sent, and keeps its requests."""

    def __init__(self) -> None:
        self.requests: list[web.BaseRequest] = []
        self.server = HttpServer(self._answer, "127.0.0.1", 0, body_bytes=MOST)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        try:
            found = await Ask(request, None, ALICE, "x", None)._sent()  # type: ignore[arg-type]
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        except Malformed as why:
            return web.Response(status=400, text=str(why))
        return web.Response(body=found)

    async def post(self, session: aiohttp.ClientSession, body: bytes, encoding: str) -> tuple[int, bytes]:
        url = f"http://127.0.0.1:{self.server.port}/"
        async with session.post(url, data=body, headers={"Content-Encoding": encoding}) as answer:
            return answer.status, await answer.read()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    found = Door()
    await found.server.start()
    yield found
    await found.server.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as found:
        yield found


async def test_of_a_bomb_no_more_is_opened_than_a_body_may_have(door: Door, session: aiohttp.ClientSession) -> None:
    """aiohttp reads what remains of a request once it is answered: that is not to be opened then, either."""
    bomb = gzip.compress(bytes(500 * MOST))
    assert len(bomb) < MOST
    assert (await door.post(session, bomb, "gzip"))[0] == 413
    # Answered on the same connection: what remained of the bomb was read before.
    assert await door.post(session, gzip.compress(BODY), "gzip") == (200, BODY)
    assert door.requests[0].content.total_bytes <= 2 * MOST


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(BODY)),
        ("GZIP", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:5]) + gzip.compress(b"") + gzip.compress(BODY[5:])),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("identity", BODY),
        ("", BODY),
        ("utf-8", BODY),
    ],
    ids=["gzip", "GZIP", "x-gzip", "members", "zlib", "raw", "identity", "blank", "a charset"],
)
async def test_a_body_is_opened_as_it_says(
    door: Door, session: aiohttp.ClientSession, encoding: str, packed: bytes
) -> None:
    assert await door.post(session, packed, encoding) == (200, BODY)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
async def test_a_body_of_exactly_the_bound_is_taken(door: Door, session: aiohttp.ClientSession, encoding: str) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress, "": bytes}
    pack = packers[encoding]
    assert await door.post(session, pack(bytes(MOST)), encoding) == (200, bytes(MOST))
    assert (await door.post(session, pack(bytes(MOST + 1)), encoding))[0] == 413
    assert await door.post(session, b"", encoding) == (200, b"")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", BODY),
        ("deflate", BODY),
        ("gzip", gzip.compress(BODY)[:-1]),
        ("deflate", zlib.compress(BODY)[:-1]),
        ("gzip", gzip.compress(BODY) + BODY),
        ("gzip", gzip.compress(b"") * 1000),
        ("br", BODY),
        ("zstd", BODY),
    ],
    ids=["no gzip", "no deflate", "cut gzip", "cut deflate", "a tail", "empty members", "br", "zstd"],
)
async def test_a_body_that_is_not_what_it_says_is_refused(
    door: Door, session: aiohttp.ClientSession, encoding: str, packed: bytes
) -> None:
    status, why = await door.post(session, packed, encoding)
    assert (status, why.startswith(b"expected a body")) == (400, True), why
    assert encoding.encode() in why

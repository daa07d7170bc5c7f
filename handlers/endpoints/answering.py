"""Answers of JSON that leave in one piece, head and all: what nearly every request gets.

Byte for byte what `web.Response` writes for the same (tests/unit/handlers/endpoints/test_answering holds it to that),
without its dictionaries of headers: they cost a GET a sixth of its CPU. What is not HTTP/1.1 on a connection that stays
open is written by `web.Response` itself.
"""

from email.utils import formatdate
from functools import lru_cache

from aiohttp import HttpVersion11, web
from aiohttp.http import SERVER_SOFTWARE
from multidict import CIMultiDict

from handlers.clock import now

CORS = CIMultiDict(
    {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": "X-pop-cid,origin,accept,Content-Type,Authorization,Referer,User-Agent",
        "Access-Control-Expose-Headers": "Access-Control-Allow-Origin,Agendum-Position,Agendum-Stale",
    }
)
JSON = CIMultiDict({**CORS, "Access-Control-Allow-Methods": "GET,OPTIONS", "Content-Type": "application/json"})
_HEAD = b"HTTP/1.1 200 OK\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in JSON.items())


class JsonAnswer(web.StreamResponse):
    """Status 200 and a JSON body, with where it is true and how stale it may be, if that is said."""

    def __init__(self, body: bytes, position: str | None, stale: int | None) -> None:
        super().__init__()
        self._json = body
        self._position = position
        self._stale = stale
        self._whole: web.Response | None = None

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return True if self._whole is None else self._whole.keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing leaves yet: see write_eof."""
        self._asked = request
        if request.version != HttpVersion11 or not request.keep_alive:
            self._whole = web.Response(body=self._json, headers=self._said())
            await self._whole.prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:
        """Everything leaves."""
        if self._whole is not None:
            await self._whole.write_eof(data)
            return
        said = ""
        if self._position is not None:
            said = f"Agendum-Position: {self._position}\r\n"
            if self._stale is not None:
                said += f"Agendum-Stale: {self._stale}\r\n"
        said += f"Content-Length: {len(self._json)}\r\n{_tail(now() // 1000)}"
        await self._asked.writer.write_eof(b"%b%b%b" % (_HEAD, said.encode(), self._json))

    def _said(self) -> "CIMultiDict[str]":
        headers = JSON.copy()
        if self._position is not None:
            headers["Agendum-Position"] = self._position
            if self._stale is not None:
                headers["Agendum-Stale"] = str(self._stale)
        return headers


@lru_cache(maxsize=2)
def _tail(second: int) -> str:
    # Thousands of answers fall into one second.
    return f"Date: {formatdate(second, usegmt=True)}\r\nServer: {SERVER_SOFTWARE}\r\n\r\n"

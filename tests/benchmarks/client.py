"""A client that costs little, so that a measurement is of the server: requests over kept-alive connections, by hand.

aiohttp's own client needs as much of a core for a request as a server that answers a constant. It is measured as well,
because it is what a user has: `kind` names the client. As a process of its own (`python -m tests.benchmarks.client`) it
asks one question over and over, from several connections, and says how often.
"""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import uvloop

#: Processes that share the clients of one measurement.
PROCESSES = 2


class Busy(Exception):
    """HTTP 503: nothing is said of what happened; ask again."""


class Client:
    """Connections to one server, as many as are in use at once."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, method: str, path: str, body: bytes = b"", key: str = "") -> bytes:
        """The body of the answer; raises Busy, or ValueError if it is neither 200 nor 503. `key`: asked once."""
        reader, writer = await self._connection()
        once = f"Idempotency-Key: {key}\r\n" if key else ""
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: x\r\nContent-Type: application/json\r\n"
            f"{once}Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        found = await reader.readexactly(length)
        self._idle.append((reader, writer))
        if head.startswith(b"http/1.1 503"):
            raise Busy(found.decode())
        if not head.startswith(b"http/1.1 200"):
            raise ValueError(f"expected 200, found {head!r} {found!r}")
        return found

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()  # the server has closed what was idle for long
        return await asyncio.open_connection(self._host, self._port)

    def close(self) -> None:
        """Close what is idle."""
        for _, writer in self._idle:
            writer.close()


class AiohttpClient:
    """aiohttp's client, as whoever writes against this service would use it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers={"Authorization": "x", "Content-Type": "application/json"},
        )

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """As Client's."""
        async with self._session.request(method, self._url + path, data=body) as answer:
            found = await answer.read()
        if answer.status == 503:
            raise Busy(found.decode())
        if answer.status != 200:
            raise ValueError(f"expected 200, found {answer.status} {found!r}")
        return found

    async def close(self) -> None:
        """Close everything."""
        await self._session.close()


async def load(
    method: str, url: str, path: str, body: bytes = b"", *, clients: int, seconds: float, kind: str = "by hand"
) -> float:
    """Answers per second that so many clients get, in processes of their own; 503 does not count as one."""
    arguments = [method, url, path, body.decode(), str(clients // PROCESSES), str(seconds), kind]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.client", *arguments, stdout=subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    found: list[Any] = [json.loads((await process.communicate())[0]) for process in processes]
    return sum(float(each["rate"]) for each in found)


async def main(method: str, url: str, path: str, body: str, clients: str, seconds: str, kind: str) -> None:
    client: Client | AiohttpClient = AiohttpClient(url) if kind == "aiohttp" else Client(url)
    done, wrong = 0, b'"error":true'
    text = body.encode()

    async def over_and_over(end: float) -> None:
        nonlocal done
        while time.perf_counter() < end:
            try:
                answer = await client.ask(method, path, text)
            except Busy:
                continue
            assert wrong not in answer, answer
            done += 1

    # Connected and warm before anything is counted.
    await asyncio.gather(*(over_and_over(time.perf_counter() + 0.5) for _ in range(int(clients))))
    done, began = 0, time.perf_counter()
    await asyncio.gather(*(over_and_over(began + float(seconds)) for _ in range(int(clients))))
    print(json.dumps({"rate": done / (time.perf_counter() - began)}))
    if isinstance(client, AiohttpClient):
        await client.close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

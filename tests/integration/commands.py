"""The command line as a process of its own, against a real broker."""

import asyncio
import json
import os
import signal
from typing import Any

from tests import nursery

WAIT_SECONDS = 180


class Ended:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.split("\n") if line]  # texts may hold other line ends


class Command:
    """One running `agendum`."""

    def __init__(self, process: nursery.Process) -> None:
        self._process = process
        self._stdout = asyncio.StreamReader(limit=16 << 20)
        self._stderr = asyncio.StreamReader(limit=16 << 20)
        self._heard: asyncio.ReadTransport | None = None

    async def listen(self, stdout: int, stderr: int) -> "Command":
        """Hear what it says."""
        connect = asyncio.get_running_loop().connect_read_pipe
        self._heard, _ = await connect(lambda: asyncio.StreamReaderProtocol(self._stdout), os.fdopen(stdout, "rb"))
        await connect(lambda: asyncio.StreamReaderProtocol(self._stderr), os.fdopen(stderr, "rb"))
        return self

    async def leave(self) -> None:
        """Read something, and no more, as `head` does."""
        async with asyncio.timeout(WAIT_SECONDS):
            assert await self._stdout.read(1)
        assert self._heard is not None
        self._heard.close()

    async def line(self) -> dict[str, Any]:
        """The next JSON line."""
        async with asyncio.timeout(WAIT_SECONDS):
            found: dict[str, Any] = json.loads(await self._stdout.readline())
        return found

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    async def end(self) -> Ended:
        """Wait for its end."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                out, err = await asyncio.gather(self._stdout.read(), self._stderr.read())
            code = await asyncio.to_thread(self._process.wait, WAIT_SECONDS)
        finally:
            self._process.kill()
        return Ended(code, out.decode(), err.decode())


async def begin(*arguments: str, **environment: str) -> Command:
    """Start `agendum ARGUMENTS`."""
    process, stdin, stdout, stderr = nursery.piped(arguments, {**os.environ, **environment})
    os.close(stdin)
    return await Command(process).listen(stdout, stderr)


async def agendum(*arguments: str, **environment: str) -> Ended:
    """Run `agendum ARGUMENTS` to its end."""
    return await (await begin(*arguments, **environment)).end()

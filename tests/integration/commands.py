"""The command line as a process of its own, against a real broker."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

MAIN = "from handlers.cli.main import main; main()"
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

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> dict[str, Any]:
        """The next JSON line."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            found: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return found

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    async def end(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(WAIT_SECONDS):
            out, err = await self._process.communicate()
        return Ended(self._process.returncode or 0, out.decode(), err.decode())


async def begin(*arguments: str, **environment: str) -> Command:
    """Start `agendum ARGUMENTS`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        MAIN,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=16 << 20,
        env={**os.environ, **environment},
    )
    return Command(process)


async def agendum(*arguments: str, **environment: str) -> Ended:
    """Run `agendum ARGUMENTS` to its end."""
    return await (await begin(*arguments, **environment)).end()

"""`agendum up` on a terminal, as a user has it."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pexpect
import psutil

#: As long as a slow machine may take to start everything.
SECONDS = 180


class Up:
    """One `agendum up` on a terminal."""

    def __init__(self, data: Path, port: int, *more: str) -> None:
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        arguments = ["-c", "from handlers.cli.main import main; main()", "up", "--data", str(data), "--port", str(port)]
        environment = {**os.environ, "TERM": "xterm"}
        self.screen = pexpect.spawn(
            sys.executable,
            [*arguments, *more],
            env=environment,
            encoding="utf8",
            codec_errors="replace",  # the terminal's echo of ^C may stand within a character
            dimensions=(24, 100),
            timeout=SECONDS,
        )
        self.processes: list[psutil.Process] = []

    def shows(self, text: str) -> None:
        self.screen.expect(text)
        if self.screen.isalive():
            self.processes = psutil.Process(self.screen.pid).children(recursive=True)

    def child(self, word: str, count: int = 1) -> psutil.Process:
        """A process whose command line has a word, as soon as there are so many; the first of them."""
        deadline = time.monotonic() + SECONDS
        while len(found := [one for one, words in self._children() if word in words]) < count:
            assert time.monotonic() < deadline, f"expected {count} processes with {word}"
        return found[0]

    def _children(self) -> Iterator[tuple[psutil.Process, list[str]]]:
        self.processes = psutil.Process(self.screen.pid).children(recursive=True)
        for one in self.processes:
            with suppress(psutil.Error):  # one that ended while it was looked at
                yield one, one.cmdline()

    def interrupt(self) -> int:
        self.screen.sendcontrol("c")
        return self.end()

    def end(self) -> int:
        self.screen.expect(pexpect.EOF)
        self.screen.close()
        return self.screen.exitstatus if self.screen.exitstatus is not None else -(self.screen.signalstatus or 0)

    def left(self) -> list[psutil.Process]:
        """Its processes that still run after a while: they were told to end, or their parent ended."""
        alive: list[psutil.Process] = psutil.wait_procs(self.processes, timeout=60)[1]
        return alive

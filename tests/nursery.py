"""Processes of `agendum` in a moment: forked from one that has loaded the libraries, two such per process of tests.

Hundreds of them start in a run of the tests, and loading libraries is most of what a start costs. Only what others
wrote is there already: each process loads what is ours by itself, in its own order, as a fresh interpreter does, with
the arguments, environment, folder and files given to it. It is a process of its own in a group of its own, may be
killed and paused, ends as Python ends, and ends with whoever asked for it. What it has from its parent and not from a
start of its own: the seed of `hash`, and what an interpreter or a library reads from its environment (PYTHON…,
SSL_CERT_FILE). Tests of such things, of terminals, and of the command's own first moments start a fresh interpreter.
"""

import atexit
import functools
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from compose.processes import dying_with_us

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-c", "from handlers.cli.main import main; main()"]
CODE = "from tests.forking import serve; serve(); from handlers.cli.main import main; main()"
File = IO[bytes] | int


class Process:
    """One `agendum`, as `subprocess.Popen` shows one."""

    def __init__(self, pid: int, status: int) -> None:
        self.pid = pid
        self._status = status
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code, or the negative number of the signal that ended it; None while it lives."""
        return self._ended(0)

    def wait(self, seconds: float | None = None) -> int:
        """The same, once it has ended. Raises subprocess.TimeoutExpired."""
        code = self._ended(seconds)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", seconds or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        looking = select.poll()
        looking.register(self._status, select.POLLIN)
        if self._code is None and looking.poll(None if seconds is None else 1000 * seconds):
            with self._lock:
                if self._code is None:
                    self._code = int(os.read(self._status, 16) or -signal.SIGKILL)
        return self._code

    def __del__(self) -> None:
        os.close(self._status)


class Nursery:
    """The process that they are forked from, and the way to ask it."""

    def __init__(self) -> None:
        self._asking, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._interpreter = interpreter(os.environ)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", CODE, str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )

    def close(self) -> None:
        """End it, and with it all that lives."""
        self._asking.close()
        self._process.wait()

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], *files: File) -> Process:
        """Start `agendum ARGUMENTS` in this folder, with these files as stdin, stdout and stderr."""
        assert interpreter(environment) == self._interpreter, "expected the interpreter's own: start a fresh one"
        request = {"arguments": arguments, "environment": dict(environment), "folder": str(Path.cwd())}
        status, told = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._asking, [json.dumps(request).encode()], [*map(descriptor, files), told])
                return Process(int(self._asking.recv(16)), status)
        finally:
            os.close(told)


def interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment counts when an interpreter starts, and not later."""
    return {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LC_", "LANG", "SSL_"))}


def descriptor(file: File) -> int:
    """The number of an open file."""
    return file if isinstance(file, int) else file.fileno()


@functools.cache
def nurseries() -> Iterator[Nursery]:
    """Those of this process, in turn: two workers that start after each other have seeds of their own, as for users."""
    found = [Nursery() for _ in range(2)]
    for each in found:
        atexit.register(each.close)
    return itertools.cycle(found)


def start(arguments: Sequence[str], environment: Mapping[str, str], log: File) -> Process:
    """Start `agendum ARGUMENTS`, which reads nothing and says everything to one file."""
    with Path(os.devnull).open("rb") as nothing:
        return next(nurseries()).start(arguments, environment, nothing, log, log)


def fresh(arguments: Sequence[str], environment: Mapping[str, str], log: File) -> subprocess.Popen[bytes]:
    """The same by an interpreter of its own, as users do."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=0,
        env=environment,
        preexec_fn=dying_with_us(),  # noqa: PLW1509  # system calls that touch no lock
    )


def piped(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Process, int, int, int]:
    """Start `agendum ARGUMENTS`; the process, and our ends of its stdin, stdout and stderr."""
    (theirs, stdin), (stdout, said), (stderr, complained) = os.pipe(), os.pipe(), os.pipe()
    try:
        process = next(nurseries()).start(arguments, environment, theirs, said, complained)
        return process, stdin, stdout, stderr
    finally:
        for each in (theirs, said, complained):
            os.close(each)


def run(
    arguments: Sequence[str], environment: Mapping[str, str], given: str = "", seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `agendum ARGUMENTS` to its end, through pipes. Raises subprocess.TimeoutExpired."""
    process, stdin, stdout, stderr = piped(arguments, environment)
    with ThreadPoolExecutor(3) as pipes:
        pipes.submit(write, stdin, given)
        out, err = pipes.submit(read, stdout), pipes.submit(read, stderr)
        try:
            code = process.wait(seconds)
        finally:
            process.kill()
    return subprocess.CompletedProcess(["agendum", *arguments], code, out.result(), err.result())


def read(pipe: int) -> str:
    """Everything that comes out of it."""
    with open(pipe, encoding="utf8") as file:  # noqa: PTH123  # a number is no path
        return file.read()


def write(pipe: int, text: str) -> None:
    """All of it, as far as somebody reads it."""
    with open(pipe, "w", encoding="utf8") as file:  # noqa: PTH123  # a number is no path
        file.write(text)

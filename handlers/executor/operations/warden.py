"""Removes the containers of an executor that was killed: a process that waits for the end of a pipe only we hold.

An engine does not end a container because whoever started it is gone. One process for an executor, begun with its
first container; it learns a container's name before the engine does, so there is no gap.
"""

import asyncio
import os
import signal
import subprocess
import sys

#: What of our environment it needs: where the engine is, and how to speak with it. Tokens stay here.
_PASSED_ON = ("PATH", "HOME", "LANG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
#: How often, and how far apart (s), it tries: an engine may be away for a while.
TRIES, PAUSE_SECONDS = 20, 3.0


class Warden:
    """The executor's side; `url` is the engine's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._names: set[str] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, name: str) -> None:
        """From now on a container of this name is removed should we be killed."""
        self._names.add(name)
        self._say(f"+{name}")

    def forget(self, name: str) -> None:
        """There is no container of this name any more."""
        self._names.discard(name)
        self._say(f"-{name}")

    def close(self) -> None:
        """Nothing is left to watch."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _say(self, line: str) -> None:
        if self._process is None or not _write(self._process, [line]):
            self._process = _begin(self.url)
            _write(self._process, [f"+{name}" for name in self._names])


def _begin(url: str) -> "subprocess.Popen[bytes]":
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import main; main()", url],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd="/",
        env={**environment, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},  # noqa: PTH109
        # A Ctrl-C is not for it.
        start_new_session=True,
    )


def _write(process: "subprocess.Popen[bytes]", lines: list[str]) -> bool:
    assert process.stdin is not None  # it has a pipe  # noqa: S101
    try:
        process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    except BrokenPipeError:
        # It was killed; another takes over.
        process.stdin.close()
        process.wait()
        return False
    return True


def main() -> None:
    """Be the warden."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Whoever stops an executor's whole family stops us last: we end when it has ended.
        signal.signal(number, signal.SIG_IGN)
    left: set[str] = set()
    for line in sys.stdin:
        (left.add if line.startswith("+") else left.discard)(line[1:].strip())
    if left:
        asyncio.run(_remove(sys.argv[1], left))


async def _remove(url: str, names: set[str]) -> None:
    # Late, since this process hardly ever comes here: without it, it costs a tenth of the memory and of the start.
    from handlers.executor.operations.engine import reach, remove

    # A request that was under way when its sender was killed may be carried out after our first try.
    async with reach(url) as engine:
        for once in range(TRIES):
            gone = [await remove(engine, name) for name in sorted(names)]
            if once and all(gone):
                return
            await asyncio.sleep(PAUSE_SECONDS if once else 1.0)

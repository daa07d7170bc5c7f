"""Processes of ours on this machine: started, watched, started again, stopped; none outlives us."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
#: One that ends so often within so many seconds is given up.
RESTARTS, WINDOW_SECONDS = 5, 30.0
STOPS = (signal.SIGINT, signal.SIGTERM)


def dying_with_us(number: int = signal.SIGKILL) -> Callable[[], None]:
    """To be run between fork and exec: the kernel sends this when the thread that forked it ends (Linux)."""
    parent = os.getpid()

    def bind() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before the kernel was asked
            os._exit(1)
        # What came since the fork, and `undisturbed` kept back, ends it without a word.
        for stop in STOPS:
            signal.signal(stop, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    return bind


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM are heard afterwards.

    Until it has a group of its own, a child that was forked hears a terminal's Ctrl-C as we do, and would say so with a
    traceback; and a child that was forked and is not yet kept in a variable would be stopped by nobody.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run(command: Sequence[str], seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with what it said; it does not outlive us. Raises TimeoutExpired."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
        preexec_fn=dying_with_us(),  # noqa: PLW1509  # system calls that touch no lock
    )


class Child:
    """One process with its log; `start` as often as you like."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._starts: list[float] = []
        self._said_before = 0

    @property
    def pid(self) -> int | None:
        """Its process id, once started."""
        return None if self._process is None else self._process.pid

    @property
    def ended(self) -> bool:
        """It ran and is gone."""
        return self._process is not None and self._process.poll() is not None

    @property
    def hopeless(self) -> bool:
        """It ended too often of late: something is wrong that a start does not mend."""
        now = time.monotonic()
        return len([start for start in self._starts if now - start < WINDOW_SECONDS]) > RESTARTS

    def start(self) -> None:
        """Start it, in a group of its own: a terminal's Ctrl-C is for us, and we stop it."""
        self._starts.append(time.monotonic())
        with self.log.open("ab") as log, undisturbed():
            self._said_before = os.fstat(log.fileno()).st_size
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=dying_with_us(),  # noqa: PLW1509  # system calls that touch no lock
            )

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self, seconds: float) -> None:
        """End it: asked first, killed after a grace."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self, lines: int = 8) -> str:
        """The end of what it logged since it was started last; what earlier ones said is not its own."""
        said = self.log.read_bytes()[self._said_before :] if self.log.exists() else b""
        return "\n".join(said.decode(errors="replace").splitlines()[-lines:])

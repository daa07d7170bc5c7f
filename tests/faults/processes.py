"""Workers as processes: started, killed, paused, woken, asked."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import aiohttp

from compose.ports import free_ports
from tests import nursery

#: Bounds a hang alone: much longer than anything takes on a machine that has ten times as much to do.
HANG_SECONDS = 180.0


class WorkerProcess:
    """One `agendum serve`, restartable on the same port and disk."""

    def __init__(self, name: str, bootstrap: str, prefix: str, folder: Path, **settings: object) -> None:
        self.name = name
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.port, self.internal = free_ports(2)
        self.data = folder / name
        self.log = folder / f"{name}.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.restarts = 0
        self._process: nursery.Process | None = None
        given = {
            "kafka": bootstrap,
            "prefix": prefix,
            "data": self.data,
            "port": self.port,
            "internal_port": self.internal,
            "session": 6,
            "heartbeat": 0.5,
            "patience_ms": 5000,
            "poll": 1.0,
            "log_level": "INFO",
            **settings,
        }
        self._settings = {f"AGENDUM_{name.upper()}": str(value) for name, value in given.items()}

    def start(self, **settings: object) -> None:
        """Start; settings of this start alone."""
        more = {f"AGENDUM_{name.upper()}": str(value) for name, value in settings.items()}
        with self.log.open("ab") as log:
            self._process = nursery.start(["work"], {**os.environ, **self._settings, **more}, log)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def asleep(self) -> bool:
        """Stopped by SIGSTOP, by whomever."""
        return self.alive and Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    @property
    def exit(self) -> int | None:
        """What it ended with: an exit code, or the negative number of a signal; None while it lives."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self.join()

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def join(self, seconds: float = HANG_SECONDS) -> None:
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise

    def wipe(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)

    def _signal(self, number: int) -> None:
        if self.alive and self._process is not None:
            os.kill(self._process.pid, number)

    async def health(self, session: aiohttp.ClientSession) -> dict[str, Any] | None:
        """What /readyz says; None if nobody answers."""
        try:
            async with session.get(f"{self.url}/readyz", timeout=aiohttp.ClientTimeout(1)) as answer:
                found: dict[str, Any] = await answer.json()
                return found
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

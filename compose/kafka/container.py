"""A Kafka in a container, for those who have Docker and no Java: the service `kafka` of compose.yaml, and it alone.

Not run yet: there is no Docker engine where this was made. What it asks of Docker is tested, what becomes of that not.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from compose.kafka.cluster import START_SECONDS, answers
from compose.processes import dying_with_us

FILE = Path(__file__).parents[1] / "compose.yaml"
#: A project of its own: what `docker compose up` made for the whole system is left alone.
PROJECT = "agendum-up"
STOP_SECONDS = 30.0


class ContainerKafka:
    """One node; its data stays in Docker's volume of the project."""

    #: as compose.yaml publishes it
    bootstrap = "127.0.0.1:9092"

    def __init__(self, log: Path, *, fresh: bool) -> None:
        self._log = log
        self._fresh = fresh
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ended(self) -> bool:
        """It ran and is gone."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> "ContainerKafka":
        """Start it and wait until it answers. Raises RuntimeError, TimeoutError."""
        # What a kill of us may have left behind; with --fresh its data as well.
        subprocess.run(
            command("down", *(["--volumes"] if self._fresh else [])),
            capture_output=True,
            check=False,
            env=environment(),
        )
        self.restart()
        deadline = time.monotonic() + START_SECONDS
        while not asyncio.run(answers(self.bootstrap, 1)):
            if self.ended:
                raise RuntimeError(f"Docker ended: {self._log.read_text(errors='replace')[-2000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"expected Kafka's container to answer at {self.bootstrap} within {START_SECONDS:.0f} s"
                )
            time.sleep(0.2)
        return self

    def restart(self) -> None:
        """Run it in the foreground of a child of ours; returns at once."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command("up", "--no-deps", "--no-log-prefix", "kafka"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                process_group=0,
                # Docker's client stops the container at SIGTERM; at SIGKILL it could not.
                preexec_fn=dying_with_us(signal.SIGTERM),  # noqa: PLW1509  # one system call
            )

    def stop(self) -> None:
        """Stop the container."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def is_here() -> bool:
    """There is a `docker` with its compose plugin."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


def command(*what: str) -> list[str]:
    """A command of docker compose on our project."""
    return ["docker", "compose", "--file", str(FILE), "--project-name", PROJECT, *what]


def environment() -> dict[str, str]:
    """compose.yaml demands the workers' secrets, although no worker starts here."""
    return {**os.environ, "AGENDUM_SECRET": "unused", "AGENDUM_SEALING_SECRET": "unused"}

"""A whole installation on this machine: Kafka, workers, an executor, as processes that end with us.

Its data stays in one directory, which one installation at a time may use:

    lock           held while it runs; says who holds it
    kafka/         the broker's log
    worker-<n>/    a worker's rows (can be lost: they are rebuilt from the log)
    logs/          what each process says
"""

import fcntl
import os
import shlex
import shutil
import socket
import sys
from pathlib import Path
from typing import IO

from compose.kafka import java
from compose.kafka.cluster import LocalKafka
from compose.kafka.container import ContainerKafka, is_here
from compose.ports import free_ports
from compose.processes import Child
from eventstore.errors import AgendumError

#: A stop waits so long for executor and workers, and for Kafka (s).
STOP_SECONDS = 6.0


class InUse(AgendumError):
    """Another installation uses the directory, or somebody the port; says who, and what else could be done."""

    def __init__(self, who: str, then: str) -> None:
        super().__init__(who)
        self.then = then


class Installation:
    """Kafka (unless there is one at `kafka`), so many workers, and executors that are added; all on loopback."""

    def __init__(self, data: Path, *, port: int, workers: int = 1, kafka: str | None = None) -> None:
        self._data = data
        self._port = port
        self._workers = workers
        self._given = kafka
        self._kafka: LocalKafka | ContainerKafka | None = None
        self._fresh = False
        self._lock: IO[str] | None = None
        self.children: list[Child] = []
        self.url = f"http://127.0.0.1:{port}"

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return self._given or (self._kafka.bootstrap if self._kafka is not None else "")

    def claim(self, *, fresh: bool = False) -> None:
        """Take the directory and look at the port, before anything is started. Raises InUse."""
        self._data.mkdir(parents=True, exist_ok=True)
        lock = (self._data / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            lock.close()
            # It listens as well: somewhere else is another port, too.
            then = "stop that one, or: agendum up --port N --data DIR"
            raise InUse(f"{holder} runs on {self._data}", then) from None
        self._refuse_taken(self._port)
        lock.truncate(0)
        lock.write(f"process {os.getpid()} ({self.url})")
        lock.flush()
        self._lock = lock
        self._fresh = fresh
        if fresh:
            for place in self._data.iterdir():
                if place.is_dir():
                    shutil.rmtree(place)
        (self._data / "logs").mkdir(exist_ok=True)

    def start_kafka(self) -> None:
        """Start a broker, unless one was given. Raises NotInstalled, JarsRefused, RuntimeError, TimeoutError."""
        if self._given is None:
            self._kafka = self._broker()
            self._kafka.start()

    def start_workers(self) -> None:
        """Start the workers; they are ready when /readyz says so."""
        ports = [self._port, *free_ports(self._workers - 1)]
        for number, port in enumerate(ports, 1):
            self._add(
                f"worker-{number}",
                [
                    "work",
                    "--kafka",
                    self.bootstrap,
                    "--port",
                    str(port),
                    "--data",
                    str(self._data / f"worker-{number}"),
                ],
            )

    def start_executor(self, insight: str, slots: int) -> None:
        """Start an executor of an Insight."""
        self._add("executor", ["execute", "--insight", insight, "--slots", str(slots), "--grace", "2"])

    def revive(self) -> list[str]:
        """Start again what has ended; names of what was. Raises RuntimeError where that does not help."""
        revived = []
        for child in self.children:
            if child.ended:
                if child.hopeless:
                    raise RuntimeError(f"{child.name} ends again and again: {child.last_words()}")
                child.start()
                revived.append(child.name)
        if self._kafka is not None and self._kafka.ended:
            self._kafka.restart()
            revived.append("kafka")
        return revived

    def stop(self) -> None:
        """Stop everything: first who works, then who decides, then who keeps."""
        for child in reversed(self.children):
            child.ask_to_stop()
        for child in reversed(self.children):
            child.stop(STOP_SECONDS)
        if self._kafka is not None:
            self._kafka.stop()
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()

    def _refuse_taken(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as wrong:
                place = "" if self._data == state_directory() else f" --data {shlex.quote(str(self._data))}"
                then = f"stop what listens there, or: agendum up --port N{place}"
                raise InUse(f"port {port} is taken ({wrong.strerror})", then) from None

    def _broker(self) -> LocalKafka | ContainerKafka:
        # Java first, although Docker may be there as well: it starts faster, and a kill of us takes it along.
        if not java.is_here() and is_here():
            return ContainerKafka(self._data / "logs" / "kafka.log", fresh=self._fresh)
        return LocalKafka(self._data / "kafka")

    def _add(self, name: str, arguments: list[str]) -> None:
        command = [sys.executable, "-c", "from handlers.cli.main import main; main()", *arguments]
        # On loopback whoever reaches Kafka is its user: the inbox speaks for every customer unless told otherwise.
        speaks = os.environ.get("AGENDUM_INBOX_CUSTOMERS", "*")
        environment = {"AGENDUM_URL": self.url, "AGENDUM_INBOX_CUSTOMERS": speaks}
        child = Child(name, command, self._data / "logs" / f"{name}.log", environment)
        child.start()
        self.children.append(child)


def state_directory() -> Path:
    """Where the user's state is kept (XDG Base Directory)."""
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "agendum"

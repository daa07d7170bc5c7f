"""One Kafka node: its settings, its process."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from compose.kafka.jars import cache, jars
from compose.kafka.java import java
from compose.processes import dying_with_us, run, undisturbed

#: What a small local cluster needs beside its addresses; each was measured to matter.
SETTINGS = {
    "process.roles": "broker,controller",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    # The default of 3 s delays every first join.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # The default of 128 MiB breaks small heaps.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.cleaner.backoff.ms": "500",
    "log.retention.ms": "-1",
    "log.message.timestamp.type": "LogAppendTime",
    "unclean.leader.election.enable": "false",
    # A restart after kill -9 waits for the old session: 11.8 s with the default of 9 s, 5.5 s with this. With 1 s it is
    # 3.5 s, but a machine that is busy for a second makes its own broker one that is fenced, and shows no topics.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "10000",
    "message.max.bytes": "8388608",
    "replica.fetch.max.bytes": "8388608",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


class Node:
    """A node with its data directory; `start` as often as you like, always on the same ports."""

    def __init__(
        self, number: int, folder: Path, port: int, voters: Mapping[int, int], settings: Mapping[str, str]
    ) -> None:
        self.number = number
        self.port = port
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        copies, least = (1, 1) if len(voters) == 1 else (3, 2)
        self._settings = {
            **SETTINGS,
            "node.id": str(number),
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{voters[number]}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{at}" for n, at in voters.items()),
            "log.dirs": str(folder / "data"),
            "default.replication.factor": str(copies),
            "min.insync.replicas": str(least),
            "offsets.topic.replication.factor": str(copies),
            "transaction.state.log.replication.factor": str(copies),
            "transaction.state.log.min.isr": str(least),
            "share.coordinator.state.topic.replication.factor": str(copies),
            "share.coordinator.state.topic.min.isr": str(least),
            **settings,
        }

    def format(self, cluster: str) -> None:
        """Write the settings, and format the data directory unless it is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = (f"{name}={value}\n" for name, value in self._settings.items())
        (self.folder / "node.properties").write_text("".join(lines))
        if (self.folder / "data" / "meta.properties").exists():
            return
        command = [*program("kafka.tools.StorageTool"), "format", f"--cluster-id={cluster}"]
        done = run([*command, "-c", str(self.folder / "node.properties"), "-g"])
        if done.returncode:
            raise RuntimeError(f"expected node {self.number} to be formatted: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Run the process; it dies with the thread that starts it."""
        with (self.folder / "out.log").open("ab") as out, undisturbed():
            self.process = subprocess.Popen(
                [*program("kafka.Kafka"), str(self.folder / "node.properties")],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # Its own group: a terminal's Ctrl-C is for us, and we stop it.
                process_group=0,
                preexec_fn=dying_with_us(),  # noqa: PLW1509  # system calls that touch no lock
                env={**os.environ, "JAVA_TOOL_OPTIONS": ""},
            )

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it runs."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def stop(self, seconds: float = 1.0) -> None:
        """End the process: asked first, killed after a short grace."""
        if self.process is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait()


def program(name: str) -> list[str]:
    """The command of a program of Kafka's that is to start fast: with both, formatting takes half the time."""
    archive = cache() / "classes.jsa"
    sharing = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
    options = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", *sharing]
    return [java(), *options, "-cp", f"{jars()}/*", name]

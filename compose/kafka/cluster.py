"""A local cluster of one or three nodes: started, killed, paused and restarted by tests and by hand."""

import asyncio
import base64
import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from compose.kafka.jars import cache, jars
from compose.kafka.java import demand, java
from compose.kafka.node import Node
from compose.ports import free_ports
from compose.processes import run

#: Bounds a hang alone, as a node that ends is noticed at once: it starts in a few seconds, and in more than a minute on
#: a machine that has much else to do.
START_SECONDS = 180.0


class LocalKafka:
    """`start`, then `bootstrap`; `stop` in the end. Data stays in `folder`."""

    def __init__(self, folder: Path, nodes: int = 1, settings: Mapping[str, str] | None = None) -> None:
        ports = free_ports(2 * nodes)
        voters = {number: ports[nodes + number - 1] for number in range(1, nodes + 1)}
        self.nodes = [
            Node(number, folder / f"node-{number}", ports[number - 1], voters, settings or {}) for number in voters
        ]
        # A cluster's own name; one that began with "-" would be taken for an option, and did so once in 64 starts.
        self._cluster = "A" + base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")[1:]

    @property
    def bootstrap(self) -> str:
        """Addresses for clients."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> "LocalKafka":
        """Start all nodes and wait until the cluster answers as a whole. Raises NotInstalled, JarsRefused."""
        demand()
        archive_classes()
        for node in self.nodes:
            node.format(self._cluster)
        for node in self.nodes:
            node.start()
        self.wait()
        return self

    def wait(self, brokers: int | None = None) -> None:
        """Wait until metadata shows so many brokers (all) and a controller: an open port says nothing."""
        wanted = len(self.nodes) if brokers is None else brokers
        deadline = time.monotonic() + START_SECONDS
        while not asyncio.run(answers(self.bootstrap, wanted)):
            for node in self.nodes:
                if brokers is None and node.process is not None and node.process.poll() is not None:
                    raise RuntimeError(f"node {node.number} ended: {tail(node.folder / 'out.log')}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"expected {wanted} brokers within {START_SECONDS:.0f} s at {self.bootstrap}")
            time.sleep(0.1)

    @property
    def ended(self) -> bool:
        """A node ran and is gone."""
        return any(node.process is not None and node.process.poll() is not None for node in self.nodes)

    def restart(self) -> None:
        """Start again what is gone; returns at once."""
        for node in self.nodes:
            if node.process is not None and node.process.poll() is not None:
                node.start()

    def stop(self) -> None:
        """Stop all nodes."""
        for node in self.nodes:
            node.signal(signal.SIGTERM)
        for node in self.nodes:
            node.stop()

    def kill(self, number: int = 1) -> None:
        """kill -9 of one node."""
        self.nodes[number - 1].kill()

    def start_node(self, number: int = 1) -> None:
        """Start a killed node again, on its ports, with its data; returns at once."""
        self.nodes[number - 1].start()

    def pause(self, number: int = 1) -> None:
        """SIGSTOP of one node."""
        self.nodes[number - 1].signal(signal.SIGSTOP)

    def resume(self, number: int = 1) -> None:
        """SIGCONT of one node."""
        self.nodes[number - 1].signal(signal.SIGCONT)


def archive_classes() -> None:
    """Make the class archive once: it halves the start of every later node. Without it all works, slower."""
    archive = cache() / "classes.jsa"
    libs = jars()
    if archive.exists():
        return
    fresh = archive.with_name(f"classes-{os.getpid()}.jsa")
    try:
        with suppress(subprocess.TimeoutExpired):
            done = run(
                [java(), f"-XX:ArchiveClassesAtExit={fresh}", "-cp", f"{libs}/*", "kafka.Kafka", "--version"], 60
            )
            # A node would take one that was cut short for whole.
            if done.returncode == 0 and fresh.exists():
                fresh.rename(archive)
    finally:
        fresh.unlink(missing_ok=True)


def tail(path: Path, size: int = 2000) -> str:
    """The end of a log file."""
    return path.read_text(errors="replace")[-size:]


async def answers(bootstrap: str, brokers: int) -> bool:
    """Whether metadata shows so many brokers, and a controller."""
    # Until a node listens every attempt fails, which aiokafka says loudly and nobody needs to know.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        async with asyncio.timeout(4):
            await admin.start()
            cluster = await admin.describe_cluster()
            return len(cluster["brokers"]) >= brokers and cluster["controller_id"] not in (None, -1)
    except Exception:  # noqa: BLE001  # not yet, whatever the reason
        return False
    finally:
        logging.getLogger("aiokafka").setLevel(logging.NOTSET)
        await admin.close()

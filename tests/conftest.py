"""One real broker per session, and one worker for all tests of the wire; a prefix or customers of its own per test."""

import asyncio
import gc
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from compose.kafka.cluster import LocalKafka
from handlers.process.collector import THRESHOLDS
from tests.faults.processes import WorkerProcess
from tests.wire import Client, ready

HERE = Path(__file__).parent
STACK = pytest.StashKey[ExitStack]()
#: Folders whose tests start workers and brokers; the others compute.
RANKS = {name: rank for rank, name in enumerate(("faults", "integration", "pop", "contract"))}
#: Files that take a minute or about that, the longest first: what is short fills up the time until they end.
LONGEST = (
    "integration/test_up.py",
    "integration/test_openapi.py",
    "faults/test_stale_owners.py",
    "faults/test_faults.py",
    "integration/test_verify_workers.py",
    "integration/test_execution.py",
    "integration/test_inbox_foreign.py",
)
# How long an example takes, or is drawn, says what else the machine does: 200 ms are over while others have their turn.
# And a run says of a change what it did: the examples are the same ones every time. New ones are looked for by hand:
# `--hypothesis-profile explore`.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("explore"), derandomize=True, print_blob=True)
settings.load_profile("steady")


class Broker:
    """Where the session's Kafka answers."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap


def pytest_configure(config: pytest.Config) -> None:
    """A shell ignores Ctrl-C for what it runs in the background, and what ignores it hands that on: commands under test
    are to be interrupted.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput") or config.getoption("collectonly"):
        # What is collected stays to the end: to look through it as often as Python does is a quarter of the work.
        gc.set_threshold(*THRESHOLDS)
    if config.getoption("numprocesses", None) and not config.getoption("collectonly"):
        config.pluginmanager.register(Shared(config.stash.setdefault(STACK, ExitStack()).enter_context(broker())))


def pytest_unconfigure(config: pytest.Config) -> None:
    """The broker ends with the run, whatever became of it."""
    config.stash.get(STACK, ExitStack()).close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several processes none is to begin last with what takes longest: what waits for processes comes first."""
    if hasattr(config, "workerinput"):
        items.sort(key=turn)


def turn(item: pytest.Item) -> tuple[int, int]:
    """When a test comes: its file's place among the longest, and its folder's rank."""
    file = item.path.relative_to(HERE)
    place = LONGEST.index(file.as_posix()) if file.as_posix() in LONGEST else len(LONGEST)
    return place, RANKS.get(file.parts[0], len(RANKS))


@contextmanager
def broker() -> Iterator[Broker]:
    """The Kafka that the user gave, or a local one."""
    if address := os.environ.get("AGENDUM_TEST_KAFKA"):
        yield Broker(address)
        return
    with tempfile.TemporaryDirectory(prefix="agendum-test-") as folder:
        cluster = LocalKafka(Path(folder))
        try:
            yield Broker(cluster.start().bootstrap)
        finally:
            cluster.stop()


class Shared:
    """Of a run with several processes: one broker for all of them, of the process that they are children of."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """What a test process is told before it starts."""
        node.workerinput["kafka"] = self._broker.bootstrap


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The session's Kafka."""
    if (told := getattr(request.config, "workerinput", None)) is not None:
        yield Broker(told["kafka"])
        return
    with broker() as found:
        yield found


@pytest.fixture
def prefix() -> str:
    """Topics of this test alone."""
    return f"t{os.urandom(5).hex()}"


@contextmanager
def running(kafka: Broker, **settings: object) -> Iterator[WorkerProcess]:
    """A real worker process that is ready, with topics of its own."""
    with tempfile.TemporaryDirectory(prefix="agendum-wire-") as folder:
        found = WorkerProcess("W", kafka.bootstrap, f"wire{os.urandom(4).hex()}", Path(folder), **settings)
        found.start()
        waiting = threading.Thread(target=lambda: asyncio.run(ready(found)))
        waiting.start()
        waiting.join()
        try:
            yield found
        finally:
            found.stop()
            found.join()


@pytest.fixture(scope="session")
def worker(kafka: Broker) -> Iterator[WorkerProcess]:
    """One real worker process."""
    with running(kafka, poll=1.0) as found:
        yield found


@pytest.fixture
async def client(worker: WorkerProcess) -> Client:
    """A client under a tenant of its own."""
    found = Client(worker.url, f"t{os.urandom(4).hex()}")
    await found.tenant_set_up()
    return found

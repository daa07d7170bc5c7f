"""One real broker per session, a prefix of its own per test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.kafka.cluster import LocalKafka


class Broker:
    """Where the session's Kafka answers."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """The session's Kafka: an address that the user gave, or a local one."""
    if address := os.environ.get("AGENDUM_TEST_KAFKA"):
        yield Broker(address)
        return
    with tempfile.TemporaryDirectory(prefix="agendum-test-") as folder:
        cluster = LocalKafka(Path(folder)).start()
        try:
            yield Broker(cluster.bootstrap)
        finally:
            cluster.stop()


@pytest.fixture
def prefix() -> str:
    """Topics of this test alone."""
    return f"t{os.urandom(5).hex()}"

"""One worker with tokens for all tests of isolation."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Broker
from tests.integration.isolation.world import World


@pytest.fixture(scope="package")
def world(kafka: Broker) -> Iterator[World]:
    """Ann and Bob, and a worker that tells them apart."""
    with tempfile.TemporaryDirectory(prefix="agendum-isolation-") as folder:
        found = World(kafka.bootstrap, Path(folder))
        try:
            found.start()
            yield found
        finally:
            found.worker.stop()
            found.worker.join()

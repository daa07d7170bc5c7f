"""Tests of one name are numbered; and what tests that execute agendas have in common: our own client, and a tenant."""

import os
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from _pytest.nodeid import coerce_node_id

from handlers.client.client import Client, connect
from handlers.clock import draw
from tests.faults.processes import WorkerProcess
from tests.integration.installation import tenant


@pytest.fixture
async def service(worker: WorkerProcess) -> AsyncIterator[Client]:
    """The session's worker, by our own client."""
    async with connect(worker.url, draw=draw, patience=120) as found:
        yield found


@pytest.fixture
async def name(service: Client) -> str:
    """What a customer of this test alone, its pool and its Insight are called."""
    found = f"x{os.urandom(4).hex()}"
    await tenant(service, found)
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Number tests of one name: schemathesis gives one to all operations, and pytest-xdist runs one test of a name."""
    seen: Counter[str] = Counter()
    for item in items:
        seen[item.nodeid] += 1
        if seen[item.nodeid] > 1:
            item._id = coerce_node_id(f"{item.nodeid}[{seen[item.nodeid]}]")

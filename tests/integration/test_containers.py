"""What compose.yaml relies on, with processes instead of containers: names for addresses, and an example put once."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from compose.demo import demonstrate
from handlers.cli.demo import CATALOGUE
from handlers.client.client import connect
from handlers.clock import draw
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess

pytestmark = pytest.mark.kafka


async def test_workers_that_are_told_names_reach_each_other_by_them(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    # In containers AGENDUM_INTERNAL_HOST is the container's name: what is listened on, and what the other is told.
    pair = [
        WorkerProcess(name, kafka.bootstrap, prefix, tmp_path, internal_host="localhost", partitions=2)
        for name in ("one", "two")
    ]
    try:
        for worker in pair:
            worker.start()
        await both_ready(pair)
        # One of them owns partitions and the other does not always: each takes requests for what is elsewhere.
        found = [await demonstrate(worker.url) for worker in pair]
        assert found[0] == found[1]
        for worker in pair:
            async with connect(worker.url, draw=draw) as client:
                run = await client.progress(found[0])
                assert run is not None
                assert run.customer_id == "demo"
    finally:
        for worker in pair:
            worker.stop()
        for worker in pair:
            worker.join()


async def both_ready(pair: list[WorkerProcess]) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(120):
        while True:
            found = [await worker.health(session) for worker in pair]
            owned = sorted(number for health in found if health and health["ready"] for number in health["owned"])
            if owned == [0, 1] and all(health and health["ready"] for health in found):
                return
            await asyncio.sleep(0.1)


async def test_the_example_is_put_once_however_often_it_is_put(worker: WorkerProcess) -> None:
    assert await demonstrate(worker.url) == await demonstrate(worker.url)
    async with connect(worker.url, draw=draw) as client:
        assert len(await client.progresses(linkId="demo-media")) == 1
    assert CATALOGUE["insight"]["mappers"]["operationType"] == ["sample", "logMessages", "command", "http"]

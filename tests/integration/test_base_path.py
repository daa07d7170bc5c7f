"""The base path of a service is a setting (spec 2.1): POP's routes stand below it, with and without a stage."""

from pathlib import Path

import pytest

from tests.conftest import Broker
from tests.faults.world import world

pytestmark = pytest.mark.kafka
HEADERS = {"Authorization": "a"}


async def test_routes_stand_below_the_base_path_and_the_workers_own_pages_do_not(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    async with world(kafka, prefix, tmp_path, "A", base_path="/api") as where:
        [worker] = where.workers
        worker.start()
        await where.owns(worker)  # by /readyz, which stays where it is

        async def status(path: str) -> int:
            async with where.session.get(f"{worker.url}{path}", headers=HEADERS) as answer:
                return answer.status

        paths = ("/api/pop/agenda", "/api/dev/pop/agenda", "/pop/agenda", "/dev/pop/agenda", "/api/healthz")
        assert [await status(path) for path in paths] == [200, 200, 405, 405, 405]
        async with where.session.get(f"{worker.url}/openapi.json") as answer:
            told = await answer.json()
        assert [server["url"] for server in told["servers"]] == ["/api", "/api/{stage}"]

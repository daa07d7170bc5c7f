"""Kafka away for a while (design 5): reads go on and say how old they may be, writes ask for patience, nobody restarts.

Three minutes of it, under load: tests/faults/test_faults.py.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compose.kafka.cluster import LocalKafka
from tests.conftest import Broker
from tests.faults.world import World, world
from tests.wire import STALE, Client

pytestmark = pytest.mark.kafka
HEADERS = {"Authorization": "x"}
POSITION = "Agendum-Position"
#: A short session, after which nothing can be proved; and requests are not held for long.
SETTINGS = {"session": 4, "heartbeat": 0.4, "hold": 2}
SECONDS = 120

Answer = tuple[int, Any, Any]


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[LocalKafka]:
    """A broker of this test's own, because it kills it."""
    cluster = LocalKafka(tmp_path / "kafka")
    cluster.start()
    yield cluster
    cluster.stop()


async def ask(where: World, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Status, JSON and headers of one answer, asked for once."""
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with where.session.request(method, f"{where.workers[0].url}{path}", json=body, headers=given) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


async def marked(where: World, path: str) -> Answer:
    """The first answer to a GET that is marked; until then, and then, there is an answer."""
    found: list[Answer] = []

    async def holds() -> bool:
        found[:] = [await ask(where, "GET", path)]
        assert found[0][0] == 200, found
        return STALE in found[0][2]

    await where.until(holds, f"{path} to be marked", SECONDS)
    return found[0]


async def test_reads_go_on_marked_and_writes_ask_for_patience(mortal: LocalKafka, prefix: str, tmp_path: Path) -> None:
    async with world(Broker(mortal.bootstrap), prefix, tmp_path, "A", **SETTINGS) as where:
        [worker] = where.workers
        worker.start()
        await where.owns(worker)
        client = Client(worker.url, "acme")
        await client.tenant_set_up()
        run = (await client.submit("a", headers={"Idempotency_Key": "before"}))["progressId"]
        paths = [f"/pop/progress/agenda/{run}", "/pop/progress/agenda?bycustomerId=acme", "/pop/customer/acme"]
        await where.until(lambda: proves(where, paths), "reads without a mark", SECONDS)
        before = [await ask(where, "GET", path) for path in paths]
        process = worker.pid

        mortal.kill()

        first = [await marked(where, path) for path in paths]
        assert [body for _, body, _ in first] == [body for _, body, _ in before]
        assert [headers[POSITION] for _, _, headers in first] == [headers[POSITION] for _, _, headers in before]
        agenda = {"customerId": "acme", "operations": [{"name": "a", "type": "t"}]}
        report = {"agendaProgress": {"id": run, "startedTime": 1, "processingState": "EXECUTING"}}
        refused = [
            await ask(where, "POST", "/pop/agenda", agenda, Idempotency_Key="meanwhile"),
            await ask(where, "POST", "/pop/resourcepool/service/updateAgendaProgress", report),
            await ask(where, "PUT", "/pop/customer/acme", {"title": "new"}),
        ]
        for status, body, headers in refused:
            assert status == 503, body
            assert body["errorResponse"]["responseCode"] == 503
            assert float(headers["Retry-After"]) > 0
        pull = {"insightId": "i-acme", "count": 1}
        _, nothing, _ = await ask(where, "POST", "/pop/resourcepool/service/getAgenda", pull)
        assert nothing == {"error": False, "agendas": [], "all": []}, "what is ready is handed out to nobody"
        await where.until(lambda: says(where, "read-only: Kafka does not answer"), "the worker to say why", SECONDS)
        assert (await ask(where, "GET", "/healthz"))[0] == 200
        later = [await marked(where, path) for path in paths]
        ages = [(int(one[2][STALE]), int(two[2][STALE])) for one, two in zip(first, later, strict=True)]
        assert all(one < two for one, two in ages), ages

        mortal.start_node()
        await asyncio.to_thread(mortal.wait)

        await where.until(lambda: proves(where, paths), "reads without a mark", SECONDS)
        made = [await said(where, "/pop/agenda", agenda, Idempotency_Key="meanwhile") for _ in range(2)]
        assert made[0]["all"][0]["id"] == made[1]["all"][0]["id"]
        answer = await said(where, "/pop/resourcepool/service/updateAgendaProgress", report)
        assert answer == {"error": False}
        await where.until(lambda: proves(where, paths), "reads without a mark", SECONDS)
        _, found, _ = await client.ask("GET", "/pop/agenda?bycustomerId=acme")
        assert found["count"] == 2, "one of before, and one that was asked for again and again"
        assert (worker.alive, worker.pid) == (True, process)


async def said(where: World, path: str, body: Any, **headers: str) -> Any:
    """What a POST is answered, asked as long as nobody can say (503)."""
    found: list[Answer] = []

    async def holds() -> bool:
        found[:] = [await ask(where, "POST", path, body, **headers)]
        return found[0][0] != 503

    await where.until(holds, f"an answer of {path}", SECONDS)
    assert found[0][0] == 200, found
    return found[0][1]


async def says(where: World, reason: str) -> bool:
    status, body, _ = await ask(where, "GET", "/readyz")
    return status == 503 and reason in body["reasons"]


async def proves(where: World, paths: list[str]) -> bool:
    answers = [await ask(where, "GET", path) for path in ["/readyz", *paths]]
    return all(status == 200 and STALE not in headers for status, _, headers in answers)

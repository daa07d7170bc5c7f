"""What a worker says while it starts: it asks for patience, and says of nothing that it is not there (design 4.6)."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from eventstore.kafka.admin import make_topics
from eventstore.topics import Topic
from tests.conftest import Broker
from tests.faults.world import P, World, world

pytestmark = pytest.mark.kafka
HEADERS = {"Authorization": "a"}
#: Bounds a hang alone.
SECONDS = 300.0
#: Together 60 MB: more than is read within the 200 ms that a question for the end of the catalogue may take.
CUSTOMERS, TITLE, TIMES = 120, "t" * 500_000, 2


async def test_a_puller_and_a_reader_are_never_told_that_something_is_missing(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    async with world(kafka, prefix, tmp_path, "A", poll=0.1) as where:
        [worker] = where.workers
        worker.start()
        await where.owns(worker)
        await fill(where)
        for _ in range(TIMES):
            worker.kill()
            worker.wipe()  # no snapshot of the catalogue
            worker.start()
            told = await answers_until_ready(where)
            assert [answer for answer in told if answer["error"]] == []
            assert {len(answer["all"]) for answer in told if "count" in answer} == {1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"retention.ms": "604800000"}, "expected retention.ms=-1, found 604800000"),
        ({"cleanup.policy": "compact"}, "expected cleanup.policy=delete, found compact"),
        ({}, f"expected {P} partitions, found {P + 1}"),
    ],
)
async def test_a_worker_does_not_start_on_topics_that_break_a_promise(
    kafka: Broker, prefix: str, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    async with world(kafka, prefix, tmp_path, "A") as where:
        [worker] = where.workers
        right = where.topics.agendas
        wrong = Topic(right.name, P if change else P + 1, {**right.settings, **change})
        await make_topics(kafka.bootstrap, [wrong], replication=1)
        worker.start()
        await asyncio.to_thread(worker.join, 120)

        assert worker.exit not in (None, 0)
        text = " ".join(worker.log.read_text().split())
        assert f"topic {right.name}: {said}" in text
        assert "Set it right with kafka-configs, or use a new prefix" in text


async def fill(where: World) -> None:
    """A catalogue that takes a while to read; what is asked for stands at its end."""
    for first in range(0, CUSTOMERS, 10):
        ids = [f"c{number}" for number in range(first, first + 10)]
        await asyncio.gather(*(post(where, "customer", {"id": one, "customerId": one, "title": TITLE}) for one in ids))
    await post(where, "resourcepool", {"id": "p", "customerId": "c1", "title": "p"})
    insight = {"id": "late", "customerId": "c1", "title": "i", "resourcePoolId": "p", "queueName": "q"}
    await post(where, "insight", {**insight, "mappers": {"operationType": ["t"]}})


async def post(where: World, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post an object of a fixed id, again as long as the service cannot say whether it has it (503)."""
    async with asyncio.timeout(SECONDS):
        while True:
            async with where.session.post(f"{where.workers[0].url}/pop/{path}", json=body, headers=HEADERS) as answer:
                found: dict[str, Any] = await answer.json()
            if answer.status != 503:
                assert not found["error"], found
                return found
            await asyncio.sleep(0.2)


async def answers_until_ready(where: World) -> list[dict[str, Any]]:
    """What a puller and a reader of the Insight are told from the start on; 503 and no connection are no answers.

    Until the worker is ready, and the reader was told something.
    """
    told: list[dict[str, Any]] = []
    url = f"{where.workers[0].url}/pop"
    pull = {"insightId": "late", "count": 1}
    ready = False
    async with asyncio.timeout(SECONDS):
        while not ready or not any("count" in answer for answer in told):
            ready = bool((await where.workers[0].health(where.session) or {}).get("ready"))
            for method, path, body in (
                ("POST", "/resourcepool/service/getAgenda", pull),
                ("GET", "/insight/late", None),
            ):
                try:
                    async with where.session.request(method, url + path, json=body, headers=HEADERS) as answer:
                        if answer.status != 503:
                            told.append(await answer.json())
                except aiohttp.ClientError:
                    await asyncio.sleep(0.01)
    return told

"""The final report of an executor, sent again and again while a worker is killed (spec 14.5)."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from eventstore.ids import partition_of
from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.processes import WorkerProcess
from tests.wire import Client, share

pytestmark = pytest.mark.kafka
#: Seconds between one try of POP's executor and the next.
PAUSES = (0, 0.1, 5, 5, 5, 5)
PATH = "/pop/resourcepool/service/updateAgendaProgress"


@pytest.fixture
async def two(kafka: Broker) -> AsyncIterator[Arena]:
    """Two workers that share the partitions; to a client one service."""
    async with arena(kafka.bootstrap, f"final{os.urandom(4).hex()}") as found:
        await share(found.workers)
        yield found


async def owner_of(two: Arena, identity: str) -> tuple[WorkerProcess, WorkerProcess]:
    """Who owns a run, and the other."""
    number = partition_of(identity.encode(), 12)
    found: list[tuple[WorkerProcess, WorkerProcess]] = []

    async def owned() -> bool:
        pairs = ((one, other, await one.health(two.session)) for one, other in (two.workers, two.workers[::-1]))
        found[:] = [(one, other) async for one, other, health in pairs if health and number in health["owned"]]
        return bool(found)

    await two.until(owned, f"an owner of {number}")
    return found[0]


async def tell(client: Client, report: dict[str, Any]) -> int:
    """Report as POP's executor does until it is told that it was heard; how many tries it took, 0 if none was."""
    for number, pause in enumerate(PAUSES, 1):
        await asyncio.sleep(pause)
        try:
            status, answer, _ = await client.ask("POST", PATH, report)
        except aiohttp.ClientError:
            continue
        if status < 400 and answer is not None and not answer["error"]:
            return number
    return 0


class TestFinalReport:
    """14.5 The final report is repeated."""

    async def test_it_is_heard_though_the_worker_of_its_run_is_killed(self, two: Arena) -> None:
        client = Client(two.workers[0].url, f"t{os.urandom(4).hex()}")
        await client.tenant_set_up()
        agenda = await client.submit("a", "b")
        run = agenda["progressId"]
        done = {"processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        entries = [{"operation": name, **done} for name in "ab"]
        said = await client.report(run, processingState="EXECUTING", operationProgress=entries[:1])
        assert said == {"error": False}
        gone, left = await owner_of(two, run)
        client.url = left.url
        report = {"agendaProgress": {"id": run, "startedTime": 1000, **done, "operationProgress": entries[1:]}}

        gone.kill()
        tries = await tell(client, report)

        assert tries, "nobody heard it within its six tries"
        for _ in range(2):  # the JDK sends it once more where it saw no answer
            status, answer, _ = await client.ask("POST", PATH, report)
            assert (status, answer) == (200, {"error": False})
        progress = await client.progress(run)
        assert (progress["processingState"], progress["attemptsCompleted"]) == ("COMPLETE", 1)
        rows = progress["operationProgress"]
        assert [(row["processingState"], row["attemptCount"]) for row in rows] == [("COMPLETE", 1)] * 2

"""Timed processes: retry, reclaiming, reaping (spec 9)."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Broker, running
from tests.faults.processes import WorkerProcess
from tests.wire import SECONDS, Client

pytestmark = pytest.mark.kafka


class TestRetry:
    """9.1 Retry.

    When it is due: `tests/unit/handlers/timers/test_due.py`, `tests/unit/handlers/deciders/test_endings.py`.
    """

    async def test_a_failed_run_is_given_out_again_until_its_attempts_are_used_up(self, client: Client) -> None:
        agenda = await client.submit("x", params={"maximumAttempts": 2})
        for started in (1, 2):
            await client.pull()
            end = {"processingState": "COMPLETE", "processingStateMessage": "failed"}
            await client.report(agenda["progressId"], started, **end)
        progress = await client.progress(agenda["progressId"])
        assert (progress["attemptsCompleted"], progress["processingStateMessage"]) == (2, "failed")

    async def test_a_failure_that_is_put_is_given_out_again(self, client: Client) -> None:
        agenda = await client.submit("x", params={"maximumAttempts": 2})
        await client.pull()
        failed = {"processingState": "COMPLETE", "processingStateMessage": "failed"}
        await client.ask("PUT", f"/pop/progress/agenda/{agenda['progressId']}", failed)
        assert [found["id"] for found in (await client.pull())["agendas"]] == [agenda["id"]]

    @pytest.mark.parametrize(("message", "again"), [("FAILED", True), ("succeeded", False), (None, False)])
    async def test_only_a_failure_is_tried_again_whatever_its_case(
        self, client: Client, message: str | None, again: bool
    ) -> None:
        agenda = await client.submit("x")
        await client.pull()
        await client.report(agenda["progressId"], processingState="COMPLETE", processingStateMessage=message)
        if again:
            assert [found["id"] for found in (await client.pull())["agendas"]] == [agenda["id"]]
        else:
            assert [(await client.poll())["agendas"] for _ in range(3)] == [[], [], []]

    async def test_it_goes_on_with_what_was_done(self, client: Client) -> None:
        agenda = await client.submit("a", "b")
        await client.pull()
        rows = [
            {"operation": "a", "processingState": "COMPLETE", "processingStateMessage": "succeeded"},
            {"operation": "b", "processingState": "COMPLETE", "processingStateMessage": "failed"},
        ]
        end: Any = {"processingState": "COMPLETE", "processingStateMessage": "failed"}
        await client.report(agenda["progressId"], operationProgress=rows, **end)
        answer = await client.pull()
        (progress,) = answer["agendaProgresses"]
        assert (progress["processingState"], progress["processingStateMessage"]) == ("WAITING", "pending")
        messages = {row["operation"]: row["processingStateMessage"] for row in progress["operationProgress"]}
        assert messages == {"a": "succeeded", "b": "failed"}
        assert progress["attemptsCompleted"] == 1

    async def test_a_failure_is_tried_again_once_however_often_it_is_edited(self, client: Client) -> None:
        agenda = await client.submit("x")
        await client.pull()
        path = f"/pop/progress/agenda/{agenda['progressId']}"
        await client.report(agenda["progressId"], processingState="COMPLETE", processingStateMessage="failed")
        for number in range(3):
            await client.ask("PUT", path, {"title": str(number)})
        await client.pull()
        await client.report(agenda["progressId"], 2, processingState="EXECUTING")
        await client.ask("PUT", path, {"title": "again"})
        assert [(await client.poll())["agendas"] for _ in range(2)] == [[], []]

    async def test_by_default_there_are_three_attempts(self, client: Client) -> None:
        agenda = await client.submit("x")
        for started in (1, 2, 3):
            await client.pull()
            end: Any = {"processingState": "COMPLETE", "processingStateMessage": "failed"}
            await client.report(agenda["progressId"], started, **end)
        progress = await client.progress(agenda["progressId"])
        assert (progress["attemptsCompleted"], progress["maximumAttempts"]) == (3, 3)
        assert progress["processingState"] == "COMPLETE"


@pytest.fixture(scope="module")
def hasty(kafka: Broker) -> Iterator[WorkerProcess]:
    """A worker to whom three seconds of silence are a lost executor, and what is at rest is old at once."""
    young = {"reap_agenda_ms": 1, "reap_progress_ms": 1, "reap_operation_ms": 1, "reap_every_ms": 200}
    with running(kafka, reclaim_ms=3000, **young) as found:
        yield found


@pytest.fixture
async def client_of_hasty(hasty: WorkerProcess) -> Client:
    found = Client(hasty.url, f"t{os.urandom(4).hex()}")
    await found.tenant_set_up()
    return found


class TestReclaiming:
    """9.2 Reclaiming.

    Silence counts while someone listens, not by `updatedTime`: `tests/unit/handlers/timers/test_due.py`.
    """

    async def test_a_silent_executor_is_lost_and_what_it_had_is_given_out_again(self, client_of_hasty: Client) -> None:
        client = client_of_hasty
        agenda = await client.submit("x")
        await client.pull()
        entry = {"operation": "x", "processingState": "EXECUTING"}
        events: Any = {"diagnosticEvents": [{"message": "mine"}]}
        await client.report(agenda["progressId"], processingState="EXECUTING", operationProgress=[entry], **events)
        answer = await client.pull()
        (progress,) = answer["agendaProgresses"]
        assert progress["attemptsCompleted"] == 1
        mine, lost = progress["diagnosticEvents"]
        assert (mine, lost["message"], lost["time"] > 0) == ({"message": "mine"}, "AgendaProgress timed out.", True)
        assert progress["operationProgress"][0]["processingState"] == "EXECUTING", "operations are left as they are"


class TestReaping:
    """9.3 Reaping.

    What is due, kind by kind: `tests/unit/handlers/timers/test_reaper.py`; on demand and by the command line, which POP
    has not: `tests/integration/test_timed.py`.
    """

    async def test_what_is_at_rest_goes_by_age_and_what_waits_and_the_catalogue_stay(
        self, client_of_hasty: Client
    ) -> None:
        client = client_of_hasty
        gone = await client.submit("x", params={"doNotRun": None})
        waits = await client.submit("y")
        async with asyncio.timeout(SECONDS):
            for kind, identity in (
                ("agenda", gone["id"]),
                ("progress/agenda", gone["progressId"]),
                ("progress/operation", f"{gone['progressId']}-x"),
            ):
                while (await client.ask("GET", f"/pop/{kind}/{identity}"))[1]["all"]:  # noqa: ASYNC110  # of another process
                    await asyncio.sleep(0.1)
        assert (await client.progress(waits["progressId"]))["operationProgress"][0]["operation"] == "y"
        for kind, identity in (("customer", client.tenant), ("insight", f"i-{client.tenant}")):
            assert (await client.ask("GET", f"/pop/{kind}/{identity}"))[1]["count"] == 1

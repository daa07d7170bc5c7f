"""What is not in POP's wire, on a real worker: what operators look at, and what happens behind it."""

import pytest

from tests.faults.processes import WorkerProcess
from tests.wire import Client, error_of, raw, share

pytestmark = pytest.mark.kafka


async def samples(worker: WorkerProcess) -> dict[str, float]:
    """What a worker's metrics say, by their names with their labels."""
    (answer,) = await raw(worker, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    lines = answer.decode().partition("\r\n\r\n")[2].splitlines()
    parts = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in parts}


class TestOperation:
    """What operators look at."""

    async def test_health_and_metrics_need_no_authorization(self, worker: WorkerProcess) -> None:
        await share([worker])
        get = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
        alive, ready, metrics = await raw(worker, *(get % path for path in (b"/healthz", b"/readyz", b"/metrics")))
        assert alive.startswith(b"HTTP/1.1 200")
        assert ready.startswith(b"HTTP/1.1 200")
        assert b"\nagendum_partitions_owned 12.0\n" in metrics

    async def test_metrics_tell_of_what_was_asked_folded_and_is_ready(
        self, worker: WorkerProcess, client: Client
    ) -> None:
        before = await samples(worker)
        await client.submit()
        after = await samples(worker)
        insight = f'{{insight="i-{client.tenant}"}}'
        assert after[f"agendum_ready{insight}"] == 1
        assert after[f"agendum_ready_age_seconds{insight}"] >= 0
        for grows in (
            'agendum_command_seconds_count{command="SubmitAgenda",outcome="answered"}',
            'agendum_command_seconds_sum{command="SubmitAgenda",outcome="answered"}',
        ):
            assert after[grows] > before.get(grows, 0)
        applied = [f'agendum_records_total{{partition="{number}",verdict="applied"}}' for number in range(12)]
        assert sum(after.get(name, 0) for name in applied) > sum(before.get(name, 0) for name in applied)
        for lag in ("records", "seconds"):
            assert {f'agendum_lag_{lag}{{partition="{number}"}}' for number in range(12)} <= after.keys()


class TestEndings:
    """What is not in POP's wire, or happens behind it: handing back, retrying, cancelling (spec 9.1, design 4.8)."""

    async def test_a_run_that_is_handed_back_is_given_to_the_next_puller(self, client: Client) -> None:
        agenda = await client.submit("x", "y")
        await client.pull()
        done = {"operation": "x", "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        await client.report(agenda["progressId"], 7, processingState="EXECUTING", operationProgress=[done])
        body = {"agendaProgressId": agenda["progressId"], "startedTime": 7}
        _, answer, _ = await client.ask("POST", "/pop/resourcepool/service/handBackAgenda", body)
        assert answer == {"error": False}
        found = await client.pull()
        assert [one["id"] for one in found["agendas"]] == [agenda["id"]]
        states = {row["operation"]: row["processingState"] for row in found["agendaProgresses"][0]["operationProgress"]}
        assert states == {"x": "COMPLETE", "y": "WAITING"}
        assert error_of(await client.report(agenda["progressId"], 7, processingState="EXECUTING"))[1] == 409

    async def test_a_cancelled_run_is_complete_and_its_executor_is_told(self, client: Client) -> None:
        agenda = await client.submit("x")
        await client.pull()
        await client.report(agenda["progressId"], 7, processingState="EXECUTING")
        _, answer, _ = await client.ask("POST", "/pop/agenda/service/cancel", {"agendaId": agenda["id"]})
        assert answer == {"error": False}
        progress = await client.progress(agenda["progressId"])
        assert (progress["processingState"], progress["processingStateMessage"]) == ("COMPLETE", "cancelled")
        answer = await client.report(agenda["progressId"], 7, processingState="EXECUTING")
        assert error_of(answer) == ("ConflictException", 409)
        assert "cancelled: stop working on it" in answer["errorResponse"]["description"]
        _, answer, _ = await client.ask("POST", "/pop/agenda/service/cancel", {"agendaId": "nothing"})
        assert error_of(answer) == ("ObjectNotFoundException", 404)


class TestLargeAnswers:
    """Design 4.2: at most 8 MiB an answer; what does not fit keeps its place."""

    async def test_what_does_not_fit_into_an_answer_comes_with_the_next(self, client: Client) -> None:
        operations = [{"name": "x", "type": "t", "payload": {"text": "x" * 1_000_000}}]
        submitted = [(await client.submit(operations=operations))["id"] for _ in range(12)]
        answers: list[list[str]] = []
        while sum(len(answer) for answer in answers) < len(submitted):
            agendas = (await client.pull(12))["agendas"]
            answers.append([agenda["id"] for agenda in agendas])
            for agenda in agendas:  # what nothing is heard of for 5 s is handed out again
                await client.report(agenda["progressId"], processingState="EXECUTING")

        assert 1 < len(answers[0]) <= 8
        assert sorted(identity for answer in answers for identity in answer) == sorted(submitted)

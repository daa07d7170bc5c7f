"""What POP's executors were seen to report, and what they leave out (spec 14.3, 14.4, 14.6 to 14.9)."""

from typing import Any

import pytest

from tests.pop.objects import posted
from tests.wire import Client, error_of, pull

pytestmark = pytest.mark.kafka
SUCCEEDED: Any = {"processingState": "COMPLETE", "processingStateMessage": "succeeded"}


def entry(name: str, state: str = "COMPLETE", message: str | None = "succeeded", **more: Any) -> dict[str, Any]:
    """An operation as the executor tells of it: without an id, and nulls for what it does not know."""
    nothing = {"id": None, "cid": None, "customerId": None, "agendaProgressId": None, "resultPayload": None}
    return {**nothing, "operation": name, "processingState": state, "processingStateMessage": message, **more}


async def rows(client: Client, agenda: dict[str, Any]) -> dict[str, Any]:
    found = (await client.progress(agenda["progressId"]))["operationProgress"]
    return {row["operation"]: row for row in found}


class TestInsight:
    """14.3 A report without an Insight."""

    async def test_the_insight_is_that_of_the_stored_progress(self, client: Client) -> None:
        agenda = await client.submit("x")
        said = await client.report(agenda["progressId"], agendaInsight=None, processingState="EXECUTING")
        assert said == {"error": False}
        assert (await client.progress(agenda["progressId"]))["agendaInsight"] == agenda["agendaInsight"]

    async def test_a_progress_that_has_none_is_reported_on_as_well(self, client: Client) -> None:
        progress = (await posted(client))["id"]
        assert await client.report(progress, processingState="EXECUTING") == {"error": False}
        assert (await client.progress(progress))["processingState"] == "EXECUTING"


class TestGone:
    """14.4 An agenda or a progress that is gone."""

    async def test_an_agenda_whose_progress_was_deleted_is_given_out_without_it(self, client: Client) -> None:
        agenda = await client.submit("x")
        await client.ask("DELETE", f"/pop/progress/agenda/{agenda['progressId']}")
        answer = await client.pull()
        assert [found["id"] for found in answer["agendas"]] == [agenda["id"]]
        assert "agendaProgresses" not in answer

    async def test_a_deleted_agenda_is_skipped(self, client: Client) -> None:
        gone, agenda = await client.submit("x"), await client.submit("y")
        await client.ask("DELETE", f"/pop/agenda/{gone['id']}")
        assert [found["id"] for found in (await client.pull(5))["agendas"]] == [agenda["id"]]


class TestShort:
    """14.6 A short agenda."""

    async def test_the_first_report_says_nothing_of_operations(self, client: Client) -> None:
        agenda = await client.submit("x")
        begin: Any = {"processingState": "EXECUTING", "processingStateMessage": "Running Operations"}
        said = await client.report(agenda["progressId"], operationProgress=None, percentComplete=0.0, **begin)
        assert said == {"error": False}
        progress = await client.progress(agenda["progressId"])
        assert (progress["percentComplete"], progress["startedTime"]) == (0.0, 1000)
        assert progress["operationProgress"][0]["processingState"] == "WAITING"

    async def test_an_agenda_may_complete_with_its_only_report(self, client: Client) -> None:
        agenda = await client.submit("x")
        await client.pull()
        report: Any = {"operationProgress": [entry("x")], "percentComplete": 100.0, "completedTime": 2000}
        assert await client.report(agenda["progressId"], **SUCCEEDED, **report) == {"error": False}
        progress = await client.progress(agenda["progressId"])
        assert (progress["processingState"], progress["attemptsCompleted"]) == ("COMPLETE", 1)
        assert progress["operationProgress"][0]["attemptCount"] == 1


class TestArrays:
    """14.7 Arrays are incremental and stale."""

    async def test_what_is_left_out_stays_as_it_was(self, client: Client) -> None:
        agenda = await client.submit("a", "b", "c")
        executing: Any = {"processingState": "EXECUTING"}
        await client.report(agenda["progressId"], **executing, operationProgress=[entry("a", resultPayload='{"r":1}')])
        newest = [entry("c", "EXECUTING", None, percentComplete=10.0), entry("b")]
        await client.report(agenda["progressId"], **executing, operationProgress=newest)
        await client.report(agenda["progressId"], **SUCCEEDED, operationProgress=[entry("c")])
        found = await rows(client, agenda)
        assert {name: row["processingStateMessage"] for name, row in found.items()} == dict.fromkeys("abc", "succeeded")
        assert found["a"]["resultPayload"] == '{"r":1}'

    async def test_the_same_report_every_five_seconds_changes_nothing(self, client: Client) -> None:
        agenda = await client.submit("a")
        report: Any = {"processingState": "EXECUTING", "percentComplete": 5.0, "operationProgress": [entry("a")]}
        await client.report(agenda["progressId"], **report)
        before = await client.progress(agenda["progressId"])
        for _ in range(5):
            assert await client.report(agenda["progressId"], **report) == {"error": False}
        assert await client.progress(agenda["progressId"]) == before

    async def test_a_stale_array_does_not_take_a_completed_operation_back(self, client: Client) -> None:
        agenda = await client.submit("a", "b")
        stale = [entry("a", "EXECUTING", "50 %", percentComplete=50.0)]
        for array in (stale, [entry("a", percentComplete=100.0)], stale):
            said = await client.report(agenda["progressId"], processingState="EXECUTING", operationProgress=array)
            assert said == {"error": False}
        row = (await rows(client, agenda))["a"]
        assert (row["processingState"], row["percentComplete"]) == ("COMPLETE", 100.0)

    async def test_a_late_report_does_not_take_a_complete_run_back(self, client: Client) -> None:
        agenda = await client.submit("a")
        await client.report(agenda["progressId"], **SUCCEEDED, percentComplete=100.0)
        late: Any = {"processingState": "EXECUTING", "percentComplete": 50.0}
        assert await client.report(agenda["progressId"], **late) == {"error": False}
        progress = await client.progress(agenda["progressId"])
        assert (progress["processingState"], progress["percentComplete"]) == ("COMPLETE", 100.0)

    async def test_in_the_next_attempt_everything_may_begin_anew(self, client: Client) -> None:
        agenda = await client.submit("a")
        await client.pull()
        await client.report(agenda["progressId"], 1, **SUCCEEDED, operationProgress=[entry("a")], percentComplete=100.0)
        await client.ask("POST", "/pop/agenda/service/rerun", {"agendaId": agenda["id"]})
        await client.pull()
        report: Any = {"processingState": "EXECUTING", "percentComplete": 0.0}
        array = [entry("a", "EXECUTING", None, percentComplete=1.0)]
        assert await client.report(agenda["progressId"], 2, **report, operationProgress=array) == {"error": False}
        progress = await client.progress(agenda["progressId"])
        assert (progress["startedTime"], progress["percentComplete"]) == (2, 0.0)
        (row,) = progress["operationProgress"]
        assert (row["processingState"], row["percentComplete"], row["attemptCount"]) == ("EXECUTING", 1.0, 2)
        assert error_of(await client.report(agenda["progressId"], 1, **SUCCEEDED)) == ("ConflictException", 409)


class TestSilence:
    """14.8 Operations of which nothing is heard."""

    async def test_they_stay_waiting_under_a_failed_agenda(self, client: Client) -> None:
        agenda = await client.submit("a", "b", params={"maximumAttempts": 1})
        await client.pull()
        events = [{"message": "Failed to complete operation: b End ProcessingState: null"}]
        end: Any = {"processingState": "COMPLETE", "processingStateMessage": "failed", "diagnosticEvents": events}
        await client.report(agenda["progressId"], **end, operationProgress=[entry("a")], percentComplete=50.0)
        progress = await client.progress(agenda["progressId"])
        assert (progress["percentComplete"], progress["diagnosticEvents"]) == (50.0, events)
        states = {name: row["processingState"] for name, row in (await rows(client, agenda)).items()}
        assert states == {"a": "COMPLETE", "b": "WAITING"}

    async def test_a_failed_agenda_may_say_nothing_of_why(self, client: Client) -> None:
        agenda = await client.submit("a", params={"maximumAttempts": 1})
        end: Any = {"processingState": "COMPLETE", "processingStateMessage": "failed", "diagnosticEvents": None}
        assert await client.report(agenda["progressId"], **end) == {"error": False}
        assert "diagnosticEvents" not in await client.progress(agenda["progressId"])


class TestText:
    """14.9 Nulls among diagnostics, characters of four bytes."""

    async def test_a_null_among_diagnostics_is_kept(self, client: Client) -> None:
        agenda = await client.submit("a")
        failed = entry("a", message="failed", diagnosticEvents=[None])
        said = await client.report(agenda["progressId"], operationProgress=[None, failed], diagnosticEvents=[None])
        assert said == {"error": False}
        progress = await client.progress(agenda["progressId"])
        assert progress["diagnosticEvents"] == progress["operationProgress"][0]["diagnosticEvents"] == [None]

    async def test_a_queue_may_be_named_with_any_character(self, client: Client) -> None:
        t = client.tenant
        for name, kind in (("i", "t"), ("j", "u")):
            insight = {"customerId": t, "title": name, "resourcePoolId": f"p-{t}", "queueName": "\U0001f3ac \U0001f37f"}
            body = {"id": f"{name}-{t}", **insight, "mappers": {"operationType": [kind]}}
            _, answer, _ = await client.ask("POST", "/pop/insight", body)
            assert answer["all"][0]["queueName"] == "\U0001f3ac \U0001f37f"
        agenda = await client.submit("\U0001f3ac")
        assert [found["id"] for found in await pull(client, f"j-{t}")] == [agenda["id"]]
        _, answer, _ = await client.ask("GET", f"/pop/progress/operation/{agenda['progressId']}-%F0%9F%8E%AC")
        assert [row["operation"] for row in answer["all"]] == ["\U0001f3ac"]

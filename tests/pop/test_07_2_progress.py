"""Reports, and PUT of AgendaProgress (spec 7.2)."""

from typing import Any

import pytest

from tests.pop.objects import PATH, posted
from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
REPORT = "/pop/resourcepool/service/updateAgendaProgress"


class TestReports:
    """7.2 Reports, and PUT of AgendaProgress.

    Whose executor may report: 3.3, 13. Reports that are late, or come again: 14, and
    `tests/unit/handlers/deciders/test_reports.py`.
    """

    async def test_a_report_on_nothing_is_refused_without_telling(self, client: Client) -> None:
        answer = await client.report("nothing")
        assert error_of(answer) == ("BadRequestException", 400)
        text = "The AgendaProgress specified was not found or is not visible: nothing"
        assert answer["errorResponse"]["description"] == text

    async def test_only_what_an_executor_may_say_is_taken_over(self, client: Client) -> None:
        agenda = await client.submit("x", title="T", linkId="l", params={"externalId": "e", "k": 1})
        before = await client.progress(agenda["progressId"])
        said = {
            "processingState": "EXECUTING",
            "processingStateMessage": "Running Operations",
            "percentComplete": 12.5,
            "diagnosticEvents": [{"message": "m"}],
            "startedTime": 1000,
            "completedTime": 2000,
        }
        not_theirs = {
            "title": "no",
            "linkId": "no",
            "externalId": "no",
            "agendaId": "no",
            "customerId": "no",
            "cid": "no",
            "params": {"no": 1},
            "attemptsCompleted": 9,
            "maximumAttempts": 9,
            "addedTime": 9,
            "agendaInsight": {"insightId": "no"},
        }
        body = {"agendaProgress": {"id": agenda["progressId"], **said, **not_theirs}}
        _, answer, _ = await client.ask("POST", REPORT, body)
        assert answer == {"error": False}
        after = await client.progress(agenda["progressId"])
        (row,), (was,) = after.pop("operationProgress"), before.pop("operationProgress")
        assert row.keys() == was.keys()
        assert after.pop("updatedTime") >= before.pop("updatedTime")
        assert after == {**before, **said}

    async def test_a_cid_of_the_header_is_kept_and_none_changes_nothing(self, client: Client) -> None:
        agenda = await client.submit("x", cid="c0")
        sent: list[tuple[Any, str]] = [({}, "c0"), ({"X_pop_cid": "c1"}, "c1"), ({}, "c1")]
        for headers, cid in sent:
            report = {"id": agenda["progressId"], "percentComplete": float(len(headers)), "startedTime": 1}
            _, answer, _ = await client.ask("POST", REPORT, {"agendaProgress": report}, **headers)
            assert answer == {"error": False, **({"cid": "c1"} if headers else {})}
            assert (await client.progress(agenda["progressId"]))["cid"] == cid

    @pytest.mark.parametrize(
        "body", [b"", b"null", b"{}", b'{"agendaProgress":null}', b'{"agendaProgress":{"id":null}}']
    )
    async def test_a_report_on_nothing_in_particular_is_refused(self, client: Client, body: bytes) -> None:
        status, answer, _ = await client.ask("POST", REPORT, raw=body)
        assert (status, error_of(answer)) == (200, ("BadRequestException", 400))
        assert answer["errorResponse"]["description"] == "expected an agendaProgress with its id"

    async def test_an_operations_fields_are_replaced_one_by_one_and_null_keeps_them(self, client: Client) -> None:
        agenda = await client.submit("x")
        first = {
            "operation": "x",
            "processingState": "EXECUTING",
            "resultPayload": "{}",
            "params": {"a": 1},
            "diagnosticEvents": [{"message": "1"}, {"message": "2"}],
            "percentComplete": 50.0,
        }
        await client.report(agenda["progressId"], operationProgress=[first])
        second = {"operation": "x", "resultPayload": None, "params": {"b": 2}, "diagnosticEvents": [{"message": "3"}]}
        await client.report(agenda["progressId"], operationProgress=[second, {"operation": None}, {}])
        rows = {
            row["operation"]: row
            for row in (await client.progress(agenda["progressId"]))["operationProgress"]
            if "operation" in row
        }
        row = rows["x"]
        assert (row["resultPayload"], row["params"], row["percentComplete"]) == ("{}", {"b": 2}, 50.0)
        assert row["diagnosticEvents"] == [{"message": "3"}]

    async def test_an_operation_that_is_not_there_is_made(self, client: Client) -> None:
        agenda = await client.submit("x")
        await client.report(agenda["progressId"], operationProgress=[{"operation": "new", "id": "bogus"}])
        row = next(
            row
            for row in (await client.progress(agenda["progressId"]))["operationProgress"]
            if row["operation"] == "new"
        )
        assert (row["id"], row["processingState"]) == (f"{agenda['progressId']}-new", "WAITING")
        assert (row["customerId"], row["cid"]) == (client.tenant, agenda["cid"])

    async def test_the_server_computes_neither_percentages_nor_times(self, client: Client) -> None:
        agenda = await client.submit("x", "y")
        done = {"operation": "x", "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        for percent in (80.0, 0.0):
            state: Any = {"processingState": "EXECUTING", "percentComplete": percent}
            await client.report(agenda["progressId"], None, operationProgress=[done], **state)
            progress = await client.progress(agenda["progressId"])
            assert progress["percentComplete"] == percent
            assert not {"startedTime", "completedTime"} & progress.keys()

    async def test_a_completion_counts_one_attempt_however_often_it_is_told(self, client: Client) -> None:
        agenda = await client.submit("x")
        end: Any = {"processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        for _ in range(3):
            assert await client.report(agenda["progressId"], **end) == {"error": False}
        assert (await client.progress(agenda["progressId"]))["attemptsCompleted"] == 1


class TestPut:
    """7.2 Reports, and PUT of AgendaProgress."""

    async def test_it_answers_the_whole_progress_without_operations(self, client: Client) -> None:
        agenda = await client.submit("x", linkId="l")
        body = {
            "title": "t",
            "processingState": "EXECUTING",
            "params": {"k": None},
            "diagnostics": [None, {"message": "m"}],
            "operationProgress": [
                {"operation": "x", "processingState": "EXECUTING", "id": None},
                None,
                {"operation": "new", "id": "bogus", "customerId": "bogus", "diagnosticEvents": [{"message": "d"}]},
            ],
        }
        _, answer, _ = await client.ask("PUT", f"{PATH}/{agenda['progressId']}", body)
        (found,) = answer["all"]
        assert "operationProgress" not in found
        assert (found["title"], found["linkId"], found["params"]) == ("t", "l", {})
        assert found["diagnosticEvents"] == [None, {"message": "m"}]
        progress = await client.progress(agenda["progressId"])
        new, x = progress["operationProgress"]
        assert (new["id"], new["customerId"]) == (f"{agenda['progressId']}-new", client.tenant)
        assert (new["processingState"], new["attemptCount"]) == ("WAITING", 0)
        assert (x["processingState"], x["attemptCount"]) == ("EXECUTING", 1)
        _, answer, _ = await client.ask(
            "GET", f"{PATH}/{agenda['progressId']}?byfields=diagnostics,operationProgress,id"
        )
        assert answer["all"][0]["diagnostics"] == [None, {"message": "m"}]
        assert answer["all"][0]["operationProgress"][0]["diagnostics"] == [{"message": "d"}]

    async def test_a_completion_counts_one_attempt(self, client: Client) -> None:
        progress = (await posted(client))["id"]
        path = f"{PATH}/{progress}"
        done = {"processingState": "COMPLETE", "processingStateMessage": "succeeded", "attemptsCompleted": 9}
        assert (await client.ask("PUT", path, done))[1]["all"][0]["attemptsCompleted"] == 1
        assert (await client.ask("PUT", path, {"processingState": "WAITING"}))[1]["all"][0]["attemptsCompleted"] == 1
        assert (await client.ask("PUT", path, done))[1]["all"][0]["attemptsCompleted"] == 2

    async def test_the_id_may_stand_in_the_url_or_the_body_or_in_both(self, client: Client) -> None:
        progress = (await posted(client))["id"]
        whole = f"{PATH}/{progress}"
        for path, body in ((whole, {}), (PATH, {"id": progress}), (whole, {"id": progress})):
            _, answer, _ = await client.ask("PUT", path, {**body, "title": "t"})
            assert answer["all"][0]["id"] == progress
        _, answer, _ = await client.ask("PUT", f"{PATH}/{progress}", {"id": "other"})
        text = f"Mismatched Id in URL and on input object: {progress} other"
        assert (error_of(answer), answer["errorResponse"]["description"]) == (("ValidationException", 422), text)
        _, answer, _ = await client.ask("PUT", f"{PATH}/none", {})
        assert error_of(answer) == ("ObjectNotFoundException", 404)

    async def test_a_puller_that_reports_by_put_keeps_its_agenda(self, client: Client) -> None:
        agenda = await client.submit("x")
        await client.pull()
        await client.ask("PUT", f"{PATH}/{agenda['progressId']}", {"processingState": "EXECUTING"})
        body = {"processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        _, answer, _ = await client.ask("PUT", f"{PATH}/{agenda['progressId']}", body)
        assert answer["all"][0]["attemptsCompleted"] == 1
        for _ in range(7):  # longer than the dispatch timeout of 5 s: each waits a second
            assert (await client.poll())["agendas"] == []

    async def test_numbers_beyond_javas_int_are_refused(self, client: Client) -> None:
        progress = (await posted(client))["id"]
        status, answer, _ = await client.ask("PUT", f"{PATH}/{progress}", {"maximumAttempts": 2**70})
        assert (status, "$.maximumAttempts" in answer["errorResponse"]["description"]) == (400, True)

"""Reports, and PUT of AgendaProgress (spec 7.2)."""

import asyncio

import pytest

from tests.pop.objects import PATH, posted
from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestReports:
    """7.2 Reports, and PUT of AgendaProgress."""

    async def test_a_report_on_nothing_is_refused_without_telling(self, client: Client) -> None:
        answer = await client.report("nothing")
        assert error_of(answer) == ("BadRequestException", 400)
        text = "The AgendaProgress specified was not found or is not visible: nothing"
        assert answer["errorResponse"]["description"] == text


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
        async with asyncio.timeout(20):  # longer than the dispatch timeout of 5 s: seven polls of 1 s
            for _ in range(7):
                assert (await client.pull())["agendas"] == []

    async def test_numbers_beyond_javas_int_are_refused(self, client: Client) -> None:
        progress = (await posted(client))["id"]
        status, answer, _ = await client.ask("PUT", f"{PATH}/{progress}", {"maximumAttempts": 2**70})
        assert (status, "$.maximumAttempts" in answer["errorResponse"]["description"]) == (400, True)

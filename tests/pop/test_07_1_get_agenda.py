"""getAgenda (spec 7.1)."""

import asyncio

import pytest

from tests.wire import Client

pytestmark = pytest.mark.kafka


class TestGetAgenda:
    """7.1 getAgenda."""

    async def test_an_agenda_goes_from_submission_to_completion(self, client: Client) -> None:
        agenda = await client.submit("x", "y", linkId=client.tenant)
        answer = await client.pull()
        assert [found["id"] for found in answer["agendas"]] == [agenda["id"]]
        assert answer["all"] == answer["agendas"]
        assert answer["agendas"][0]["params"]["added"] == agenda["addedTime"]
        assert "agendaProgresses" not in answer
        done = {"operation": "x", "processingState": "COMPLETE", "resultPayload": '{"a":null}', "id": None}
        entries = [done, None, {"operation": "new"}]
        said = await client.report(
            agenda["progressId"], processingState="EXECUTING", operationProgress=entries, agendaInsight=None
        )
        assert said == {"error": False}
        progress = await client.progress(agenda["progressId"])
        rows = {row["operation"]: row for row in progress["operationProgress"]}
        assert (rows["x"]["resultPayload"], rows["x"]["attemptCount"]) == ('{"a":null}', 1)
        assert rows["new"]["id"] == f"{agenda['progressId']}-new"
        await client.report(agenda["progressId"], processingState="COMPLETE", percentComplete=100.0)
        progress = await client.progress(agenda["progressId"])
        assert (progress["processingState"], progress["attemptsCompleted"]) == ("COMPLETE", 1)
        _, summary, _ = await client.ask("POST", "/pop/progress/agenda/service", {"linkId": client.tenant})
        assert (summary["processingState"], summary["processingPercent"]) == ("COMPLETE", 100.0)

    async def test_asks_for_what_is_missing_in_pops_words(self, client: Client) -> None:
        path = "/pop/resourcepool/service/getAgenda"
        for body, text in (
            ({"insightId": " ", "count": 1}, "InsightId is required to getAgenda."),
            ({"insightId": "i"}, "Count is required to getAgenda."),
            ({"insightId": "i", "count": 0}, "Count must be greater than 0 for getAgenda."),
            ({"insightId": "i", "count": 1}, "The Insight specified was not found or is not visible: i"),
        ):
            assert (await client.ask("POST", path, body))[1]["errorResponse"]["description"] == text

    async def test_a_waiting_puller_gets_an_agenda_as_soon_as_there_is_one(self, client: Client) -> None:
        waiting = asyncio.create_task(client.pull())
        agenda = await client.submit()
        assert [found["id"] for found in (await waiting)["agendas"]] == [agenda["id"]]

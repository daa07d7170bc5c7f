"""getAgenda (spec 7.1)."""

import asyncio

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestGetAgenda:
    """7.1 getAgenda.

    An agenda or a progress that is gone meanwhile: 14.4; whose Insight it is: 3.3.
    """

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
            status, answer, _ = await client.ask("POST", path, body)
            refused = ("BadRequestException", 400) if "not found" in text else ("ValidationException", 422)
            assert (status, error_of(answer), answer["errorResponse"]["description"]) == (200, refused, text)
            assert not {"agendas", "all"} & answer.keys()

    async def test_a_waiting_puller_gets_an_agenda_as_soon_as_there_is_one(self, client: Client) -> None:
        waiting = asyncio.create_task(client.pull())
        agenda = await client.submit()
        assert [found["id"] for found in (await waiting)["agendas"]] == [agenda["id"]]

    async def test_an_empty_queue_is_a_success_with_empty_lists(self, client: Client) -> None:
        assert await client.poll() == {"agendas": [], "all": [], "error": False}

    async def test_when_it_was_queued_is_told_and_not_kept_and_nothing_is_written(self, client: Client) -> None:
        agenda = await client.submit("x")
        (found,) = (await client.pull())["agendas"]
        assert found == {**agenda, "params": {"added": agenda["addedTime"]}}
        _, got, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        assert got["all"] == [agenda]
        progress = await client.progress(agenda["progressId"])
        assert (progress["processingState"], "startedTime" in progress) == ("WAITING", False)
        (row,) = progress["operationProgress"]
        assert (row["processingState"], row["processingStateMessage"]) == ("WAITING", "scheduled")

    async def test_progress_comes_with_those_agendas_of_which_something_happened(self, client: Client) -> None:
        fresh = await client.submit("a")
        begun = await client.submit("b", "c")
        entry = {"operation": "b", "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        body = {"operationProgress": [entry], "processingState": "WAITING"}
        await client.ask("PUT", f"/pop/progress/agenda/{begun['progressId']}", body)
        await client.ask("POST", "/pop/agenda/service/rerun", {"agendaId": begun["id"], "params": ["continue"]})
        answer = await client.pull(10)
        assert [found["id"] for found in answer["agendas"]] == [fresh["id"], begun["id"]]
        (progress,) = answer["agendaProgresses"]
        assert progress == await client.progress(begun["progressId"])
        states = {row["operation"]: row["processingState"] for row in progress["operationProgress"]}
        assert states == {"b": "COMPLETE", "c": "WAITING"}

    async def test_one_of_many_waiting_pullers_gets_an_agenda(self, client: Client) -> None:
        waiting = [asyncio.create_task(client.poll()) for _ in range(5)]
        agenda = await client.submit()
        found = [each for answer in await asyncio.gather(*waiting) for each in answer["agendas"]]
        found += [] if found else (await client.pull())["agendas"]  # it came when their wait was over
        assert [each["id"] for each in found] == [agenda["id"]]
        assert (await client.poll())["agendas"] == []

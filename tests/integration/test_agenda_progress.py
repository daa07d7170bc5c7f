"""POST and PUT of AgendaProgress on the wire (spec 1.5, 2.5, 7.2)."""

import asyncio
from typing import Any

import pytest

from tests.integration.conftest import Client
from tests.integration.test_wire import error_of

pytestmark = pytest.mark.kafka
PATH = "/pop/progress/agenda"


async def posted(client: Client, identity: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"id": identity, "customerId": client.tenant, **more}
    _, answer, _ = await client.ask("POST", PATH, body)
    assert not answer["error"], answer
    found: dict[str, Any] = answer["all"][0]
    return found


class TestPost:
    """Spec 2.5."""

    async def test_it_is_kept_under_the_clients_id_and_its_operations_are_only_echoed(self, client: Client) -> None:
        identity = f"my/{client.tenant}"
        sent = {"title": "t", "operationProgress": [{"operation": "a", "params": {"n": None, "k": 1}}]}
        found = await posted(client, identity, params={"n": None, "k": 1}, percentComplete=0.0, **sent)
        assert found.pop("addedTime") == found.pop("updatedTime") > 0
        assert found == {
            "id": identity,
            "customerId": client.tenant,
            "title": "t",
            "params": {"k": 1},
            "percentComplete": 0.0,
            "maximumAttempts": 3,
            "operationProgress": [{"operation": "a", "params": {"k": 1}}],
        }
        _, answer, _ = await client.ask("GET", f"{PATH}/my%2F{client.tenant}")
        assert answer["all"][0]["operationProgress"] == []

    async def test_a_known_id_merges_and_echoes_what_was_sent(self, client: Client) -> None:
        agenda = await client.submit(linkId="l")
        found = await posted(client, agenda["progressId"], title="t")
        assert found.keys() == {"id", "customerId", "title", "maximumAttempts", "addedTime", "updatedTime"}
        progress = await client.progress(agenda["progressId"])
        assert (progress["title"], progress["linkId"], progress["processingState"]) == ("t", "l", "WAITING")
        assert [row["operation"] for row in progress["operationProgress"]] == ["x"]

    async def test_what_is_wanted_is_said(self, client: Client) -> None:
        for body in ({"title": "x"}, {"customerId": " "}):
            _, answer, _ = await client.ask("POST", PATH, body)
            assert answer["errorResponse"]["description"] == "The customerId field must be specified."
        nameless = {"customerId": client.tenant, "operationProgress": [{"operation": " "}]}
        _, answer, _ = await client.ask("POST", PATH, nameless)
        assert error_of(answer) == ("ValidationException", 422)

    async def test_several_agendas_share_a_progress_of_the_clients_choice(self, client: Client) -> None:
        progress = (await posted(client, f"shared-{client.tenant}"))["id"]
        agendas = [await client.submit(name, progressId=progress) for name in ("a", "b")]
        assert {agenda["progressId"] for agenda in agendas} == {progress}
        found = await client.progress(progress)
        assert [row["id"] for row in found["operationProgress"]] == [f"{progress}-a", f"{progress}-b"]
        assert found["agendaId"] == agendas[1]["id"]
        for agenda in agendas:
            _, answer, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
            assert [one["id"] for one in answer["all"]] == [agenda["id"]]
        pulled = [(await client.pull(5))["agendas"] for _ in agendas]
        assert [[one["id"] for one in each] for each in pulled] == [[agenda["id"]] for agenda in agendas]


class TestPut:
    """Spec 7.2."""

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

    async def test_a_failure_that_is_put_is_given_out_again(self, client: Client) -> None:
        agenda = await client.submit("x", params={"maximumAttempts": 2})
        await client.pull()
        failed = {"processingState": "COMPLETE", "processingStateMessage": "failed"}
        await client.ask("PUT", f"{PATH}/{agenda['progressId']}", failed)
        async with asyncio.timeout(20):
            while not (found := (await client.pull())["agendas"]):
                pass
        assert found[0]["id"] == agenda["id"]

    async def test_numbers_beyond_javas_int_are_refused(self, client: Client) -> None:
        progress = (await posted(client))["id"]
        status, answer, _ = await client.ask("PUT", f"{PATH}/{progress}", {"maximumAttempts": 2**70})
        assert (status, "$.maximumAttempts" in answer["errorResponse"]["description"]) == (400, True)

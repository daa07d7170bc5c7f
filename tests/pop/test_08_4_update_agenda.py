"""updateAgenda: operations that are added to an agenda under way (spec 8.4)."""

from typing import Any

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
NOTHING_TO_ADD = "One or more operations must be specified on an updateAgenda request"
PATH = "/pop/resourcepool/service/updateAgenda"


async def expand(client: Client, agenda: Any, *operations: Any, **more: Any) -> Any:
    body = {"agendaId": agenda["id"], "operations": [*operations], **more}
    return (await client.ask("POST", PATH, body))[1]


class TestRequest:
    """8.4 Adding operations."""

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            (None, "agendaId is required on an updateAgenda request"),
            ({"agendaId": " "}, "agendaId is required on an updateAgenda request"),
            ({"agendaId": "a"}, NOTHING_TO_ADD),
            (
                {"agendaId": "a", "operations": []},
                NOTHING_TO_ADD,
            ),
            (
                {"agendaId": "a", "operations": [None]},
                NOTHING_TO_ADD,
            ),
            ({"agendaId": "a", "operations": [{"type": "t"}]}, "Operations must have names."),
            ({"agendaId": "a", "operations": [{"name": "g"}, {"name": "g"}]}, "Operation names must be unique."),
        ],
    )
    async def test_asks_for_what_is_missing_in_pops_words(self, client: Client, body: Any, text: str) -> None:
        status, answer, _ = await client.ask("POST", PATH, raw=b"" if body is None else None, body=body)
        assert (status, error_of(answer)) == (200, ("ValidationException", 422))
        assert answer["errorResponse"]["description"] == text

    async def test_what_is_not_there_is_named(self, client: Client) -> None:
        answer = await expand(client, {"id": "nothing"}, {"name": "g"})
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert answer["errorResponse"]["description"] == "Agenda nothing not found"
        agenda = await client.submit()
        await client.ask("DELETE", f"/pop/progress/agenda/{agenda['progressId']}")
        answer = await expand(client, agenda, {"name": "g"})
        assert answer["errorResponse"]["description"] == f"AgendaProgress {agenda['progressId']} not found"

    async def test_a_body_whose_parts_are_none_names_the_field(self, client: Client) -> None:
        status, answer, _ = await client.ask("POST", PATH, {"agendaId": "a", "operations": {"name": "g"}})
        assert (status, error_of(answer)[1]) == (400, 400)
        assert "$.operations" in answer["errorResponse"]["description"]

    async def test_an_insight_that_is_gone_is_named(self, client: Client) -> None:
        agenda = await client.submit("a")
        await client.ask("DELETE", f"/pop/insight/i-{client.tenant}")
        answer = await expand(client, agenda, {"name": "g"})
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert answer["errorResponse"]["description"] == f"Insight i-{client.tenant} not found"


class TestExpansion:
    """8.4 Adding operations."""

    async def test_operations_and_params_are_added_and_the_whole_agenda_is_answered(self, client: Client) -> None:
        agenda = await client.submit("a", params={"one": 1, "two": 2})
        params = {"generatedOperationParent": "a"}
        g = {"name": "g", "type": "other", "payload": {"x": "@<never.out>", "n": None}, "params": params}

        answer = await expand(client, agenda, None, g, params={"two": {"three": 3}, "nothing": None})

        assert (answer["error"], answer["agenda"]["id"]) == (False, agenda["id"])
        _, found, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        assert answer["agenda"] == found["all"][0]
        assert [operation["name"] for operation in answer["agenda"]["operations"]] == ["a", "g"]
        assert answer["agenda"]["operations"][1] == {**g, "payload": {"x": "@<never.out>"}}
        assert answer["agenda"]["params"] == {"one": 1, "two": {"three": 3}}
        progress = await client.progress(agenda["progressId"])
        assert progress["params"] == {"one": 1, "two": {"three": 3}}
        row = next(row for row in progress["operationProgress"] if row["operation"] == "g")
        assert row["id"] == f"{agenda['progressId']}-g"
        assert (row["processingState"], row["percentComplete"], row["attemptCount"]) == ("WAITING", 0.0, 0)
        assert (row["cid"], row["customerId"], row["params"]) == (agenda["cid"], client.tenant, params)

    async def test_what_is_sent_twice_is_added_once_and_a_name_that_is_taken_is_refused(self, client: Client) -> None:
        agenda = await client.submit("a")
        for _ in range(2):
            answer = await expand(client, agenda, {"name": "g", "payload": [1]})
            assert [operation["name"] for operation in answer["agenda"]["operations"]] == ["a", "g"]
        answer = await expand(client, agenda, {"name": "a", "type": "u"})
        assert error_of(answer) == ("ValidationException", 422)
        assert "Operation names must be unique" in answer["errorResponse"]["description"]

    async def test_an_agenda_cannot_grow_beyond_what_a_view_holds(self, client: Client) -> None:
        agenda = await client.submit("a")
        for name in ("g", "h"):
            assert (await expand(client, agenda, {"name": name, "payload": "x" * 900_000}))["error"] is False
        answer = await expand(client, agenda, {"name": "i", "payload": "x" * 900_000})
        assert error_of(answer) == ("ValidationException", 422)
        assert "bytes, found" in answer["errorResponse"]["description"]
        assert (await expand(client, agenda, {"name": "i"}))["error"] is False

"""What all services share; createAgenda; the summary (spec 2.7)."""

from typing import Any

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
PATH = "/pop/resourcepool/service/createAgenda"


async def create(client: Client, *agendas: Any, **headers: Any) -> Any:
    return (await client.ask("POST", PATH, {"agendas": [*agendas]}, **headers))[1]


def agenda(client: Client, name: str = "x", **more: Any) -> dict[str, Any]:
    return {"customerId": client.tenant, "operations": [{"name": name, "type": "t"}], **more}


class TestServices:
    """2.7 Services."""

    async def test_services_are_post_only_and_unknown_paths_are_405(self, client: Client) -> None:
        status, answer, _ = await client.ask("GET", "/pop/progress/agenda/service")
        assert (status, error_of(answer)) == (200, ("BadRequestException", 400))
        assert answer["errorResponse"]["description"] == "GET is not implemented for this endpoint"
        assert (await client.ask("POST", "/pop/transform", {}))[0] == 405
        assert (await client.ask("OPTIONS", "/pop/agenda"))[0] == 200


class TestCreateAgenda:
    """2.7.1 createAgenda."""

    async def test_no_agendas_are_a_success_without_lists(self, client: Client) -> None:
        bodies: list[dict[str, Any]] = [{"agendas": []}, {"agendas": None}, {}]
        for body in bodies:
            status, answer, _ = await client.ask("POST", PATH, body)
            assert (status, answer) == (200, {"error": False})

    async def test_no_body_is_refused(self, client: Client) -> None:
        _, answer, _ = await client.ask("POST", PATH, raw=b"")
        assert answer["errorResponse"]["description"] == "expected a body with agendas, found none"

    async def test_each_is_accepted_as_in_a_post_of_its_own(self, client: Client) -> None:
        answer = await create(client, agenda(client, "a", title="one"), agenda(client, "b"), X_pop_cid="c1")
        assert (answer["error"], answer["cid"]) == (False, "c1")
        assert answer["agendas"] == answer["all"]
        assert [[one["name"] for one in found["operations"]] for found in answer["all"]] == [["a"], ["b"]]
        assert {found["agendaInsight"]["insightId"] for found in answer["all"]} == {f"i-{client.tenant}"}
        pulled = [one["id"] for one in (await client.pull(10))["agendas"]]
        assert sorted(pulled) == sorted(found["id"] for found in answer["all"])

    async def test_errors_stop_nothing_and_are_all_told(self, client: Client) -> None:
        nobody = {**agenda(client), "customerId": "nobody"}
        strange = agenda(client, operations=[{"name": "a", "type": "other"}])
        answer = await create(client, nobody, agenda(client, "a"), None, strange, agenda(client, operations=[]))
        assert error_of(answer) == ("BadRequestException", 400)
        assert answer["errorResponse"]["description"] == (
            "[ValidationException : Customer not found for customerId nobody]"
            "[ValidationException : Unable to POST a null object]"
            "[ObjectNotFoundException : No available insights for processing agenda]"
            "[ValidationException : No operations specified in Agenda.]"
        )
        assert [found["operations"][0]["name"] for found in answer["agendas"]] == ["a"]

    async def test_the_same_key_makes_each_agenda_once(self, client: Client) -> None:
        first = await create(client, agenda(client, "a"), agenda(client, "b"), Idempotency_Key="k")
        again = await create(client, agenda(client, "a"), agenda(client, "b"), Idempotency_Key="k")
        assert [found["id"] for found in first["all"]] == [found["id"] for found in again["all"]]
        assert len({found["id"] for found in first["all"]}) == 2

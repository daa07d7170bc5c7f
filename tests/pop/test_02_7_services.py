"""What all services share; createAgenda; the summary (spec 2.7)."""

import sys
from typing import Any

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
PATH = "/pop/resourcepool/service/createAgenda"
SUMMARY = "/pop/progress/agenda/service"


async def create(client: Client, *agendas: Any, **headers: Any) -> Any:
    return (await client.ask("POST", PATH, {"agendas": [*agendas]}, **headers))[1]


def agenda(client: Client, name: str = "x", **more: Any) -> dict[str, Any]:
    return {"customerId": client.tenant, "operations": [{"name": name, "type": "t"}], **more}


class TestServices:
    """2.7 Services.

    Each one's own fields and errors: 2.7.1 (createAgenda), 2.7.2 (the summary), 5.1 (run), 7.1 (getAgenda), 7.2
    (updateAgendaProgress), 8.1 (rerun), 8.4 (updateAgenda).
    """

    async def test_services_are_post_only_and_unknown_paths_are_405(self, client: Client) -> None:
        status, answer, _ = await client.ask("GET", "/pop/progress/agenda/service")
        assert (status, error_of(answer)) == (200, ("BadRequestException", 400))
        assert answer["errorResponse"]["description"] == "GET is not implemented for this endpoint"
        assert (await client.ask("POST", "/pop/transform", {}))[0] == 405
        assert (await client.ask("OPTIONS", "/pop/agenda"))[0] == 200

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_all_other_methods_are_not_implemented(self, client: Client, method: str) -> None:
        for path in ("agenda/service/run", "agenda/service/rerun", "resourcepool/service/getAgenda"):
            status, answer, _ = await client.ask(method, f"/pop/{path}", {})
            assert (status, error_of(answer)) == (200, ("BadRequestException", 400))
            assert answer["errorResponse"]["description"] == f"{method} is not implemented for this endpoint"
        for path in ("createAgenda", "updateAgendaProgress", "updateAgenda"):
            _, answer, _ = await client.ask(method, f"/pop/resourcepool/service/{path}", {})
            assert answer["errorResponse"]["description"] == f"{method} is not implemented for this endpoint"

    async def test_a_success_says_so_and_echoes_the_cid_whatever_its_fields(self, client: Client) -> None:
        agenda = await client.submit("a")
        for path, body, fields in (
            ("resourcepool/service/getAgenda", {"insightId": f"i-{client.tenant}", "count": 1}, {"agendas", "all"}),
            ("resourcepool/service/updateAgendaProgress", {"agendaProgress": {"id": agenda["progressId"]}}, set[str]()),
            ("agenda/service/rerun", {"agendaId": agenda["id"]}, set[str]()),
            (
                "resourcepool/service/updateAgenda",
                {"agendaId": agenda["id"], "operations": [{"name": "g"}]},
                {"agenda"},
            ),
        ):
            _, answer, _ = await client.ask("POST", f"/pop/{path}", body, X_pop_cid="c1")
            assert (answer["error"], answer["cid"], answer.keys() - {"error", "cid"}) == (False, "c1", fields), path
            _, answer, _ = await client.ask("POST", f"/pop/{path}", body)
            assert "cid" not in answer, path


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
            "[ValidationException : Unable to POST/PUT a null object]"
            "[ObjectNotFoundException : No available insights for processing agenda]"
            "[ValidationException : No operations specified in Agenda.]"
        )
        assert [found["operations"][0]["name"] for found in answer["agendas"]] == ["a"]

    async def test_the_same_key_makes_each_agenda_once(self, client: Client) -> None:
        first = await create(client, agenda(client, "a"), agenda(client, "b"), Idempotency_Key="k")
        again = await create(client, agenda(client, "a"), agenda(client, "b"), Idempotency_Key="k")
        assert [found["id"] for found in first["all"]] == [found["id"] for found in again["all"]]
        assert len({found["id"] for found in first["all"]}) == 2


class TestSummary:
    """2.7.2 The summary of progress."""

    async def test_a_link_id_is_wanted(self, client: Client) -> None:
        for body in (b"", b"null", b"{}", b'{"linkId":null}', b'{"linkId":" "}'):
            status, answer, _ = await client.ask("POST", SUMMARY, raw=body)
            assert (status, error_of(answer)) == (200, ("ValidationException", 422))
            assert answer["errorResponse"]["description"] == "LinkId is required to call getProgressSummary."

    @pytest.mark.parametrize(
        ("rows", "state", "percent"),
        [
            ([], "COMPLETE", 0.0),
            ([("WAITING", None, None)], "WAITING", 0.0),
            ([("WAITING", None, 0.0), ("WAITING", "pending", 10.0)], "WAITING", 5.0),
            ([("WAITING", None, None), ("COMPLETE", "succeeded", 100.0)], "EXECUTING", 50.0),
            ([("EXECUTING", None, 30.0), ("COMPLETE", "succeeded", 100.0)], "EXECUTING", 65.0),
            ([("COMPLETE", "succeeded", 100.0), ("COMPLETE", "succeeded", 300.0)], "COMPLETE", 100.0),
            ([("EXECUTING", None, -1.7e308), ("EXECUTING", None, -1.7e308)], "EXECUTING", -sys.float_info.max),
            ([("COMPLETE", "FAILED", 50.0), ("EXECUTING", None, 10.0)], "COMPLETE", None),
            ([("COMPLETE", "cancelled", 50.0)], "COMPLETE", None),  # as POP has a failed one
        ],
    )
    async def test_state_and_percentage_of_all_together(
        self, client: Client, rows: list[tuple[str, str | None, float | None]], state: str, percent: float | None
    ) -> None:
        link = f"l-{client.tenant}"
        for each, message, share in rows:
            row = {"processingState": each, "processingStateMessage": message, "percentComplete": share}
            _, answer, _ = await client.ask(
                "POST", "/pop/progress/agenda", {"customerId": client.tenant, "linkId": link, **row}
            )
            assert not answer["error"]
        _, answer, _ = await client.ask("POST", SUMMARY, {"linkId": link}, X_pop_cid="c1")
        assert len(answer.pop("progressList")) == len(rows)
        said = {"processingState": state, "error": False, "cid": "c1"}
        assert answer == (said if percent is None else {**said, "processingPercent": percent})

    async def test_each_progress_is_shown_with_its_operations(self, client: Client) -> None:
        agenda = await client.submit("a", "b", linkId=f"l-{client.tenant}")
        _, answer, _ = await client.ask("POST", SUMMARY, {"linkId": f"l-{client.tenant}"})
        assert answer["progressList"] == [await client.progress(agenda["progressId"])]

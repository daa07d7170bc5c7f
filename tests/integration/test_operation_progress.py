"""OperationProgress on the wire, on both its paths: posted alone or not, PUT, DELETE, GET (spec 1.6, 2.5)."""

from typing import Any

import pytest

from tests.integration.conftest import Client
from tests.integration.test_wire import error_of

pytestmark = pytest.mark.kafka
PATHS = pytest.mark.parametrize("path", ["/pop/progress/operation", "/progress/agenda/operation"])


async def posted(client: Client, path: str = "/pop/progress/operation", **body: Any) -> dict[str, Any]:
    _, answer, _ = await client.ask("POST", path, {"customerId": client.tenant, **body})
    assert not answer["error"], answer
    found: dict[str, Any] = answer["all"][0]
    return found


async def got(client: Client, identity: str, path: str = "/pop/progress/operation") -> list[dict[str, Any]]:
    _, answer, _ = await client.ask("GET", f"{path}/{identity}")
    found: list[dict[str, Any]] = answer["all"]
    return found


class TestAlone:
    """Design 4.5: its stream is named by its agendaProgressId, whether or not that progress exists; else by its id."""

    @PATHS
    async def test_without_an_id_or_a_progress_it_gets_an_id(self, client: Client, path: str) -> None:
        found = await posted(client, path, operation="a", resultPayload='{"x":null}', params={"n": None})
        assert len(found["id"]) == 36
        assert (found["attemptCount"], found["resultPayload"], found["params"]) == (0, '{"x":null}', {})
        assert found["addedTime"] == found["updatedTime"]
        assert await got(client, found["id"], path) == [found]

    async def test_before_its_progress_exists_it_is_found_and_then_shown_with_it(self, client: Client) -> None:
        t = client.tenant
        for identity in (f"p-{t}-a", f"odd-{t}", None):
            found = await posted(client, id=identity, agendaProgressId=f"p-{t}", operation="a")
            assert identity in (None, found["id"])
            assert [row["id"] for row in await got(client, found["id"])] == [found["id"]]
        _, answer, _ = await client.ask("GET", f"/pop/progress/operation?byagendaProgressId=p-{t}")
        assert answer["count"] == 3
        assert (await client.ask("GET", f"/pop/progress/agenda/p-{t}"))[1]["all"] == []
        await client.ask("POST", "/pop/progress/agenda", {"id": f"p-{t}", "customerId": t})
        progress = await client.progress(f"p-{t}")
        assert {f"p-{t}-a", f"odd-{t}"} < {row["id"] for row in progress["operationProgress"]}
        assert len(progress["operationProgress"]) == 3

    async def test_a_known_id_merges_wherever_it_stands(self, client: Client) -> None:
        t = client.tenant
        await posted(client, id=f"odd-{t}", agendaProgressId=f"p-{t}", operation="a", title="t")
        found = await posted(client, id=f"odd-{t}", processingState="EXECUTING")
        assert found.keys() == {"id", "customerId", "processingState", "attemptCount", "addedTime", "updatedTime"}
        (row,) = await got(client, f"odd-{t}")
        assert (row["title"], row["processingState"], row["agendaProgressId"]) == ("t", "EXECUTING", f"p-{t}")

    async def test_what_is_wanted_is_said(self, client: Client) -> None:
        _, answer, _ = await client.ask("POST", "/pop/progress/operation", {"operation": "x"})
        assert answer["errorResponse"]["description"] == "The customerId field must be specified."
        _, answer, _ = await client.ask("POST", "/pop/progress/operation", raw=b"")
        assert answer["errorResponse"]["description"] == "Unable to POST/PUT a null object"


class TestOfARun:
    """Spec 2.5."""

    @PATHS
    async def test_a_put_merges_and_answers_the_whole(self, client: Client, path: str) -> None:
        agenda = await client.submit("a-b")
        identity = f"{agenda['progressId']}-a-b"
        body = {"processingState": "EXECUTING", "processingStateMessage": "7 %", "diagnostics": [{"message": "m"}]}
        for target, sent in ((f"{path}/{identity}", body), (path, {**body, "id": identity})):
            _, answer, _ = await client.ask("PUT", target, sent)
            (found,) = answer["all"]
            assert (found["operation"], found["processingStateMessage"]) == ("a-b", "7 %")
            assert found["diagnosticEvents"] == [{"message": "m"}]
        assert await got(client, identity, path) == [found]

    async def test_ids_that_differ_and_what_is_not_there_are_refused(self, client: Client) -> None:
        _, answer, _ = await client.ask("PUT", "/pop/progress/operation/one", {"id": "two"})
        assert answer["errorResponse"]["description"] == "Mismatched Id in URL and on input object: one two"
        _, answer, _ = await client.ask("PUT", "/pop/progress/operation/one", {})
        assert error_of(answer) == ("ObjectNotFoundException", 404)

    @PATHS
    async def test_a_delete_answers_what_was_there_and_then_nothing(self, client: Client, path: str) -> None:
        agenda = await client.submit("a", "b")
        identity = f"{agenda['progressId']}-a"
        before = await got(client, identity)
        _, answer, _ = await client.ask("DELETE", f"{path}/{identity}")
        assert answer["all"] == before
        _, answer, _ = await client.ask("DELETE", f"{path}/{identity}")
        assert answer == {"all": [], "count": 0, "error": False}
        progress = await client.progress(agenda["progressId"])
        assert [row["operation"] for row in progress["operationProgress"]] == ["b"]

    async def test_a_report_on_a_deleted_operation_makes_it_anew(self, client: Client) -> None:
        agenda = await client.submit("a")
        await client.ask("DELETE", f"/pop/progress/operation/{agenda['progressId']}-a")
        entry = {"operation": "a", "diagnostics": [{"message": "m"}]}
        await client.report(agenda["progressId"], operationProgress=[entry])
        (row,) = await got(client, f"{agenda['progressId']}-a")
        assert row["diagnosticEvents"] == [{"message": "m"}]

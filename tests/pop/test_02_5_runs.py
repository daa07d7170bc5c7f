"""Agendas and progress: GET, POST, PUT, DELETE (spec 2.5)."""

import pytest

from tests.pop.objects import PATH, got, posted, posted_operation
from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
PATHS = pytest.mark.parametrize("path", ["/pop/progress/operation", "/progress/agenda/operation"])


class TestAgendas:
    """2.5 GET, POST, PUT, DELETE."""

    async def test_a_put_replaces_whole_fields_and_leaves_progress_and_line(self, client: Client) -> None:
        agenda = await client.submit("x", "y", title="T", params={"k": 1, "n": None})
        body = {"title": None, "params": {"z": "@<not.validated>"}, "operations": [{"name": "x"}, {"name": "x"}]}
        _, answer, _ = await client.ask("PUT", f"/pop/agenda/{agenda['id']}", body)
        (found,) = answer["all"]
        assert found.pop("updatedTime") >= agenda.pop("updatedTime")
        assert found == {**agenda, "params": body["params"], "operations": [{"name": "x"}, {"name": "x"}]}
        progress = await client.progress(agenda["progressId"])
        assert [row["operation"] for row in progress["operationProgress"]] == ["x", "y"]
        assert [one["title"] for one in (await client.pull())["agendas"]] == ["T"]

    async def test_the_id_may_stand_in_the_url_or_the_body_or_in_both(self, client: Client) -> None:
        agenda = await client.submit()
        for path, body in (
            (f"/pop/agenda/{agenda['id']}", {"title": "1"}),
            ("/pop/agenda", {"id": agenda["id"], "title": "2"}),
            (f"/pop/agenda/{agenda['id']}", {"id": agenda["id"], "title": "3"}),
        ):
            _, answer, _ = await client.ask("PUT", path, body)
            assert answer["all"][0]["title"] == body["title"]
        _, answer, _ = await client.ask("PUT", f"/pop/agenda/{agenda['id']}", {"id": "other"})
        assert error_of(answer) == ("ValidationException", 422)
        assert "Mismatched Id in URL and on input object: " in answer["errorResponse"]["description"]
        _, answer, _ = await client.ask("PUT", "/pop/agenda", {"title": "x"})
        assert error_of(answer) == ("ValidationException", 422)
        _, answer, _ = await client.ask("PUT", f"/pop/agenda/{agenda['id']}", raw=b"null")
        assert answer["errorResponse"]["description"] == "Unable to POST/PUT a null object"

    async def test_what_is_not_there_is_an_error_inside_the_envelope(self, client: Client) -> None:
        status, answer, _ = await client.ask("PUT", "/pop/agenda/none", {"title": "x"})
        assert (status, answer["all"], error_of(answer)) == (200, [], ("ObjectNotFoundException", 404))
        assert answer["errorResponse"]["description"] == "Unable to get object by id none"

    async def test_deletes_and_says_nothing_of_what_is_gone(self, client: Client) -> None:
        agenda = await client.submit()
        for _ in range(2):
            status, answer, _ = await client.ask("DELETE", f"/pop/progress/agenda/{agenda['progressId']}")
            assert (status, answer["error"]) == (200, False)
        assert answer["all"] == []
        _, answer, _ = await client.ask("DELETE", f"/pop/agenda/{agenda['id']}")
        assert [found["id"] for found in answer["all"]] == [agenda["id"]]
        _, answer, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        assert answer["all"] == []
        assert (await client.poll())["agendas"] == []

    async def test_a_delete_leaves_the_progress_and_takes_it_out_of_the_line(self, client: Client) -> None:
        agenda = await client.submit("x")
        _, answer, _ = await client.ask("DELETE", f"/pop/agenda/{agenda['id']}")
        assert answer["all"] == [agenda]
        assert (await client.progress(agenda["progressId"]))["operationProgress"][0]["operation"] == "x"
        assert (await client.poll())["agendas"] == []

    async def test_a_delete_of_progress_without_an_id_deletes_nothing(self, client: Client) -> None:
        for kind in ("agenda", "operation"):
            _, answer, _ = await client.ask("DELETE", f"/pop/progress/{kind}")
            assert answer == {"all": [], "count": 0, "error": False}
        _, answer, _ = await client.ask("DELETE", "/pop/agenda")
        assert error_of(answer) == ("BadRequestException", 400)


class TestAgendaProgress:
    """2.5 GET, POST, PUT, DELETE.

    PUT is section 7.2.
    """

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

    async def test_an_operation_that_could_not_be_echoed_is_refused_and_nothing_is_made(self, client: Client) -> None:
        identity = f"deep-{client.tenant}"
        for deep in ("[" * 600 + "]" * 600, '{"a":' * 600 + "1" + "}" * 600):
            entry = f'{{"operation":"a","diagnosticEvents":[{deep}]}}'
            body = f'{{"id":"{identity}","customerId":"{client.tenant}","operationProgress":[{entry}]}}'
            status, answer, _ = await client.ask("POST", PATH, raw=body.encode())
            assert (status, error_of(answer)) == (200, ("BadRequestException", 400))
            assert "nested at most" in answer["errorResponse"]["description"]
            assert (await client.ask("GET", f"{PATH}/{identity}"))[1]["all"] == []

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

    async def test_a_delete_takes_its_operations_along(self, client: Client) -> None:
        agenda = await client.submit("x")
        before = await client.progress(agenda["progressId"])
        _, answer, _ = await client.ask("DELETE", f"{PATH}/{agenda['progressId']}")
        assert answer["all"] == [{name: value for name, value in before.items() if name != "operationProgress"}]
        assert await got(client, f"{agenda['progressId']}-x") == []
        _, answer, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        assert [each["id"] for each in answer["all"]] == [agenda["id"]]


class TestOperationProgress:
    """2.5 GET, POST, PUT, DELETE."""

    async def test_a_known_id_merges_wherever_it_stands(self, client: Client) -> None:
        t = client.tenant
        await posted_operation(client, id=f"odd-{t}", agendaProgressId=f"p-{t}", operation="a", title="t")
        found = await posted_operation(client, id=f"odd-{t}", processingState="EXECUTING")
        assert found.keys() == {"id", "customerId", "processingState", "attemptCount", "addedTime", "updatedTime"}
        (row,) = await got(client, f"odd-{t}")
        assert (row["title"], row["processingState"], row["agendaProgressId"]) == ("t", "EXECUTING", f"p-{t}")

    async def test_what_is_wanted_is_said(self, client: Client) -> None:
        _, answer, _ = await client.ask("POST", "/pop/progress/operation", {"operation": "x"})
        assert answer["errorResponse"]["description"] == "The customerId field must be specified."
        _, answer, _ = await client.ask("POST", "/pop/progress/operation", raw=b"")
        assert answer["errorResponse"]["description"] == "Unable to POST/PUT a null object"

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

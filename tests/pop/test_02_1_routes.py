"""Routes and envelopes (spec 2.1, 2.2)."""

from urllib.parse import quote

import pytest

from tests.faults.processes import WorkerProcess
from tests.wire import Client, error_of, raw

pytestmark = pytest.mark.kafka
RUNS = ("agenda", "progress/agenda", "progress/operation")
COLLECTIONS = ("agendatemplate", "customer", "insight", "resourcepool", *RUNS)
NULL = "Unable to POST/PUT a null object"
SERVICES = (
    "progress/agenda/service",
    "agenda/service/run",
    "agenda/service/rerun",
    "resourcepool/service/getAgenda",
    "resourcepool/service/createAgenda",
    "resourcepool/service/updateAgendaProgress",
    "resourcepool/service/updateAgenda",
)


class TestRoutes:
    """2.1 Routes."""

    async def test_ids_are_decoded_and_never_split(self, client: Client) -> None:
        identity = f"account/{client.tenant} one+two"
        await client.ask("POST", "/pop/customer", {"id": identity, "customerId": identity, "title": "t"})
        encoded = quote(identity, safe="").replace("%20", "+")
        _, answer, _ = await client.ask("GET", f"/dev/pop/customer/{encoded}")
        assert [found["id"] for found in answer["all"]] == [identity]

    async def test_finds_an_operation_by_its_id_on_both_paths(self, client: Client) -> None:
        agenda = await client.submit("a-b")
        identity = f"{agenda['progressId']}-a-b"
        for path in ("/pop/progress/operation", "/progress/agenda/operation"):
            _, answer, headers = await client.ask("GET", f"{path}/{identity}")
            assert [found["operation"] for found in answer["all"]] == ["a-b"]
            assert headers["Agendum-Position"].startswith("agendas/")

    @pytest.mark.parametrize("kind", COLLECTIONS)
    async def test_a_collection_answers_all_methods_with_and_without_a_stage_and_an_id(
        self, client: Client, kind: str
    ) -> None:
        for stage in ("", "/dev", "/prod"):
            for path in (f"{stage}/pop/{kind}/none", f"{stage}/pop/{kind}?byid=none"):
                status, answer, _ = await client.ask("GET", path)
                assert (status, answer) == (200, {"all": [], "count": 0, "error": False}), path
            status, answer, _ = await client.ask("DELETE", f"{stage}/pop/{kind}/none")
            assert (status, answer) == (200, {"all": [], "count": 0, "error": False}), stage
            for method, path in (("POST", f"{stage}/pop/{kind}"), ("PUT", f"{stage}/pop/{kind}/none")):
                _, answer, _ = await client.ask(method, path, raw=b"null")
                assert answer["errorResponse"]["description"] == NULL, (method, path)

    @pytest.mark.parametrize("path", SERVICES)
    async def test_a_service_is_no_id_of_its_collection(self, client: Client, path: str) -> None:
        for stage in ("", "/dev"):
            status, answer, _ = await client.ask("GET", f"{stage}/pop/{path}")
            assert (status, error_of(answer)) == (200, ("BadRequestException", 400)), path
            assert (await client.ask("GET", f"{stage}/pop/{path}/more"))[0] == 405

    async def test_what_has_no_handler_is_405_with_nothing_in_it(self, client: Client) -> None:
        for path in ("/pop/transform", "/fission/agenda", "/pop/agenda/service/ignite", "/pop", "/", "/a/b/pop/agenda"):
            assert (await client.ask("POST", path, {}))[:2] == (405, None), path
        assert (await client.ask("PATCH", "/pop/agenda", {}))[:2] == (405, None)

    @pytest.mark.parametrize("path", ["/pop/agenda", "/dev/pop/agenda/x", "/pop/agenda/service/run"])
    async def test_options_are_answered_to_anyone_for_browsers(self, worker: WorkerProcess, path: str) -> None:
        (answer,) = await raw(worker, f"OPTIONS {path} HTTP/1.1\r\nHost: x\r\nOrigin: http://ui\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 200")
        for line in (b"Access-Control-Allow-Origin: *", b"Access-Control-Allow-Credentials: true"):
            assert line in answer
        methods = next(line for line in answer.split(b"\r\n") if line.startswith(b"Access-Control-Allow-Methods"))
        assert {b"PUT", b"GET", b"OPTIONS"} <= {each.strip() for each in methods.split(b":")[1].split(b",")}

    async def test_an_encoded_slash_never_makes_a_service_of_an_id(self, client: Client) -> None:
        for identity in ("service%2Frun", "x%2Fservice", "%2F", "service"):
            status, answer, _ = await client.ask("GET", f"/pop/agenda/{identity}")
            assert (status, answer) == (200, {"all": [], "count": 0, "error": False}), identity


class TestEnvelope:
    """2.2 The envelope of data objects."""

    async def test_all_count_error_and_the_cid_that_was_sent_and_nothing_else(self, client: Client) -> None:
        t = client.tenant
        path = f"/pop/customer/{t}"
        for method, body in (("GET", None), ("PUT", {"title": "x"}), ("DELETE", None)):
            _, answer, _ = await client.ask(method, path, body, X_pop_cid="c 1")
            assert answer.keys() == {"all", "count", "error", "cid"}, method
            assert (len(answer["all"]), answer["count"], answer["error"], answer["cid"]) == (1, 1, False, "c 1")
        _, answer, _ = await client.ask("POST", "/pop/customer", {"id": t, "customerId": t, "title": "x"})
        assert answer.keys() == {"all", "count", "error"}

    async def test_an_error_is_told_in_five_fields(self, client: Client) -> None:
        _, answer, _ = await client.ask("PUT", "/pop/customer/none", {}, x_POP_cid="c1")
        assert answer.keys() == {"all", "count", "error", "errorResponse", "cid"}
        problem = answer["errorResponse"]
        assert problem.pop("serverStackTrace") == "ObjectNotFoundException: Unable to get object by id none"
        assert problem == {
            "title": "ObjectNotFoundException",
            "description": "Unable to get object by id none",
            "responseCode": 404,
            "correlationId": "c1",
        }

"""Routes, envelopes and status codes (spec 2.1 to 2.3)."""

from urllib.parse import quote

import pytest

from tests.faults.processes import WorkerProcess
from tests.wire import Client, error_of, raw

pytestmark = pytest.mark.kafka


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


class TestStatus:
    """2.3 Status codes, errors and headers."""

    async def test_401_is_decided_per_request_on_a_live_connection(self, worker: WorkerProcess) -> None:
        get = b"GET /dev/pop/customer/none HTTP/1.1\r\nHost: x\r\n%b\r\n"
        first, second, third = await raw(
            worker, get % b"Authorization: a\r\n", get % b"", get % b"Authorization: a\r\n"
        )
        assert first.startswith(b"HTTP/1.1 200")
        assert second.startswith(b"HTTP/1.1 401")
        assert second.endswith(b'{"message":"Unauthorized"}')
        assert third.startswith(b"HTTP/1.1 200")

    async def test_a_put_of_what_is_not_there_is_an_error_inside_the_envelope(self, client: Client) -> None:
        status, answer, _ = await client.ask("PUT", "/pop/customer/nobody", {"title": "x"}, X_pop_cid="c1")
        assert (status, answer["all"], answer["count"], answer["cid"]) == (200, [], 0, "c1")
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert answer["errorResponse"]["description"] == "Unable to get object by id nobody"

    async def test_what_is_wanted_is_said_in_pops_words(self, client: Client) -> None:
        _, answer, _ = await client.ask("POST", "/pop/customer", {"id": "x", "title": "x"})
        assert answer["errorResponse"]["description"] == "The customerId field must be specified."
        assert error_of(answer) == ("ValidationException", 422)
        assert "all" not in answer

    async def test_a_body_that_is_none_is_refused_with_the_field_named(self, client: Client) -> None:
        for body in (b'{"customerId":7', b'{"operations":"x"}', b'{"operations":[{"name":{}}]}'):
            status, answer, _ = await client.ask("POST", "/pop/agenda", raw=body)
            assert status == 400
            assert answer["errorResponse"]["description"].startswith("Request body is not recognized as 'Agenda'")
        assert "$.operations" in answer["errorResponse"]["description"]

    async def test_a_body_over_the_limit_is_refused(self, client: Client) -> None:
        status, answer, _ = await client.ask("POST", "/pop/agenda", raw=b'{"title":"' + b"x" * (1 << 20) + b'"}')
        assert (status, answer["errorResponse"]["responseCode"]) == (413, 413)

    async def test_a_limit_that_is_no_number_is_http_400(self, client: Client) -> None:
        status, answer, _ = await client.ask("GET", "/pop/customer?bylimit=many")
        assert (status, error_of(answer)) == (400, ("IllegalArgumentException", 400))

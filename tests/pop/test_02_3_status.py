"""Status codes, errors and headers (spec 2.3)."""

import asyncio
import gzip
import re
from typing import Any

import pytest

from handlers.endpoints.routes import PATHS
from tests.wire import SECONDS, Client, error_of

pytestmark = pytest.mark.kafka
#: A position, or several.
WHERE = re.compile(r"(agendas|catalogue)/\d+@\d+(,(agendas|catalogue)/\d+@\d+)*")
COLLECTIONS = (
    "agendatemplate",
    "customer",
    "insight",
    "resourcepool",
    "agenda",
    "progress/agenda",
    "progress/operation",
)


class TestStatus:
    """2.3 Status codes, errors and headers.

    401: 3.1, 14.11. Bodies that are wrong, field by field: `tests/unit/handlers/wire/test_requests.py`.
    """

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

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    @pytest.mark.parametrize("path", ["agenda", "progress/agenda/service", "resourcepool/service/createAgenda"])
    async def test_a_body_that_is_not_compressed_as_it_says_is_refused(
        self, client: Client, path: str, encoding: str
    ) -> None:
        body = b'{"linkId":"none"}'
        status, answer, _ = await client.ask("POST", f"/pop/{path}", raw=body, Content_Encoding=encoding, X_pop_cid="c")
        assert (status, error_of(answer)) == (400, ("BadRequestException", 400))
        assert f"as its Content-Encoding says, found none ({encoding})" in answer["errorResponse"]["description"]
        assert answer["errorResponse"]["correlationId"] == "c"

    async def test_a_compressed_body_is_opened_and_one_that_is_a_bomb_is_refused(self, client: Client) -> None:
        body = gzip.compress(b'{"linkId":"none"}')
        status, answer, _ = await client.ask("POST", "/pop/progress/agenda/service", raw=body, Content_Encoding="gzip")
        assert (status, answer["error"], answer["progressList"]) == (200, False, [])
        bomb = gzip.compress(b'{"title":"' + bytes(100 << 20) + b'"}')
        status, answer, _ = await client.ask("POST", "/pop/agenda", raw=bomb, Content_Encoding="gzip", X_pop_cid="c")
        assert (status, error_of(answer)) == (413, ("PayloadTooLargeException", 413))
        assert answer["errorResponse"]["correlationId"] == "c"

    async def test_a_body_over_the_limit_is_refused(self, client: Client) -> None:
        status, answer, _ = await client.ask("POST", "/pop/agenda", raw=b'{"title":"' + b"x" * (1 << 20) + b'"}')
        assert (status, answer["errorResponse"]["responseCode"]) == (413, 413)

    async def test_a_limit_that_is_no_number_is_http_400(self, client: Client) -> None:
        status, answer, _ = await client.ask("GET", "/pop/customer?bylimit=many")
        assert (status, error_of(answer)) == (400, ("IllegalArgumentException", 400))

    async def test_what_is_thrown_has_no_envelope_and_a_correlation_id_in_any_case(self, client: Client) -> None:
        sent: list[tuple[Any, str | None]] = [({"X_pop_cid": "c1"}, "c1"), ({}, None)]
        for headers, correlation in sent:
            status, answer, _ = await client.ask("POST", "/pop/customer", {}, **headers)
            assert (status, answer.keys()) == (200, {"errorResponse", "error"})
            assert (correlation or answer["errorResponse"]["correlationId"]) == answer["errorResponse"]["correlationId"]
            assert answer["errorResponse"]["correlationId"]

    async def test_maximum_attempts_that_are_no_number_are_http_400(self, client: Client) -> None:
        operations = [{"name": "a", "type": "t"}]
        body = {"customerId": client.tenant, "operations": operations, "params": {"maximumAttempts": "many"}}
        status, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert (status, error_of(answer)) == (400, ("NumberFormatException", 400))

    async def test_every_answer_may_be_read_by_pages_of_others(self, client: Client) -> None:
        for method, path in (("GET", "/pop/agenda"), ("PUT", "/pop/agenda/none"), ("GET", "/pop/agenda?bylimit=x")):
            _, _, headers = await client.ask(method, path, {})
            assert headers["Content-Type"].startswith("application/json")
            assert headers["Access-Control-Allow-Origin"] == "*"
            assert headers["Access-Control-Allow-Credentials"] == "true"
            assert headers["Access-Control-Allow-Methods"] == "GET,OPTIONS"
            assert "Access-Control-Allow-Origin" in headers["Access-Control-Expose-Headers"]
            allowed = "X-pop-cid,origin,accept,Content-Type,Authorization,Referer,User-Agent"
            assert headers["Access-Control-Allow-Headers"] == allowed

    async def test_every_success_says_where_it_is_true(self, client: Client) -> None:
        """Not POP's. Whether something was found, made, deleted, handed out, or not: it is so at a position."""
        t, said = client.tenant, dict[tuple[str, str], Any]()

        async def ask(method: str, path: str, body: Any = None) -> Any:
            status, answer, headers = await client.ask(method, path, body)
            assert (status, answer["error"]) == (200, False), (method, path, answer)
            assert WHERE.fullmatch(headers.get("Agendum-Position", "")), (method, path, headers)
            for known in sorted(PATHS, key=len, reverse=True):
                if path.partition("?")[0].strip("/").startswith(known):
                    said[known, method] = answer
                    return answer
            raise AssertionError(path)

        agenda = {"customerId": t, "linkId": t, "operations": [{"name": "x", "type": "t"}]}
        template = {"id": f"m-{t}", "customerId": t, "title": "m", "agenda": agenda}
        for kind, made in (
            ("customer", {"id": f"c-{t}", "customerId": t, "title": "c"}),
            ("resourcepool", {"id": f"r-{t}", "customerId": t, "title": "r"}),
            ("insight", {"id": f"s-{t}", "customerId": t, "title": "s", "resourcePoolId": f"r-{t}"}),
            ("agendatemplate", template),
            ("progress/agenda", {"id": f"g-{t}", "customerId": t, "title": "g"}),
            ("progress/operation", {"id": f"o-{t}", "customerId": t, "title": "o"}),
        ):
            await ask("POST", f"/pop/{kind}", made)
            await ask("PUT", f"/pop/{kind}/{made['id']}", {"customerId": t, "title": "new"})
        await ask("POST", "/progress/agenda/operation", {"id": f"p-{t}", "customerId": t})
        await ask("PUT", f"/progress/agenda/operation/p-{t}", {"customerId": t, "title": "new"})
        for pause in ("pause", "resume"):
            await ask("POST", f"/pop/insight/service/{pause}", {"insightId": f"s-{t}", "reason": "r"})
        pull = "/pop/resourcepool/service/getAgenda", {"insightId": f"i-{t}", "count": 1}
        assert (await ask("POST", *pull))["agendas"] == []
        one = (await ask("POST", "/pop/agenda", agenda))["all"][0]
        await ask("PUT", f"/pop/agenda/{one['id']}", {"customerId": t, "title": "new"})
        async with asyncio.timeout(SECONDS):
            while not (pulled := (await ask("POST", *pull))["agendas"]):
                pass
        assert [each["id"] for each in pulled] == [one["id"]]
        executing = {"id": one["progressId"], "startedTime": 7, "processingState": "EXECUTING"}
        await ask("POST", "/pop/resourcepool/service/updateAgendaProgress", {"agendaProgress": executing})
        more = {"agendaId": one["id"], "operations": [{"name": "y", "type": "t"}]}
        await ask("POST", "/pop/resourcepool/service/updateAgenda", more)
        back = {"agendaProgressId": one["progressId"], "startedTime": 7}
        await ask("POST", "/pop/resourcepool/service/handBackAgenda", back)
        await ask("POST", "/pop/agenda/service/cancel", {"agendaId": one["id"]})
        await ask("POST", "/pop/agenda/service/rerun", {"agendaId": one["id"]})
        await ask("POST", "/pop/resourcepool/service/createAgenda", {"agendas": [agenda]})
        await ask("POST", "/pop/agenda/service/run", {"agendaTemplateId": f"m-{t}", "payload": "{}"})
        await ask("POST", "/pop/progress/agenda/service", {"linkId": t})
        for kind in (*(f"/pop/{kind}" for kind in COLLECTIONS), "/progress/agenda/operation"):
            for path in (f"{kind}/none", f"{kind}?bycustomerId={t}", f"{kind}?bycount=true"):
                await ask("GET", path)
            letter = {"customer": "c", "resourcepool": "r", "insight": "s", "agendatemplate": "m"}.get(kind[5:], "p")
            ends = {"/pop/agenda": one["id"], "/pop/progress/agenda": f"g-{t}", "/pop/progress/operation": f"o-{t}"}
            for gone in (ends.get(kind, f"{letter}-{t}"), "none"):
                await ask("DELETE", f"{kind}/{gone}")

        wanted = {(path, method) for path, route in PATHS.items() for method in route.methods}
        services = {(path, method) for path, method in wanted if PATHS[path].service and method != "POST"}
        assert wanted - services - said.keys() == {("pop/timers/service/run", "POST")}, "which only tells of others"

    async def test_what_is_not_found_is_no_error_of_a_get_or_a_delete(self, client: Client) -> None:
        for method in ("GET", "DELETE"):
            status, answer, _ = await client.ask(method, "/pop/customer/none")
            assert (status, answer) == (200, {"all": [], "count": 0, "error": False})

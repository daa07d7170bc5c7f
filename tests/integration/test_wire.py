"""POP's wire on a real worker, by section of the spec: what clients see, byte by byte where it matters."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from tests.faults.processes import WorkerProcess
from tests.integration.conftest import Client

pytestmark = pytest.mark.kafka


def error_of(answer: Any) -> tuple[str, int]:
    assert answer["error"]
    return answer["errorResponse"]["title"], answer["errorResponse"]["responseCode"]


async def raw(worker: WorkerProcess, *requests: bytes) -> list[bytes]:
    """Send raw requests over one connection, and read as many answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    answers = []
    for request in requests:
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        answers.append(head + await reader.readexactly(length))
    writer.close()
    return answers


class TestObjects:
    """Spec 1 and 2.5."""

    async def test_a_post_with_a_known_id_merges_and_a_put_answers_the_whole_object(self, client: Client) -> None:
        t = client.tenant
        _, answer, _ = await client.ask("PUT", f"/pop/customer/{t}", {"billingCode": "b"})
        assert answer["all"][0]["title"] == t
        assert answer["all"][0]["billingCode"] == "b"
        await client.ask("POST", "/pop/customer", {"id": t, "customerId": t, "title": "new"})
        _, answer, _ = await client.ask("GET", f"/pop/customer/{t}")
        assert (answer["all"][0]["title"], answer["all"][0]["billingCode"]) == ("new", "b")

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

    async def test_an_insight_says_global_twice_and_a_pool_names_its_insights(self, client: Client) -> None:
        t = client.tenant
        _, answer, _ = await client.ask("GET", f"/pop/insight/i-{t}")
        assert answer["all"][0]["global"] is answer["all"][0]["isGlobal"] is False
        assert answer["all"][0]["queueSize"] == 0
        _, answer, _ = await client.ask("GET", f"/pop/resourcepool?byid=p-{t}")
        assert answer["all"][0]["insightIds"] == [f"i-{t}"]

    async def test_ids_are_decoded_and_never_split(self, client: Client) -> None:
        identity = f"account/{client.tenant} one+two"
        await client.ask("POST", "/pop/customer", {"id": identity, "customerId": identity, "title": "t"})
        encoded = quote(identity, safe="").replace("%20", "+")
        _, answer, _ = await client.ask("GET", f"/dev/pop/customer/{encoded}")
        assert [found["id"] for found in answer["all"]] == [identity]


class TestRequests:
    """Spec 2.3, 2.6, 14: how clients talk."""

    async def test_401_is_decided_per_request_on_a_live_connection(self, worker: WorkerProcess) -> None:
        get = b"GET /dev/pop/customer/none HTTP/1.1\r\nHost: x\r\n%b\r\n"
        first, second, third = await raw(
            worker, get % b"Authorization: a\r\n", get % b"", get % b"Authorization: a\r\n"
        )
        assert first.startswith(b"HTTP/1.1 200")
        assert second.startswith(b"HTTP/1.1 401")
        assert second.endswith(b'{"message":"Unauthorized"}')
        assert third.startswith(b"HTTP/1.1 200")

    async def test_a_null_service_request_has_no_body_and_no_length(self, worker: WorkerProcess) -> None:
        head = b"POST /pop/resourcepool/service/getAgenda HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n\r\n"
        (answer,) = await raw(worker, head)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"InsightId and Count are required on getAgenda" in answer

    async def test_a_body_labelled_as_a_form_is_json(self, client: Client) -> None:
        body = b'{"linkId":"none","unknown":{"a":[1]},"cid":null}'
        form = {"Content_Type": "application/x-www-form-urlencoded", "Accept": "text/html, image/gif, */*; q=0.2"}
        status, answer, _ = await client.ask("POST", "/pop/progress/agenda/service", raw=body, **form)
        assert (status, answer["processingState"], answer["processingPercent"]) == (200, "COMPLETE", 0.0)

    async def test_a_body_that_is_none_is_refused_with_the_field_named(self, client: Client) -> None:
        for body in (b'{"customerId":7', b'{"operations":"x"}', b'{"operations":[{"name":{}}]}'):
            status, answer, _ = await client.ask("POST", "/pop/agenda", raw=body)
            assert status == 400
            assert answer["errorResponse"]["description"].startswith("Request body is not recognized as 'Agenda'")
        assert "$.operations" in answer["errorResponse"]["description"]

    async def test_bytes_that_are_no_utf8_and_long_characters_are_taken(self, client: Client) -> None:
        t = client.tenant
        body = b'{"id":"c-%b","customerId":"%b","title":"\xff \xf0\x9f\x8e\xac"}' % (t.encode(), t.encode())
        _, answer, _ = await client.ask("POST", "/pop/customer", raw=body)
        assert answer["all"][0]["title"] == "\ufffd \U0001f3ac"

    async def test_services_are_post_only_and_unknown_paths_are_405(self, client: Client) -> None:
        status, answer, _ = await client.ask("GET", "/pop/progress/agenda/service")
        assert (status, error_of(answer)) == (200, ("BadRequestException", 400))
        assert answer["errorResponse"]["description"] == "GET is not implemented for this endpoint"
        assert (await client.ask("POST", "/pop/transform", {}))[0] == 405
        assert (await client.ask("OPTIONS", "/pop/agenda"))[0] == 200

    async def test_a_body_over_the_limit_is_refused(self, client: Client) -> None:
        status, answer, _ = await client.ask("POST", "/pop/agenda", raw=b'{"title":"' + b"x" * (1 << 20) + b'"}')
        assert (status, answer["errorResponse"]["responseCode"]) == (413, 413)

    async def test_a_limit_that_is_no_number_is_http_400(self, client: Client) -> None:
        status, answer, _ = await client.ask("GET", "/pop/customer?bylimit=many")
        assert (status, error_of(answer)) == (400, ("IllegalArgumentException", 400))


class TestSubmission:
    """Spec 4."""

    @pytest.mark.parametrize(
        ("operations", "text"),
        [
            ([], "No operations specified in Agenda."),
            ([{"type": "t"}], "Operations must have names."),
            ([{"name": "a"}, {"name": "A"}], "Operation names must be unique."),
            (
                [{"name": "a", "payload": {"x": "@<b.out::/y>"}}],
                "Validation Issues detected: Invalid references found in operation [a] payload: b.out",
            ),
            (
                [{"name": "a", "payload": "- @<b.out>"}, {"name": "b", "payload": ["- @<a.out>"]}],
                (
                    "Validation Issues detected: There is a circular reference involving the operation: a,"
                    "There is a circular reference involving the operation: b"
                ),
            ),
        ],
    )
    async def test_refuses_in_pops_words(self, client: Client, operations: list[Any], text: str) -> None:
        body = {"customerId": client.tenant, "operations": operations}
        status, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert (status, answer["errorResponse"]["description"]) == (200, text)
        assert error_of(answer) == ("ValidationException", 422)

    async def test_says_who_is_missing(self, client: Client) -> None:
        body = {"customerId": "nobody", "operations": [{"name": "a"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert answer["errorResponse"]["description"] == "Customer not found for customerId nobody"
        assert answer["all"] == []
        body = {"customerId": client.tenant, "operations": [{"name": "a", "type": "other"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert answer["errorResponse"]["description"] == "No available insights for processing agenda"

    async def test_creates_progress_and_operations_with_pops_ids(self, client: Client) -> None:
        agenda = await client.submit("x", "y", params={"externalId": "e1", "maximumAttempts": "5", "n": None})
        progress = await client.progress(agenda["progressId"])
        assert (progress["externalId"], progress["maximumAttempts"], progress["agendaId"]) == ("e1", 5, agenda["id"])
        assert progress["params"] == {"externalId": "e1", "maximumAttempts": "5"}
        assert [row["id"] for row in progress["operationProgress"]] == [
            f"{agenda['progressId']}-x",
            f"{agenda['progressId']}-y",
        ]
        assert {row["processingStateMessage"] for row in progress["operationProgress"]} == {"queued"}

    async def test_do_not_run_counts_even_when_it_is_null(self, client: Client) -> None:
        agenda = await client.submit(params={"doNotRun": None})
        assert (await client.pull())["agendas"] == []
        progress = await client.progress(agenda["progressId"])
        assert progress["operationProgress"][0]["processingStateMessage"] == "added"

    async def test_the_same_key_makes_one_agenda_and_no_key_makes_two(self, client: Client) -> None:
        one = [await client.submit(headers={"Idempotency_Key": "k"}) for _ in range(2)]
        assert one[0]["id"] == one[1]["id"]
        two = [await client.submit() for _ in range(2)]
        assert two[0]["id"] != two[1]["id"]
        body = {"customerId": client.tenant, "operations": [{"name": "other", "type": "t"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body, Idempotency_Key="k")
        assert error_of(answer) == ("ValidationException", 422)


class TestWork:
    """Spec 7 and 14."""

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
            assert (await client.ask("POST", path, body))[1]["errorResponse"]["description"] == text

    async def test_a_waiting_puller_gets_an_agenda_as_soon_as_there_is_one(self, client: Client) -> None:
        waiting = asyncio.create_task(client.pull())
        agenda = await client.submit()
        assert [found["id"] for found in (await waiting)["agendas"]] == [agenda["id"]]

    async def test_first_in_first_out_and_never_two_of_one_run(self, client: Client) -> None:
        first, second = await client.submit("a"), await client.submit("b")
        again = await client.submit("c", progressId=first["progressId"])
        got = await client.pull(10)
        assert [found["id"] for found in got["agendas"]] == [first["id"], second["id"]]
        assert [found["id"] for found in (await client.pull(10))["agendas"]] == [again["id"]]

    async def test_what_a_closed_connection_was_given_comes_back_to_the_front(
        self, client: Client, worker: WorkerProcess
    ) -> None:
        body = b'{"insightId":"i-%b","count":1}' % client.tenant.encode()
        head = b"POST /pop/resourcepool/service/getAgenda HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n"
        head += b"Content-Length: %d\r\n\r\n"
        _, writer = await asyncio.open_connection("127.0.0.1", worker.port)
        writer.write(head % len(body) + body)
        await writer.drain()
        await asyncio.sleep(0)
        writer.close()
        agenda = await client.submit()
        async with asyncio.timeout(4):
            got: list[Any] = []
            while not got:
                got = (await client.pull())["agendas"]
        assert [found["id"] for found in got] == [agenda["id"]]

    async def test_a_report_on_nothing_is_refused_without_telling(self, client: Client) -> None:
        answer = await client.report("nothing")
        assert error_of(answer) == ("BadRequestException", 400)
        text = "The AgendaProgress specified was not found or is not visible: nothing"
        assert answer["errorResponse"]["description"] == text

    async def test_an_expired_dispatch_is_handed_out_again_and_supersedes(self, client: Client) -> None:
        agenda = await client.submit()
        assert (await client.pull())["agendas"]
        async with asyncio.timeout(15):  # the dispatch timeout is 5 s here
            while not (await client.pull())["agendas"]:
                pass
        assert (await client.report(agenda["progressId"], 1))["error"] is False
        superseded = await client.report(agenda["progressId"], 2)
        assert error_of(superseded) == ("ConflictException", 409)


class TestQueries:
    """Spec 2.4."""

    async def test_finds_by_link_agenda_external_id_and_customer(self, client: Client) -> None:
        t = client.tenant
        agenda = await client.submit(linkId=f"l-{t}", params={"externalId": f"e-{t}"})
        for query in (f"bylinkId=l-{t}", f"byagendaId={agenda['id']}", f"byexternalId=e-{t}", f"bycustomerId={t}"):
            _, answer, _ = await client.ask("GET", f"/pop/progress/agenda?{query}")
            assert [found["id"] for found in answer["all"]] == [agenda["progressId"]], query
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bylinkId=l-{t}&bytitle=none")
        assert (answer["all"], answer["count"], answer["error"]) == ([], 0, False)

    async def test_shows_fields_and_counts(self, client: Client) -> None:
        agenda = await client.submit("x")
        _, answer, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}?byfields=id,customerId")
        assert answer["all"] == [{"id": agenda["id"], "customerId": client.tenant}]
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bycustomerId={client.tenant}&bycount=false")
        assert (answer["all"], answer["count"]) == ([], 1)

    async def test_finds_an_operation_by_its_id_on_both_paths(self, client: Client) -> None:
        agenda = await client.submit("a-b")
        identity = f"{agenda['progressId']}-a-b"
        for path in ("/pop/progress/operation", "/progress/agenda/operation"):
            _, answer, headers = await client.ask("GET", f"{path}/{identity}")
            assert [found["operation"] for found in answer["all"]] == ["a-b"]
            assert headers["Agendum-Position"].startswith("agendas/")

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
        assert (await client.pull())["agendas"] == []

    async def test_a_delete_of_progress_without_an_id_deletes_nothing(self, client: Client) -> None:
        for kind in ("agenda", "operation"):
            _, answer, _ = await client.ask("DELETE", f"/pop/progress/{kind}")
            assert answer == {"all": [], "count": 0, "error": False}
        _, answer, _ = await client.ask("DELETE", "/pop/agenda")
        assert error_of(answer) == ("BadRequestException", 400)


class TestOperation:
    """What operators look at."""

    async def test_health_and_metrics_need_no_authorization(self, worker: WorkerProcess) -> None:
        get = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
        alive, ready, metrics = await raw(worker, *(get % path for path in (b"/healthz", b"/readyz", b"/metrics")))
        assert alive.startswith(b"HTTP/1.1 200")
        assert ready.startswith(b"HTTP/1.1 200")
        for name in (b"agendum_records_total", b"agendum_lag_records", b"agendum_command_seconds", b"agendum_ready"):
            assert name in metrics


class TestEndings:
    """What is not in POP's wire, or happens behind it: handing back, retrying, cancelling (spec 9.1, design 4.8)."""

    async def test_a_run_that_is_handed_back_is_given_to_the_next_puller(self, client: Client) -> None:
        agenda = await client.submit("x", "y")
        await client.pull()
        done = {"operation": "x", "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        await client.report(agenda["progressId"], 7, processingState="EXECUTING", operationProgress=[done])
        body = {"agendaProgressId": agenda["progressId"], "startedTime": 7}
        _, answer, _ = await client.ask("POST", "/pop/resourcepool/service/handBackAgenda", body)
        assert answer == {"error": False}
        found = await client.pull()
        assert [one["id"] for one in found["agendas"]] == [agenda["id"]]
        states = {row["operation"]: row["processingState"] for row in found["agendaProgresses"][0]["operationProgress"]}
        assert states == {"x": "COMPLETE", "y": "WAITING"}
        assert error_of(await client.report(agenda["progressId"], 7, processingState="EXECUTING"))[1] == 409

    async def test_a_failed_run_is_given_out_again_until_its_attempts_are_used_up(self, client: Client) -> None:
        agenda = await client.submit("x", params={"maximumAttempts": 2})
        for started in (1, 2):
            found: Any = {"agendas": []}
            async with asyncio.timeout(20):
                while not found["agendas"]:
                    found = await client.pull()
            end = {"processingState": "COMPLETE", "processingStateMessage": "failed"}
            await client.report(agenda["progressId"], started, **end)
        progress = await client.progress(agenda["progressId"])
        assert (progress["attemptsCompleted"], progress["processingStateMessage"]) == (2, "failed")

    async def test_a_cancelled_run_is_complete_and_its_executor_is_told(self, client: Client) -> None:
        agenda = await client.submit("x")
        await client.pull()
        await client.report(agenda["progressId"], 7, processingState="EXECUTING")
        _, answer, _ = await client.ask("POST", "/pop/agenda/service/cancel", {"agendaId": agenda["id"]})
        assert answer == {"error": False}
        progress = await client.progress(agenda["progressId"])
        assert (progress["processingState"], progress["processingStateMessage"]) == ("COMPLETE", "cancelled")
        answer = await client.report(agenda["progressId"], 7, processingState="EXECUTING")
        assert error_of(answer) == ("ConflictException", 409)
        assert "cancelled: stop working on it" in answer["errorResponse"]["description"]
        _, answer, _ = await client.ask("POST", "/pop/agenda/service/cancel", {"agendaId": "nothing"})
        assert error_of(answer) == ("ObjectNotFoundException", 404)


class TestLargeAnswers:
    """Design 4.2: at most 8 MiB an answer; what does not fit keeps its place."""

    async def test_what_does_not_fit_into_an_answer_comes_with_the_next(self, client: Client) -> None:
        operations = [{"name": "x", "type": "t", "payload": {"text": "x" * 1_000_000}}]
        submitted = [(await client.submit(operations=operations))["id"] for _ in range(12)]
        answers: list[list[str]] = []
        async with asyncio.timeout(60):
            while sum(len(answer) for answer in answers) < len(submitted):
                answers.append([agenda["id"] for agenda in (await client.pull(12))["agendas"]])

        assert 1 < len(answers[0]) <= 8
        assert sorted(identity for answer in answers for identity in answer) == sorted(submitted)

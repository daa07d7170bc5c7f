"""What POP's Java clients were seen to do: requests, and connections (spec 14.1, 14.2, 14.10 to 14.12)."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Broker, running
from tests.faults.processes import WorkerProcess
from tests.pop.jdk import jdk, said, whole
from tests.wire import SECONDS, Client, error_of, raw

pytestmark = pytest.mark.kafka


class TestRequests:
    """14.1 How a request looks."""

    async def test_a_puller_and_an_executor_do_their_work_on_one_connection(
        self, client: Client, worker: WorkerProcess
    ) -> None:
        agenda = await client.submit("x", title="\U0001f3ac")
        run = agenda["progressId"]
        begin = {"processingState": "EXECUTING", "processingStateMessage": "Running Operations", "percentComplete": 0.0}
        entry = {"operation": "x", "id": None, "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        end = {"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [entry, None]}
        pulled, first, last = await raw(
            worker,
            jdk("resourcepool/service/getAgenda", {"insightId": f"i-{client.tenant}", "count": 1}),
            jdk("resourcepool/service/updateAgendaProgress", whole(run, **begin)),
            jdk("resourcepool/service/updateAgendaProgress", whole(run, **end, percentComplete=100.0)),
        )
        assert [found["title"] for found in said(pulled)["agendas"]] == ["\U0001f3ac"]
        assert said(first) == said(last) == {"error": False}
        progress = await client.progress(run)
        assert (progress["processingState"], progress["attemptsCompleted"]) == ("COMPLETE", 1)
        assert (progress["params"], progress["agendaInsight"]) == ({}, agenda["agendaInsight"])

    async def test_a_null_request_leaves_the_connection_usable(self, worker: WorkerProcess) -> None:
        answers = await raw(
            worker,
            *(jdk(path) for path in ("resourcepool/service/getAgenda", "agenda/service/rerun", "agenda/service/run")),
            jdk("progress/agenda/service", {"linkId": "none", "cid": None}),
        )
        texts = [said(answer)["errorResponse"]["description"] for answer in answers[:3]]
        assert texts == [
            "InsightId and Count are required on getAgenda",
            "agendaId is required on rerun",
            "agendaTemplateId and payload must be specified",
        ]
        assert said(answers[3])["processingState"] == "COMPLETE"

    async def test_answers_are_never_chunked_and_in_utf8(self, client: Client, worker: WorkerProcess) -> None:
        await client.submit("x", title="\U0001f3ac" * 20_000)
        (answer,) = await raw(
            worker, jdk("resourcepool/service/getAgenda", {"insightId": f"i-{client.tenant}", "count": 1})
        )
        head, _, text = answer.partition(b"\r\n\r\n")
        assert b"chunked" not in head.lower()
        assert b"\xf0\x9f\x8e\xac" * 20_000 in text


class TestTwice:
    """14.2 A POST arrives twice."""

    async def test_fixed_ids_are_posted_again_and_again(self, client: Client) -> None:
        t = client.tenant
        for kind in ("customer", "resourcepool", "insight", "agendatemplate", "progress/agenda", "progress/operation"):
            body = {"id": f"fixed/{t}", "customerId": t, "title": "t", "operation": "x", "processingState": "WAITING"}
            answers = [(await client.ask("POST", f"/pop/{kind}", body))[1] for _ in range(3)]
            assert [answer["error"] for answer in answers] == [False] * 3, kind
            _, answer, _ = await client.ask("GET", f"/pop/{kind}?bycustomerId={t}&bytitle=t")
            mine = [row for row in answer["all"] if row["id"] == f"fixed/{t}"]
            assert len(mine) == 1, kind
            assert answers[2]["all"][0].items() <= mine[0].items(), kind

    async def test_one_request_on_two_connections_makes_two_agendas_as_in_pop(
        self, client: Client, worker: WorkerProcess
    ) -> None:
        body = {"customerId": client.tenant, "operations": [{"name": "x", "type": "t"}]}
        answers = await asyncio.gather(*(raw(worker, jdk("agenda", body)) for _ in range(2)))
        made = {said(answer)["all"][0]["id"] for (answer,) in answers}
        assert len(made) == 2
        pulled = (await client.pull(5))["agendas"]
        pulled += (await client.pull(5))["agendas"] if len(pulled) < 2 else []
        assert {found["id"] for found in pulled} == made

    async def test_one_report_on_two_connections_counts_once(self, client: Client, worker: WorkerProcess) -> None:
        agenda = await client.submit("x")
        entry = {"operation": "x", "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        end = {"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [entry]}
        report = jdk("resourcepool/service/updateAgendaProgress", whole(agenda["progressId"], **end))
        answers = await asyncio.gather(*(raw(worker, report) for _ in range(2)))
        assert [said(answer) for (answer,) in answers] == [{"error": False}] * 2
        progress = await client.progress(agenda["progressId"])
        assert (progress["attemptsCompleted"], progress["operationProgress"][0]["attemptCount"]) == (1, 1)

    async def test_an_idle_connection_is_kept_longer_than_the_time_between_reports(self, worker: WorkerProcess) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
        for pause in (0, 6):  # the time itself is what is shown: an executor reports every 5 s
            await asyncio.sleep(pause)
            writer.write(jdk("progress/agenda/service", {"linkId": "none"}))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
            assert head.startswith(b"HTTP/1.1 200 ")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
        writer.close()

    async def test_the_same_key_makes_one_agenda_and_no_key_makes_two(self, client: Client) -> None:
        one = [await client.submit(headers={"Idempotency_Key": "k"}) for _ in range(2)]
        assert one[0]["id"] == one[1]["id"]
        two = [await client.submit() for _ in range(2)]
        assert two[0]["id"] != two[1]["id"]
        body = {"customerId": client.tenant, "operations": [{"name": "other", "type": "t"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body, Idempotency_Key="k")
        assert error_of(answer) == ("ValidationException", 422)


@pytest.fixture(scope="module")
def patient(kafka: Broker) -> Iterator[WorkerProcess]:
    """A worker at which no dispatch expires: what comes back was returned."""
    with running(kafka, patience_ms=3_600_000) as found:
        yield found


@pytest.fixture
async def client_of_patient(patient: WorkerProcess) -> Client:
    found = Client(patient.url, f"t{os.urandom(4).hex()}")
    await found.tenant_set_up()
    return found


class TestGivingUp:
    """14.10 A puller that gives up."""

    async def test_who_is_gone_is_handed_nothing_and_who_waits_behind_gets_it(
        self, client_of_patient: Client, patient: WorkerProcess
    ) -> None:
        client, worker = client_of_patient, patient
        ask = jdk("resourcepool/service/getAgenda", {"insightId": f"i-{client.tenant}", "count": 1})
        _, gone = await asyncio.open_connection("127.0.0.1", worker.port)
        gone.write(ask)
        await gone.drain()
        behind = asyncio.create_task(raw(worker, ask))
        await asyncio.sleep(0.1)  # that it waits cannot be seen from outside
        gone.transport.abort()
        agenda = await client.submit()
        (answer,) = await behind
        found = said(answer)["agendas"] or (await client.pull())["agendas"]
        assert [each["id"] for each in found] == [agenda["id"]]

    async def test_what_a_closed_connection_was_given_comes_back_to_the_front(
        self, client_of_patient: Client, patient: WorkerProcess
    ) -> None:
        client, worker = client_of_patient, patient
        body = b'{"insightId":"i-%b","count":1}' % client.tenant.encode()
        head = b"POST /pop/resourcepool/service/getAgenda HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n"
        head += b"Content-Length: %d\r\n\r\n"
        _, writer = await asyncio.open_connection("127.0.0.1", worker.port)
        writer.write(head % len(body) + body)
        await writer.drain()
        await asyncio.sleep(0)
        writer.close()
        agenda = await client.submit()
        async with asyncio.timeout(60):
            got: list[Any] = []
            while not got:
                got = (await client.pull())["agendas"]
        assert [found["id"] for found in got] == [agenda["id"]]


class TestAuthorization:
    """14.11 Authorization on a live connection."""

    async def test_401_is_decided_per_request_on_a_live_connection(self, worker: WorkerProcess) -> None:
        get = b"GET /dev/pop/customer/none HTTP/1.1\r\nHost: x\r\n%b\r\n"
        first, second, third = await raw(
            worker, get % b"Authorization: a\r\n", get % b"", get % b"Authorization: a\r\n"
        )
        assert first.startswith(b"HTTP/1.1 200")
        assert second.startswith(b"HTTP/1.1 401")
        assert second.endswith(b'{"message":"Unauthorized"}')
        assert third.startswith(b"HTTP/1.1 200")

    async def test_a_body_that_came_without_authorization_is_not_taken_for_the_next_request(
        self, worker: WorkerProcess
    ) -> None:
        good = jdk("progress/agenda/service", {"linkId": "none"})
        bad = good.replace(b"Authorization: dummy-value\r\n", b"")
        first, second, third = await raw(worker, good, bad, good)
        assert second.startswith(b"HTTP/1.1 401 ")
        assert said(first) == said(third)


class TestGone:
    """14.12 DELETE of what is gone."""

    @pytest.mark.parametrize(
        "kind",
        ["agendatemplate", "agenda", "progress/agenda", "progress/operation", "customer", "insight", "resourcepool"],
    )
    async def test_it_is_an_empty_success_and_json(self, client: Client, kind: str) -> None:
        status, answer, headers = await client.ask("DELETE", f"/pop/{kind}/none", X_pop_cid="c1")
        assert (status, answer) == (200, {"all": [], "count": 0, "error": False, "cid": "c1"})
        assert headers["Content-Type"].split(";")[0] == "application/json"

"""How POP's Java clients talk, byte by byte (spec 2.6)."""

import json

import pytest

from tests.faults.processes import WorkerProcess
from tests.wire import Client, raw

pytestmark = pytest.mark.kafka


class TestJavaClients:
    """2.6 How Java clients talk.

    What the JDK adds to a request, as bytes: 14.1. Bytes that are no UTF-8: also
    `tests/unit/handlers/wire/test_requests.py`.
    """

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

    async def test_bytes_that_are_no_utf8_and_long_characters_are_taken(self, client: Client) -> None:
        t = client.tenant
        body = b'{"id":"c-%b","customerId":"%b","title":"\xff \xf0\x9f\x8e\xac"}' % (t.encode(), t.encode())
        _, answer, _ = await client.ask("POST", "/pop/customer", raw=body)
        assert answer["all"][0]["title"] == "\ufffd \U0001f3ac"

    @pytest.mark.parametrize(
        ("sent", "identity"),
        [("account%2F313", "account/313"), ("a+b", "a b"), ("a%2Bb", "a+b"), ("%252F", "%2F"), ("%F0%9F%8E%AC", "🎬")],
    )
    async def test_an_id_in_the_path_is_decoded_once_as_urlencoder_made_it(
        self, client: Client, worker: WorkerProcess, sent: str, identity: str
    ) -> None:
        t = client.tenant
        await client.ask("POST", "/pop/customer", {"id": identity + t, "customerId": identity + t, "title": t})
        head = f"GET /dev/pop/customer/{sent}{t} HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n\r\n"
        (answer,) = await raw(worker, head.encode())
        found = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert [each["id"] for each in found["all"]] == [identity + t]

    async def test_any_or_no_content_type_is_json(self, client: Client) -> None:
        body = b'{"linkId":"none"}'
        for label in ("application/json", "text/plain; charset=ISO-8859-1", "multipart/form-data", "nonsense"):
            path = "/pop/progress/agenda/service"
            status, answer, _ = await client.ask("POST", path, raw=body, Content_Type=label)
            assert (status, answer["processingState"]) == (200, "COMPLETE"), label

    async def test_no_accept_header_is_negotiated_on(self, client: Client) -> None:
        for accept in ("text/html, image/gif, image/jpeg, */*; q=0.2", "text/html", "image/png;q=1", "nonsense", ""):
            status, _, headers = await client.ask("GET", "/pop/customer/none", Accept=accept)
            assert (status, headers["Content-Type"].split(";")[0]) == (200, "application/json"), accept

    async def test_any_authorization_is_one(self, client: Client) -> None:
        for token in ("dummy-value", "Bearer x", "x"):
            assert (await client.ask("GET", "/pop/customer/none", Authorization=token))[0] == 200

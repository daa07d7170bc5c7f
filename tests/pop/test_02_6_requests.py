"""How POP's Java clients talk, byte by byte (spec 2.6)."""

import pytest

from tests.faults.processes import WorkerProcess
from tests.wire import Client, raw

pytestmark = pytest.mark.kafka


class TestJavaClients:
    """2.6 How Java clients talk."""

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

"""What POP's Java clients were seen to do (spec 14)."""

import asyncio
from typing import Any

import pytest

from tests.faults.processes import WorkerProcess
from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestTwice:
    """14.2 A POST arrives twice."""

    async def test_the_same_key_makes_one_agenda_and_no_key_makes_two(self, client: Client) -> None:
        one = [await client.submit(headers={"Idempotency_Key": "k"}) for _ in range(2)]
        assert one[0]["id"] == one[1]["id"]
        two = [await client.submit() for _ in range(2)]
        assert two[0]["id"] != two[1]["id"]
        body = {"customerId": client.tenant, "operations": [{"name": "other", "type": "t"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body, Idempotency_Key="k")
        assert error_of(answer) == ("ValidationException", 422)


class TestGivingUp:
    """14.10 A puller that gives up."""

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

"""Queues on real workers: turns, and the brake (spec 6). What is paused or served by turns is so on every worker."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from handlers.scheduling.schedulers import scheduler_partition
from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.processes import WorkerProcess
from tests.wire import Client, error_of, pull, raw, share, shared

pytestmark = pytest.mark.kafka


class TestPause:
    """An operator's brake, not in POP."""

    async def test_what_is_paused_keeps_its_place_and_is_seen(self, client: Client) -> None:
        t = client.tenant
        agenda = await client.submit()
        body = {"insightId": f"i-{t}", "reason": "the encoder is broken"}
        status, answer, headers = await client.ask("POST", "/pop/insight/service/pause", body, X_pop_cid="c1")
        assert (status, answer) == (200, {"error": False, "cid": "c1"})
        assert headers["Agendum-Position"].startswith("catalogue/0@")
        _, shown, _ = await client.ask("GET", f"/pop/insight/i-{t}")
        paused = shown["all"][0]["paused"]
        assert (paused["by"], paused["why"], set(paused)) == (
            "agendum",
            "the encoder is broken",
            {"by", "why", "since"},
        )
        assert await client.poll() == {"agendas": [], "all": [], "error": False}
        _, answer, _ = await client.ask("POST", "/pop/insight/service/resume", {"insightId": f"i-{t}"})
        assert answer == {"error": False}
        _, shown, _ = await client.ask("GET", f"/pop/insight/i-{t}")
        assert "paused" not in shown["all"][0]
        assert [one["id"] for one in (await client.pull())["agendas"]] == [agenda["id"]]

    async def test_another_insight_of_the_queue_goes_on_and_hands_out_its_own_alone(self, client: Client) -> None:
        t = client.tenant
        other = {"id": f"j-{t}", "customerId": t, "title": "j", "resourcePoolId": f"p-{t}", "queueName": "q"}
        await client.ask("POST", "/pop/insight", {**other, "mappers": {"operationType": ["u"]}})
        await client.ask("POST", "/pop/insight/service/pause", {"insightId": f"i-{t}", "reason": "r"})
        first = await client.submit()
        second = await client.submit(operations=[{"name": "x", "type": "u"}])
        assert [one["id"] for one in await pull(client, f"j-{t}", 5)] == [second["id"]]
        third = await client.submit(operations=[{"name": "x", "type": "u"}])
        assert (await client.poll(5, f"i-{t}"))["agendas"] == []
        await client.ask("POST", "/pop/insight/service/resume", {"insightId": f"i-{t}", "reason": "mended"})
        assert [one["id"] for one in await pull(client, f"i-{t}", 5)] == [first["id"], third["id"]]

    async def test_a_puller_that_waits_gets_what_is_resumed(self, client: Client) -> None:
        t = client.tenant
        await client.ask("POST", "/pop/insight/service/pause", {"insightId": f"i-{t}", "reason": "r"})
        agenda = await client.submit()
        waiting = asyncio.create_task(client.pull())
        await client.ask("POST", "/pop/insight/service/resume", {"insightId": f"i-{t}"})
        assert [one["id"] for one in (await waiting)["agendas"]] == [agenda["id"]]

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    async def test_what_is_missing_is_said(self, client: Client, verb: str) -> None:
        path = f"/pop/insight/service/{verb}"
        _, answer, _ = await client.ask("POST", path, {"insightId": "nobody's", "reason": "r"})
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert error_of((await client.ask("POST", path))[1]) == ("ValidationException", 422)
        assert error_of((await client.ask("POST", path, {"insightId": " "}))[1]) == ("ValidationException", 422)
        _, answer, _ = await client.ask("GET", path)
        assert error_of(answer)[1] == 400

    async def test_a_pause_needs_a_reason(self, client: Client) -> None:
        _, answer, _ = await client.ask("POST", "/pop/insight/service/pause", {"insightId": f"i-{client.tenant}"})
        assert answer["errorResponse"]["description"] == "reason is required to pause an Insight."

    async def test_a_body_is_read_whatever_its_label(self, client: Client, worker: Any) -> None:
        body = b'{"insightId":"i-%b","reason":"r"}' % client.tenant.encode()
        head = b"POST /dev/pop/insight/service/pause HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n"
        label = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body)
        (answer,) = await raw(worker, head + label + body)
        assert answer.endswith(b'{"error":false}')


@pytest.fixture
async def two(kafka: Broker, prefix: str) -> AsyncIterator[Arena]:
    """Two workers that share the partitions; what is handed out late goes back into the line, and the turn is over."""
    async with arena(kafka.bootstrap, prefix, poll=3.0) as found:
        await share(found.workers)
        yield found


class TestTwoWorkers:
    """The queue's scheduler is on one of them; who says something asks the other."""

    async def test_a_pause_said_anywhere_holds_everywhere_and_turns_outlive_their_scheduler(self, two: Arena) -> None:
        here, there = (Client(worker.url, f"t{os.urandom(4).hex()}") for worker in two.workers)
        there.tenant = here.tenant
        tenants = await shared(here, 3, schedulingAlgorithm="RoundRobin")
        insight = f"shared-{here.tenant}"
        for tenant in tenants:
            for _ in range(8):
                await tenant.submit()
        for said, asked in ((here, there), (there, here)):
            await said.ask("POST", "/pop/insight/service/pause", {"insightId": insight, "reason": "r"})
            # What is answered without a mark is the catalogue to its end: from there on it holds for those who pull.
            assert [await self._is_paused(one, insight) for one in (said, asked)] == [True, True]
            assert (await asked.poll(1, insight))["agendas"] == []
            await asked.ask("POST", "/pop/insight/service/resume", {"insightId": insight})
            assert [await self._is_paused(one, insight) for one in (said, asked)] == [False, False]
        served = [(await pull(here, insight))[0]["customerId"] for _ in range(4)]
        assert len(set(served[:3])) == 3
        left = await self._end_scheduler_of(f"\x1f\x1f{insight}", two)
        there.url = left.url
        while len(served) < 8:
            served += [agenda["customerId"] for agenda in await pull(there, insight)]
        assert [served[place] == served[place + 3] for place in range(5)] == [True] * 5, served

    async def _is_paused(self, client: Client, insight: str) -> bool:
        _, answer, _ = await client.ask("GET", f"/pop/insight/{insight}")
        return "paused" in answer["all"][0]

    async def _end_scheduler_of(self, queue: str, two: Arena) -> WorkerProcess:
        """The worker that schedules a queue leaves; the other."""
        number = scheduler_partition(queue, 12)
        found: list[WorkerProcess] = []

        async def scheduled() -> bool:
            health = [(worker, await worker.health(two.session)) for worker in two.workers]
            found[:] = [worker for worker, said in health if said is not None and number in said["owned"]]
            return bool(found)

        await two.until(scheduled, f"an owner of {number}")
        [gone] = found
        [left] = [worker for worker in two.workers if worker is not gone]
        gone.stop()
        await asyncio.to_thread(gone.join)
        await two.until(lambda: two.owned(left), "the other to own everything")
        return left

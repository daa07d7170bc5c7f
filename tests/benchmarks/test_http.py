"""Submissions, reads, whole agendas and dispatches over HTTP, against bare aiohttp, in one run."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import psutil
import pytest

from compose.kafka.cluster import free_ports
from eventstore.kafka.admin import make_topics
from eventstore.topics import Topic
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess

pytestmark = pytest.mark.benchmark
HEADERS = {"Authorization": "x", "Content-Type": "application/json"}
SECONDS = 6.0


class Bench:
    """A worker, a bare server beside it, and clients."""

    def __init__(self, worker: WorkerProcess, bare: str, session: aiohttp.ClientSession) -> None:
        self.worker = worker
        self.bare = bare
        self.session = session

    async def post(self, path: str, body: Any, base: str | None = None) -> Any:
        url = (base or self.worker.url) + path
        async with self.session.post(url, data=orjson.dumps(body), headers=HEADERS) as answer:
            return orjson.loads(await answer.read())

    async def get(self, path: str, base: str | None = None) -> Any:
        async with self.session.get((base or self.worker.url) + path, headers=HEADERS) as answer:
            return orjson.loads(await answer.read())

    async def rate(self, clients: int, once: Callable[[], Awaitable[object]], seconds: float = SECONDS) -> float:
        """Calls per second by so many clients."""
        done, end = 0, time.perf_counter() + seconds

        async def client() -> None:
            nonlocal done
            while time.perf_counter() < end:
                await once()
                done += 1

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return done / (time.perf_counter() - began)

    async def alone(self, once: Callable[[], Awaitable[object]], times: int = 400) -> float:
        """Median ms of one call at a time."""
        spent = []
        for _ in range(times):
            began = time.perf_counter()
            await once()
            spent.append((time.perf_counter() - began) * 1000)
        return statistics.median(spent)

    async def set_up(self) -> None:
        await self.post("/pop/resourcepool", {"id": "p", "customerId": "c", "title": "p"})
        await self.post("/pop/customer", {"id": "c", "customerId": "c", "title": "c", "resourcePoolId": "p"})
        insight = {"id": "i", "customerId": "c", "title": "i", "resourcePoolId": "p", "queueName": "q"}
        await self.post("/pop/insight", {**insight, "mappers": {"operationType": ["t"]}})

    def agenda(self, **params: Any) -> dict[str, Any]:
        operations = [{"name": name, "type": "t", "payload": {"in": "s3://bucket/object.mov"}} for name in "abc"]
        return {"customerId": "c", "linkId": "l", "operations": operations, "params": params}

    async def submit(self) -> Any:
        return await self.post("/pop/agenda", self.agenda())

    async def submit_only(self) -> Any:
        return await self.post("/pop/agenda", self.agenda(doNotRun=True))

    async def pull(self, count: int) -> list[Any]:
        body = {"insightId": "i", "count": count}
        found: list[Any] = (await self.post("/pop/resourcepool/service/getAgenda", body))["agendas"]
        return found


@pytest.mark.parametrize("what", ["http"])
async def test_http(kafka: Broker, prefix: str, tmp_path: Path, what: str) -> None:
    (port,) = free_ports(1)
    await make_topics(kafka.bootstrap, [Topic(f"{prefix}-bare", 1, {"max.message.bytes": "8388608"})], 1)
    bare = subprocess.Popen(  # noqa: ASYNC220  # before anything is measured
        [sys.executable, "-m", "tests.benchmarks.bare", kafka.bootstrap, f"{prefix}-bare", str(port)],
        stdout=subprocess.PIPE,
    )
    worker = WorkerProcess("bench", kafka.bootstrap, prefix, tmp_path, session=10, patience_ms=600_000, poll=2)
    worker.start()
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            bench = Bench(worker, f"http://127.0.0.1:{port}", session)
            while not ((await worker.health(session)) or {}).get("ready"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            await bench.set_up()
            await measure(bench, worker)
    finally:
        worker.stop()
        worker.join()
        bare.kill()
        bare.wait()
        assert bare.stdout is not None
        bare.stdout.close()
    assert what


async def measure(bench: Bench, worker: WorkerProcess) -> None:
    process = next(each for each in psutil.process_iter(["cmdline"]) if each.pid == worker.pid)
    send = lambda: bench.post("/send", bench.agenda(), bench.bare)  # noqa: E731
    constant = lambda: bench.get("/constant", bench.bare)  # noqa: E731
    ours, theirs = await bench.rate(32, bench.submit_only), await bench.rate(32, send)
    print(f"\nsubmissions/s {ours:,.0f}; bare {theirs:,.0f}: {ours / theirs:.2f}x (at least 0.25, goal 0.5)")
    alone, bare_alone = await bench.alone(bench.submit_only), await bench.alone(send)
    print(f"alone p50 {alone:.2f} ms; bare {bare_alone:.2f} ms: {alone / bare_alone:.1f}x (at most 5, goal 3)")
    identity = (await bench.submit_only())["all"][0]["progressId"]
    read = lambda: bench.get(f"/pop/progress/agenda/{identity}")  # noqa: E731
    ours, theirs = await bench.rate(32, read), await bench.rate(32, constant)
    print(f"GETs/s {ours:,.0f}; bare {theirs:,.0f}: {ours / theirs:.2f}x (at least 0.7)")
    cpu = process.cpu_times()
    done = await whole_agendas(bench, 8.0)
    spent = process.cpu_times()
    used = spent.user + spent.system - cpu.user - cpu.system
    print(f"3-operation agendas/s {done / 8.0:,.0f} (400), CPU {used / done * 1000:.2f} ms each")
    for ready in (100, 100_000):
        await fill(bench, ready)
        print(f"RSS with {ready:,} ready: {process.memory_info().rss >> 20} MB")
        for pullers in (1, 8, 64):
            rate = await bench.rate(pullers, lambda: bench.pull(1), 2.0 if ready > 100 else 0.1)
            print(f"dispatches/s of one queue, {ready:,} ready, {pullers} pullers: {rate:,.0f}")
            await fill(bench, 0 if ready > 100 else 100)


async def whole_agendas(bench: Bench, seconds: float) -> int:
    """Submit, pull, three reports: how many come to their end."""
    end, started, done = time.perf_counter() + seconds, 1000, 0

    async def submitter() -> None:
        while time.perf_counter() < end:
            await bench.submit()

    async def executor() -> None:
        nonlocal started, done
        while time.perf_counter() < end:
            for agenda in await bench.pull(2):
                started += 1
                mine = started
                for number, name in enumerate("abc"):
                    entry = {"operation": name, "processingState": "COMPLETE", "resultPayload": "{}"}
                    state = "COMPLETE" if name == "c" else "EXECUTING"
                    progress = {"id": agenda["progressId"], "startedTime": mine, "processingState": state}
                    progress |= {"percentComplete": 33.0 * number, "operationProgress": [entry]}
                    path = "/pop/resourcepool/service/updateAgendaProgress"
                    await bench.post(path, {"agendaProgress": progress})
                done += 1

    await asyncio.gather(*(submitter() for _ in range(6)), *(executor() for _ in range(24)))
    return done


async def fill(bench: Bench, count: int) -> None:
    """Submit so many agendas that wait."""
    left = count

    async def client() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await bench.submit()

    await asyncio.gather(*(client() for _ in range(32)))

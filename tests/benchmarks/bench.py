"""A worker, a bare server beside it, and what clients do to them."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from tests.benchmarks.client import Busy, Client
from tests.faults.processes import WorkerProcess

#: Queues of one pool; each takes what is of its operation type.
QUEUES = ("few", "many")


class Bench:
    """A worker, a bare server beside it, and clients."""

    def __init__(self, worker: WorkerProcess, bare: str) -> None:
        self.worker = worker
        self.bare = bare
        #: answers that said to ask again
        self.refused = 0
        self.clients = {url: Client(url) for url in (worker.url, bare)}

    async def ask(self, method: str, path: str, body: Any = None, base: str | None = None) -> Any:
        sent = b"" if body is None else orjson.dumps(body)
        client = self.clients[base or self.worker.url]
        while True:
            try:
                return orjson.loads(await client.ask(method, path, sent))
            except Busy:
                self.refused += 1
                await asyncio.sleep(0.1)

    async def post(self, path: str, body: Any, base: str | None = None) -> Any:
        return await self.ask("POST", path, body, base)

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
        for queue in QUEUES:
            insight = {"id": queue, "customerId": "c", "title": queue, "resourcePoolId": "p", "queueName": queue}
            await self.post("/pop/insight", {**insight, "mappers": {"operationType": [queue]}})

    def agenda(self, queue: str = QUEUES[0], **params: Any) -> dict[str, Any]:
        operations = [{"name": name, "type": queue, "payload": {"in": "s3://bucket/object.mov"}} for name in "abc"]
        return {"customerId": "c", "linkId": "l", "operations": operations, "params": params}

    async def submit(self, queue: str = QUEUES[0]) -> Any:
        return await self.post("/pop/agenda", self.agenda(queue))

    async def submit_only(self) -> Any:
        return await self.post("/pop/agenda", self.agenda(doNotRun=True))

    async def pull(self, count: int, queue: str = QUEUES[0]) -> list[Any]:
        body = {"insightId": queue, "count": count}
        found: list[Any] = (await self.post("/pop/resourcepool/service/getAgenda", body))["agendas"]
        return found

    def close(self) -> None:
        for client in self.clients.values():
            client.close()


async def report(bench: Bench, identity: str, started: int) -> None:
    for number, name in enumerate("abc"):
        entry = {"operation": name, "processingState": "COMPLETE", "resultPayload": "{}"}
        state = "COMPLETE" if name == "c" else "EXECUTING"
        progress = {"id": identity, "startedTime": started, "processingState": state}
        progress |= {"percentComplete": 33.0 * number, "operationProgress": [entry]}
        await bench.post("/pop/resourcepool/service/updateAgendaProgress", {"agendaProgress": progress})


async def fill(bench: Bench, count: int, queue: str = QUEUES[0]) -> None:
    """Submit so many agendas that wait in a queue."""
    left = count

    async def client() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await bench.submit(queue)

    await asyncio.gather(*(client() for _ in range(32)))

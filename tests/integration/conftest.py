"""One worker for all tests of the wire, each under customers of its own."""

import asyncio
import io
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from _pytest.nodeid import coerce_node_id

from tests.conftest import Broker
from tests.faults.processes import WorkerProcess


class Client:
    """POP's API, as a plain client of it; `tenant` keeps tests apart."""

    def __init__(self, url: str, tenant: str) -> None:
        self.url = url
        self.tenant = tenant

    async def ask(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Any]:
        """Status, JSON (or text) and headers of one answer."""
        given = {"Authorization": "dummy-value", **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method,
                f"{self.url}{path}",
                json=body if raw is None else None,
                data=None if raw is None else io.BytesIO(raw),
                headers=given,
            ) as answer,
        ):
            text = await answer.text()
            found = await answer.json(content_type=None) if text else None
            return answer.status, found, answer.headers

    async def tenant_set_up(self) -> None:
        """A customer with a pool and one Insight for operations of type t."""
        t = self.tenant
        await self.ask("POST", "/pop/resourcepool", {"id": f"p-{t}", "customerId": t, "title": "p"})
        await self.ask("POST", "/pop/customer", {"id": t, "customerId": t, "title": t, "resourcePoolId": f"p-{t}"})
        insight = {"id": f"i-{t}", "customerId": t, "title": "i", "resourcePoolId": f"p-{t}", "queueName": "q"}
        await self.ask("POST", "/pop/insight", {**insight, "mappers": {"operationType": ["t"]}})

    async def submit(self, *names: str, **more: Any) -> dict[str, Any]:
        """Submit an agenda of some operations; the accepted agenda."""
        headers = more.pop("headers", {})
        operations = more.pop("operations", [{"name": name, "type": "t"} for name in names or ("x",)])
        body = {"customerId": self.tenant, "operations": operations, **more}
        _, answer, _ = await self.ask("POST", "/pop/agenda", body, **headers)
        assert not answer["error"], answer
        found: dict[str, Any] = answer["all"][0]
        return found

    async def pull(self, count: int = 1) -> Any:
        """What getAgenda answers."""
        body = {"insightId": f"i-{self.tenant}", "count": count}
        return (await self.ask("POST", "/pop/resourcepool/service/getAgenda", body))[1]

    async def report(self, progress: str, started: int | None = 1000, **more: Any) -> Any:
        """What updateAgendaProgress answers."""
        body = {"agendaProgress": {"id": progress, "startedTime": started, **more}}
        return (await self.ask("POST", "/pop/resourcepool/service/updateAgendaProgress", body))[1]

    async def progress(self, identity: str) -> dict[str, Any]:
        """One progress."""
        _, answer, _ = await self.ask("GET", f"/pop/progress/agenda/{identity}")
        found: dict[str, Any] = answer["all"][0]
        return found


@pytest.fixture(scope="session")
def worker(kafka: Broker) -> Iterator[WorkerProcess]:
    """One real worker process."""
    with running(kafka, poll=1.0) as found:
        yield found


@contextmanager
def running(kafka: Broker, **settings: object) -> Iterator[WorkerProcess]:
    """A real worker process that is ready, with topics of its own."""
    with tempfile.TemporaryDirectory(prefix="agendum-wire-") as folder:
        found = WorkerProcess("W", kafka.bootstrap, f"wire{os.urandom(4).hex()}", Path(folder), **settings)
        found.start()
        ready = threading.Thread(target=lambda: asyncio.run(_ready(found)))
        ready.start()
        ready.join()
        try:
            yield found
        finally:
            found.stop()
            found.join()


async def _ready(worker: WorkerProcess) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            health = await worker.health(session)
            if health is not None and health["ready"]:
                return
            await asyncio.sleep(0.1)


@pytest.fixture
async def client(worker: WorkerProcess) -> Client:
    """A client under a tenant of its own."""
    found = Client(worker.url, f"t{os.urandom(4).hex()}")
    await found.tenant_set_up()
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Number tests of one name: schemathesis gives one to all operations, and pytest-xdist runs one test of a name."""
    seen: Counter[str] = Counter()
    for item in items:
        seen[item.nodeid] += 1
        if seen[item.nodeid] > 1:
            item._id = coerce_node_id(f"{item.nodeid}[{seen[item.nodeid]}]")

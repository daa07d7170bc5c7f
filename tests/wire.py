"""POP's API as a plain client of it, and as bytes: for all tests of the wire."""

import asyncio
import io
from typing import Any

import aiohttp

from tests.faults.processes import WorkerProcess

#: Kafka did not tell within 200 ms how far the catalogue goes, as on a machine under load: nothing was decided.
NOT_BEGUN = "expected Kafka to tell the end of the catalogue"
TRIES = 20


class Client:
    """POP's API, as a plain client of it; `tenant` keeps tests apart."""

    def __init__(self, url: str, tenant: str) -> None:
        self.url = url
        self.tenant = tenant

    async def ask(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Any]:
        """Status, JSON (or text) and headers of one answer; asked again where nothing was begun for want of time."""
        for _ in range(TRIES):
            status, found, given = await self._asked(method, path, body, raw, headers)
            if status >= 500:
                print(f"{method} {path}: {status} {found}")  # pytest shows it where a test fails
            if status != 503 or NOT_BEGUN not in found["errorResponse"]["description"]:
                break
            await asyncio.sleep(float(given["Retry-After"]))
        return status, found, given

    async def _asked(
        self, method: str, path: str, body: Any, raw: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any, Any]:
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
        await self.made("resourcepool", {"id": f"p-{t}", "customerId": t, "title": "p"})
        await self.made("customer", {"id": t, "customerId": t, "title": t, "resourcePoolId": f"p-{t}"})
        insight = {"id": f"i-{t}", "customerId": t, "title": "i", "resourcePoolId": f"p-{t}", "queueName": "q"}
        await self.made("insight", {**insight, "mappers": {"operationType": ["t"]}})

    async def made(self, kind: str, body: dict[str, Any]) -> None:
        """Post an object of a fixed id, again as long as the service cannot say whether it has it (503)."""
        async with asyncio.timeout(60):
            while (found := await self.ask("POST", f"/pop/{kind}", body))[0] == 503:  # noqa: ASYNC110  # of another process
                await asyncio.sleep(float(found[2]["Retry-After"]))
        assert not found[1]["error"], found

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


def error_of(answer: Any) -> tuple[str, int]:
    """Title and code of an error that was answered."""
    assert answer["error"]
    return answer["errorResponse"]["title"], answer["errorResponse"]["responseCode"]


async def raw(worker: WorkerProcess, *requests: bytes) -> list[bytes]:
    """Send raw requests over one connection, and read as many answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    answers = []
    for request in requests:
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        answers.append(head + await reader.readexactly(length))
    writer.close()
    return answers


async def shared(client: Client, customers: int, **more: Any) -> list[Client]:
    """Customers whose agendas are bound to one Insight of the first; the client's own is left as it is."""
    t = client.tenant
    tenants = [Client(client.url, f"{t}c{number}") for number in range(customers)]
    await client.ask("POST", "/pop/resourcepool", {"id": f"shared-{t}", "customerId": t, "title": "p"})
    insight = {"id": f"shared-{t}", "customerId": t, "title": "i", "resourcePoolId": f"shared-{t}", "isGlobal": True}
    await client.ask("POST", "/pop/insight", {**insight, "mappers": {"operationType": ["t"]}, **more})
    for tenant in tenants:
        customer = {"id": tenant.tenant, "customerId": tenant.tenant, "title": "t", "resourcePoolId": f"shared-{t}"}
        await client.ask("POST", "/pop/customer", customer)
    return tenants


async def pull(client: Client, insight: str, count: int = 1) -> list[dict[str, Any]]:
    """What getAgenda hands out for an Insight."""
    _, answer, _ = await client.ask(
        "POST", "/pop/resourcepool/service/getAgenda", {"insightId": insight, "count": count}
    )
    found: list[dict[str, Any]] = answer["agendas"]
    return found


async def ready(worker: WorkerProcess) -> None:
    """Wait until a worker serves."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            health = await worker.health(session)
            if health is not None and health["ready"]:
                return
            await asyncio.sleep(0.1)

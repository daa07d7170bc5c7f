"""POP's API as a plain client of it, and as bytes: for all tests of the wire."""

import asyncio
import io
from collections.abc import Sequence
from typing import Any

import aiohttp

from tests.faults.processes import WorkerProcess

#: What is said of something that was not begun, as happens on a machine under load: Kafka did not tell within 200 ms
#: how far the catalogue goes, or a list was not whole within 5 s.
NOT_BEGUN = ("expected Kafka to tell the end of the catalogue", "expected all owners to answer within")
#: On an answer to a GET: Kafka did not tell it in time, or the lease is old; what another worker wrote may be missing.
STALE = "Agendum-Stale"
TRIES = 60
#: How long something is waited for that comes at once where there is nothing else to do.
SECONDS = 120.0


def not_begun(status: int, text: str) -> bool:
    """Whether an answer says that nothing was begun: what was asked can be asked again."""
    return status == 503 and any(why in text for why in NOT_BEGUN)


class Client:
    """POP's API, as a plain client of it; `tenant` keeps tests apart."""

    def __init__(self, url: str, tenant: str) -> None:
        self.url = url
        self.tenant = tenant

    async def ask(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Any]:
        """Status, JSON (or text) and headers of one answer; asked again where nothing was begun for want of time, and
        where an answer to a GET is not proved to be of now.
        """
        for _ in range(TRIES):
            status, found, given = await self._asked(method, path, body, raw, headers)
            if status >= 500:
                print(f"{method} {path}: {status} {found}")  # pytest shows it where a test fails
            if not not_begun(status, str(found)) and not (method == "GET" and STALE in given):
                break
            await asyncio.sleep(float(given.get("Retry-After", 0.2)))
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
        async with asyncio.timeout(SECONDS):
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

    async def poll(self, count: int = 1, insight: str | None = None) -> Any:
        """What getAgenda answers, asked once."""
        body = {"insightId": insight or f"i-{self.tenant}", "count": count}
        return (await self.ask("POST", "/pop/resourcepool/service/getAgenda", body))[1]

    async def pull(self, count: int = 1, insight: str | None = None) -> Any:
        """The same, as soon as there is something: what comes later than a puller waits goes back into the line."""
        async with asyncio.timeout(SECONDS):
            while not (found := await self.poll(count, insight))["error"] and not found["agendas"]:
                pass
        return found

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
    """Send raw requests over one connection, and read as many answers; what was not begun is sent again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    answers = []
    for request in requests:
        for _ in range(TRIES):
            writer.write(request)
            status, answer = await _answer(reader)
            if not not_begun(status, answer.decode(errors="replace")):
                break
            await asyncio.sleep(1)
        answers.append(answer)
    writer.close()
    return answers


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """One answer's status, and all of its bytes."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return int(head.split(b" ", 2)[1]), head + await reader.readexactly(length)


async def shared(client: Client, customers: int, **more: Any) -> list[Client]:
    """Customers whose agendas are bound to one Insight of the first; the client's own is left as it is."""
    t = client.tenant
    tenants = [Client(client.url, f"{t}c{number}") for number in range(customers)]
    await client.made("resourcepool", {"id": f"shared-{t}", "customerId": t, "title": "p"})
    insight = {"id": f"shared-{t}", "customerId": t, "title": "i", "resourcePoolId": f"shared-{t}", "isGlobal": True}
    await client.made("insight", {**insight, "mappers": {"operationType": ["t"]}, **more})
    for tenant in tenants:
        customer = {"id": tenant.tenant, "customerId": tenant.tenant, "title": "t", "resourcePoolId": f"shared-{t}"}
        await client.made("customer", customer)
    return tenants


async def pull(client: Client, insight: str, count: int = 1) -> list[dict[str, Any]]:
    """What getAgenda hands out for an Insight, as soon as there is something."""
    found: list[dict[str, Any]] = (await client.pull(count, insight))["agendas"]
    return found


async def share(workers: Sequence[WorkerProcess], partitions: int = 12) -> None:
    """Wait until these workers own something each, all partitions between them, and no partition moves."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(SECONDS):
        while True:
            found = [await worker.health(session) for worker in workers]
            owned = [set(health["owned"]) for health in found if health is not None and health["ready"]]
            if len(owned) == len(workers) and all(owned) and set().union(*owned) == set(range(partitions)):
                return
            await asyncio.sleep(0.1)


async def ready(worker: WorkerProcess) -> None:
    """Wait until a worker serves."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(SECONDS):
        while True:
            health = await worker.health(session)
            if health is not None and health["ready"]:
                return
            await asyncio.sleep(0.1)

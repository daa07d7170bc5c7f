"""What is asked while partitions move from one worker to the other (design 4.5), and what both say of one thing."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psutil
import pytest

from eventstore.ids import partition_of
from eventstore.model import Insight
from handlers.scheduling.schedulers import scheduler_partition
from projections.catalogue.catalogue import queue_of
from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.processes import WorkerProcess
from tests.wire import SECONDS, STALE, Client, share

pytestmark = pytest.mark.kafka
HEADERS = {"Authorization": "x"}
P = 12
#: As long as a slow machine may take to give the partitions to the other worker.
PATIENT = {"hold": 100.0, "poll": 100.0}
REPORT = "/pop/resourcepool/service/updateAgendaProgress"

Answer = tuple[int, Any, Any]


@pytest.fixture
async def two(kafka: Broker, prefix: str) -> AsyncIterator[Arena]:
    """Two workers that own some partitions each, and hold requests for longer than any move takes."""
    async with arena(kafka.bootstrap, prefix, **PATIENT) as found:
        await share(found.workers)
        yield found


async def ask(where: Arena, worker: WorkerProcess, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """One answer, asked for once."""
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with where.session.request(method, worker.url + path, json=body, headers=given) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


async def owned(where: Arena, worker: WorkerProcess) -> set[int]:
    async with asyncio.timeout(SECONDS):
        while (health := await worker.health(where.session)) is None:
            pass  # it did not answer within a second
    return set(health["owned"])


async def kill(_: Arena, gone: WorkerProcess) -> None:
    gone.kill()


async def ask_to_leave(where: Arena, gone: WorkerProcess) -> None:
    """SIGTERM; pullers that wait there are answered with nothing, long before their wait is over, whoever schedules."""
    numbers = await owned(where, gone)
    pullers = [await idle(gone, numbers), await idle(gone, {*range(P)} - numbers)]
    before = connections(gone)
    waiting = [asyncio.create_task(each.poll()) for each in pullers]
    # That they wait cannot be seen from outside; that they were let in can, and whoever was is answered alike.
    await where.until(lambda: let_in(gone, before, len(pullers)), "the pullers to be let in")
    gone.stop()
    for answer in await asyncio.gather(*waiting):
        assert answer == {"error": False, "agendas": [], "all": []}
    await asyncio.to_thread(gone.join)
    assert gone.exit == 0


async def idle(worker: WorkerProcess, numbers: set[int]) -> Client:
    """A client with a queue of its own, empty, that the owner of one of these partitions schedules."""
    names = (f"t{os.urandom(4).hex()}" for _ in range(1000))
    tenant = next(name for name in names if scheduler_partition(queue_of(insight(name)), P) in numbers)
    client = Client(worker.url, tenant)
    await client.tenant_set_up()
    return client


def insight(tenant: str) -> Insight:
    """As a client sets it up."""
    return Insight(id=f"i-{tenant}", customer_id=tenant, queue_name="q")


def connections(worker: WorkerProcess) -> set[int]:
    """The connections to its public listener that a worker has accepted, by the ports of those at their other ends."""
    found = psutil.Process(worker.pid).net_connections("tcp4")
    established = (one for one in found if one.status == psutil.CONN_ESTABLISHED)
    return {one.raddr.port for one in established if one.laddr.port == worker.port}


async def let_in(worker: WorkerProcess, before: set[int], count: int) -> bool:
    return len(connections(worker) - before) >= count


@pytest.mark.parametrize("leave", [kill, ask_to_leave])
async def test_what_is_asked_meanwhile_is_held_and_answered(
    two: Arena, leave: Callable[[Arena, WorkerProcess], Awaitable[None]]
) -> None:
    gone, left = two.workers
    client = Client(left.url, f"t{os.urandom(4).hex()}")
    await client.tenant_set_up()
    everywhere = await runs_everywhere(client)
    mine = await owned(two, gone)
    runs = [run for run in everywhere if partition_of(run, P) in mine]

    going = asyncio.ensure_future(leave(two, gone))
    if leave is kill:
        await going
    mine_alone = f"/pop/progress/agenda?bycustomerId={client.tenant}&bylimit=1000"
    listing = asyncio.create_task(ask(two, left, "GET", mine_alone))
    answers = await asyncio.gather(
        *(client.ask("GET", f"/pop/progress/agenda/{run}") for run in runs),
        *(client.ask("GET", f"/pop/progress/operation/{run}-a") for run in runs),
        *(client.ask("POST", REPORT, {"agendaProgress": {"id": run, "startedTime": 1}}) for run in runs),
        *(
            client.ask("POST", "/pop/agenda", agenda(client), Idempotency_Key=f"meanwhile {n}")
            for n in range(len(runs))
        ),
    )
    await going

    for status, body, _ in answers:
        assert (status, body["error"]) == (200, False), body
    assert all(body["count"] == 1 for _, body, _ in answers[: 2 * len(runs)])
    status, body, headers = await listing
    # A list is whole, or there is none: what is away for more than 5 s is not waited for.
    assert (
        body.get("count", 0) >= len(everywhere) if status == 200 else (status, "Retry-After" in headers) == (503, True)
    )
    await two.until(lambda: two.owned(left), "the other to own everything")
    _, body, _ = await client.ask("GET", f"/pop/progress/agenda?bycustomerId={client.tenant}&bycount=true")
    assert body["count"] == len(everywhere) + len(runs), "each submission once"


async def runs_everywhere(client: Client) -> list[str]:
    """Runs in every partition, so that each worker has some whatever it owns."""
    found: list[str] = []
    while {partition_of(run, P) for run in found} != {*range(P)}:
        found.append((await client.submit("a", headers={"Idempotency_Key": f"k{len(found)}"}))["progressId"])
    return found


def agenda(client: Client, name: str = "a") -> dict[str, Any]:
    return {"customerId": client.tenant, "operations": [{"name": name, "type": "t"}]}


async def test_a_key_finds_its_agenda_on_every_worker_and_after_a_restart_on_empty_disks(two: Arena) -> None:
    one, other = two.workers
    client = Client(one.url, f"t{os.urandom(4).hex()}")
    await client.tenant_set_up()
    keys = [f"k{n}" for n in range(8)]

    async def found(worker: WorkerProcess) -> list[str]:
        """The agendas of the keys, as a worker answers a repeated submission; another body is refused by it."""
        client.url = worker.url
        _, wrong, _ = await client.ask("POST", "/pop/agenda", agenda(client, "other"), Idempotency_Key=keys[0])
        assert (wrong["errorResponse"]["responseCode"], "Idempotency-Key" in str(wrong)) == (422, True)
        return [(await client.submit("a", headers={"Idempotency_Key": key}))["id"] for key in keys]

    made = [(await client.submit("a", headers={"Idempotency_Key": key}))["id"] for key in keys]
    assert len({*made}) == len(keys)
    assert await found(other) == made
    for worker in two.workers:
        worker.kill()
    for worker in two.workers:
        worker.wipe()
        worker.start()
    await share(two.workers)

    assert [await found(worker) for worker in two.workers] == [made, made]
    _, answer, _ = await client.ask("GET", f"/pop/agenda?bycustomerId={client.tenant}&bycount=true")
    assert answer["count"] == len(keys)


async def test_a_key_of_the_catalogue_counts_once_on_every_worker_and_after_a_restart_with_and_without_disks(
    two: Arena,
) -> None:
    """What came with it is not done again over what others did since; another body where the two meet is refused."""
    one, other = two.workers
    client = Client(one.url, f"t{os.urandom(4).hex()}")
    path, body = f"/pop/customer/{client.tenant}", {"customerId": client.tenant, "title": "first"}

    async def again(worker: WorkerProcess) -> None:
        client.url = worker.url
        before = await client.ask("GET", path)
        _, repeated, _ = await client.ask("POST", path, body, Idempotency_Key="k")
        assert [found["title"] for found in repeated["all"]] == ["second"], "as it is now"
        _, wrong, _ = await client.ask("POST", path, {**body, "title": "third"}, Idempotency_Key="k")
        assert (wrong["errorResponse"]["responseCode"], "Idempotency-Key" in str(wrong)) == (422, True)
        assert (await client.ask("GET", path))[:2] == before[:2]

    _, made, _ = await client.ask("POST", path, body, Idempotency_Key="k")
    assert made["all"][0]["title"] == "first"
    await client.ask("PUT", path, {"title": "second"})
    for worker in (one, other):
        await again(worker)
    for disks in ("kept", "empty"):
        one.stop()  # it leaves a snapshot of the catalogue
        await asyncio.to_thread(one.join)
        if disks == "empty":
            one.wipe()
        one.start()
        await share(two.workers)
        await again(one)


async def test_what_one_worker_was_told_of_the_catalogue_the_other_answers_at_once(two: Arena) -> None:
    tenant = f"t{os.urandom(4).hex()}"
    kinds = {"customer": {"customerId": tenant}, "resourcepool": {"customerId": tenant}, "insight": {}}
    for turn in range(12):
        told, asked = two.workers[:: 1 if turn % 2 else -1]
        client = Client(told.url, tenant)
        for kind, more in kinds.items():
            path = f"/pop/{kind}/{kind}-{tenant}"
            title = f"title {turn}"
            said = {"id": f"{kind}-{tenant}", "customerId": tenant, "title": title, **more}
            if kind == "insight":
                said["resourcePoolId"] = f"resourcepool-{tenant}"
            await client.made(kind, said)
            assert (await unmarked(two, asked, path))["title"] == title
            _, put, _ = await client.ask("PUT", path, {"title": f"{title}, put"})
            assert put["all"][0]["title"] == f"{title}, put"
            assert (await unmarked(two, asked, path))["title"] == f"{title}, put"


async def unmarked(where: Arena, worker: WorkerProcess, path: str) -> Any:
    """The first answer without a mark: a worker that Kafka tells too late how far the catalogue goes says so."""
    async with asyncio.timeout(SECONDS):
        while True:
            status, body, headers = await ask(where, worker, "GET", path)
            assert status == 200, body
            if STALE not in headers:
                return body["all"][0]

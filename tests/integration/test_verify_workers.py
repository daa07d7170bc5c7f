"""`agendum verify` with two workers: owners spread over both, standbys of both, and one that goes away meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from eventstore.ids import partition_of
from eventstore.topics import Topics
from handlers.cli.environment import settings_of
from handlers.cli.replaying import subject
from handlers.cli.screen import Screen
from handlers.cli.verifying import Verifier
from handlers.client.client import connect
from handlers.client.objects import Agenda
from handlers.clock import draw
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.commands import Ended, agendum
from tests.integration.installation import sample, submit, tenant
from tests.integration.test_verify import wreck

pytestmark = pytest.mark.kafka
P = 4


class Pair:
    """Workers A and B on few partitions, asked over one session."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, session: aiohttp.ClientSession) -> None:
        self.topics = Topics(prefix, P)
        self.workers = [WorkerProcess(name, bootstrap, prefix, folder, partitions=P) for name in "AB"]
        self.settings = settings_of(Screen(), {"kafka": bootstrap, "prefix": prefix, "partitions": P})
        self.session = session
        #: set when one more is
        self.written = asyncio.Event()

    async def share(self) -> dict[int, WorkerProcess]:
        """Start both, wait until each owns some partitions; the owner of each."""
        for worker in self.workers:
            if not worker.alive:
                worker.start()
        async with asyncio.timeout(120):
            while not (owners := await self._owners()):  # noqa: ASYNC110  # of other processes: there is no event
                await asyncio.sleep(0.1)
        return owners

    async def warm(self) -> dict[int, WorkerProcess]:
        """The same, and each keeps the others warm.

        For two looks at Kafka more, which a worker takes once a second: what it says may be of the last one.
        """
        async with asyncio.timeout(120):
            owners, looks = await self.share(), 0
            while looks < 25:
                looks, owners = (looks + 1, owners) if await self._owners() == owners else (0, await self.share())
                await asyncio.sleep(0.1)
        return owners

    async def _owners(self) -> dict[int, WorkerProcess]:
        found: dict[int, WorkerProcess] = {}
        for worker in self.workers:
            health = await worker.health(self.session)
            if not (health and health["ready"] and health["owned"]) or health["unwritten"] or health["standby_lag"]:
                return {}
            found |= dict.fromkeys(health["owned"], worker)
        return found if len(found) == P else {}

    async def stop(self) -> None:
        for worker in self.workers:
            worker.stop()
        for worker in self.workers:
            await asyncio.to_thread(worker.join)

    async def fill(self) -> dict[int, Agenda]:
        """An agenda, waiting, in every partition."""
        found: dict[int, Agenda] = {}
        async with connect(self.workers[0].url, draw=draw, patience=60) as client:
            await tenant(client, "acme")
            while len(found) < P:
                agenda = await submit(client, "acme", *map(sample, "xyz"))
                found[partition_of(agenda.progress_id or "", P)] = agenda
        return found

    async def write(self) -> None:
        """Submit agendas, one after the other, until cancelled."""
        async with connect(self.workers[0].url, draw=draw, patience=60) as client:
            while True:
                await submit(client, "acme", sample("x"))
                self.written.set()

    async def verify(self, *arguments: str) -> Ended:
        place = ("--url", self.workers[0].url, "--kafka", self.settings.kafka, "--prefix", self.settings.prefix)
        return await agendum("verify", *place, *arguments, AGENDUM_PARTITIONS=str(P))


@pytest.fixture
async def pair(kafka: Broker, prefix: str, tmp_path: Path) -> AsyncIterator[Pair]:
    async with aiohttp.ClientSession() as session:
        found = Pair(kafka.bootstrap, prefix, tmp_path, session)
        try:
            yield found
        finally:
            for worker in found.workers:
                worker.wake()
                worker.kill()


def where(owners: dict[int, WorkerProcess], workers: list[WorkerProcess]) -> set[tuple[int, bool, str]]:
    """What verify must have looked at: partition, whether as a standby, whose internal address."""
    return {
        (number, worker is not owner, f"http://127.0.0.1:{worker.internal}")
        for number, owner in owners.items()
        for worker in workers
    }


def seen(results: list[dict[str, Any]]) -> set[tuple[int, bool, str]]:
    return {(each["partition"], each["standby"], each["worker"]) for each in results}


async def test_owners_and_standbys_of_both_are_compared_while_they_work(pair: Pair) -> None:
    await pair.warm()
    await pair.fill()
    owners = await pair.warm()  # a standby has nothing of a partition before its first flight of rows

    writing = asyncio.create_task(pair.write())
    ended = [await pair.verify("-o", "json")]
    pair.written.clear()
    await asyncio.wait([writing, asyncio.ensure_future(pair.written.wait())], return_when=asyncio.FIRST_COMPLETED)
    ended.append(await pair.verify("-o", "json"))
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    for each in ended:
        assert each.code == 0, each.err + each.out
        results = json.loads(each.out)
        assert len({owner.name for owner in owners.values()}) == 2
        assert seen(results) == where(owners, pair.workers)
        assert all(result["rows"] > 0 and result["digest"] == result["expectedDigest"] for result in results)
    first, second = (sum(result["position"] for result in json.loads(each.out)) for each in ended)
    assert first < second, "it was written to meanwhile"


async def test_rows_changed_in_the_copies_of_one_worker_are_named_as_what_they_are(pair: Pair) -> None:
    await pair.share()
    agendas = await pair.fill()
    await pair.warm()
    await pair.stop()
    culprit = pair.workers[1]
    for number, agenda in agendas.items():
        wreck(culprit.data, agenda.progress_id or "", agenda.id or "", number, mend=True)
    owners = await pair.warm()

    found, table = await asyncio.gather(pair.verify("-o", "json"), pair.verify())

    assert found.code == table.code == 1, found.err
    results = json.loads(found.out)
    assert seen(results) == where(owners, pair.workers)
    wrong = {each for each in where(owners, pair.workers) if each[2].endswith(f":{culprit.internal}")}
    assert seen([each for each in results if not each["equal"]]) == wrong
    assert {standby for _, standby, _ in wrong} == {True, False}, "it owns some of them, and stands by for the others"
    cells = [line.split() for line in table.out.splitlines()]
    for result in (each for each in results if not each["equal"]):
        assert {each["row"]["what"] for each in result["wrong"]} == {"different", "missing", "surplus"}
        role, run = "standby" if result["standby"] else "owner", agendas[result["partition"]].progress_id
        place = [str(result["partition"]), role, "operation", run, "x", "percentComplete"]
        assert any(line[:6] == place and line[-2:] == ["99.0", "0.0"] for line in cells)


async def test_partitions_of_a_worker_that_is_killed_meanwhile_are_verified_at_the_other(pair: Pair) -> None:
    owners = await pair.share()
    await pair.fill()
    victim = owners[P - 1] if owners[P - 1] is not pair.workers[0] else pair.workers[1]
    first = next(number for number, owner in owners.items() if owner is victim)
    others = [number for number in owners if number != first]

    async with subject(pair.settings, "agendas") as (found, log):
        verifier = Verifier(
            log=log,
            subject=found,
            session=pair.session,
            url=pair.workers[0].url,
            secret=pair.settings.secret,
            patience=120,
        )
        results = [await verifier.verify(first)]
        victim.kill()
        results += [await verifier.verify(number) for number in others]
        results += [standby for number in owners for standby in await verifier.standbys(number)]

    assert all(each.equal for each in results)
    survivor = f"http://127.0.0.1:{pair.workers[0].internal}"
    assert {each.worker for each in results[1:P]} == {survivor}
    assert [each for each in results if each.standby] == [], "nobody is left to stand by"


async def test_a_worker_that_hangs_is_not_waited_for_longer_than_its_partitions_need_to_move(pair: Pair) -> None:
    owners = await pair.share()
    await pair.fill()
    pair.workers[1].pause()

    ended = await pair.verify("-o", "json")

    assert ended.code == 0, ended.err
    results = json.loads(ended.out)
    assert [each["partition"] for each in results] == sorted(owners)
    assert {each["worker"] for each in results} == {f"http://127.0.0.1:{pair.workers[0].internal}"}

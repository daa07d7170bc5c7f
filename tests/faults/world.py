"""Few partitions and workers that a test starts and ends one by one, with their rows held to the referee."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

from eventstore.errors import NotFound
from eventstore.ids import partition_of
from eventstore.reading import OPENED_KEY
from eventstore.topics import Topics
from handlers.client.client import connect
from handlers.clock import draw
from tests.conftest import Broker
from tests.faults.judge import disk, flaws, whole_log
from tests.faults.processes import HANG_SECONDS, WorkerProcess
from tests.integration.installation import sample, submit, tenant

#: Few, so that a start is short; a run's partition is still one of several.
P = 2
#: A session that a busy machine does not outlast, for worlds in which no worker is killed or stopped: what is counted
#: there is counted in one ownership.
UNBROKEN = {"session": 60, "rebalance": 60}


class World:
    """Workers on one prefix, asked over one session."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, *names: str, **settings: object) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.topics = Topics(prefix, P)
        self.workers = [WorkerProcess(name, bootstrap, prefix, folder, partitions=P, **settings) for name in names]
        self.session = aiohttp.ClientSession()

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str, seconds: float = HANG_SECONDS) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await holds():  # noqa: ASYNC110  # of other processes: there is no event
                    await asyncio.sleep(0.05)
        except TimeoutError:
            logs = [worker.log.read_text() for worker in self.workers if worker.log.exists()]
            raise TimeoutError(f"expected {what}: {logs}") from None

    async def owns(self, worker: WorkerProcess, *numbers: int) -> None:
        """Wait until a worker proves these partitions (all of them, if none is named) and has written its rows."""

        async def holds() -> bool:
            health = await worker.health(self.session)
            wanted = set(numbers or range(P))
            return health is not None and wanted <= set(health["owned"]) and health["unwritten"] == 0

        await self.until(holds, f"{worker.name} to own {numbers or 'everything'}")

    async def warm(self, worker: WorkerProcess) -> None:
        """Wait until all live workers are ready, and the standbys of this one have taken in everything.

        And for two looks at Kafka more, which a worker takes once a second: what it says may be of the last one.
        """

        async def holds() -> bool:
            for _ in range(25):
                health = [await each.health(self.session) for each in self.workers if each.alive]
                mine = await worker.health(self.session)
                idle = all(each and each["ready"] and each["unwritten"] == 0 for each in health)
                if not (idle and mine and mine["standby_lag"] == 0):
                    return False
                await asyncio.sleep(0.1)
            return True

        await self.until(holds, f"{worker.name} to have warm standbys")

    async def work(self, worker: WorkerProcess, count: int = 8) -> None:
        """Submit some agendas, or some more until every partition has one of them, and have them acknowledged."""
        bare = set(range(P))
        async with connect(worker.url, draw=draw, patience=HANG_SECONDS) as client:
            await tenant(client, "acme")
            while count > 0 or bare:
                agenda = await submit(client, "acme", sample("a"), sample("b", "a"))
                bare.discard(partition_of(agenda.progress_id or "", P))
                count -= 1

    async def touch(self, worker: WorkerProcess, streams: Iterable[str], operation: str = "a") -> None:
        """Change a row of each of these runs, and have it acknowledged."""
        async with connect(worker.url, draw=draw, patience=HANG_SECONDS) as client:
            identities = [f"{stream}-{operation}" for stream in streams]

            async def changed(identity: str) -> bool:
                change = {"id": identity, "customerId": "acme", "params": {"drawn": draw()}}
                try:
                    await client.operation_progresses.put(identity, change)
                except NotFound:
                    return False  # it stands in the log, by a worker that woke: its owner reads it in a moment
                return True

            await asyncio.gather(*(self.until(partial(changed, each), f"{each} to be known") for each in identities))

    async def runs(self) -> set[str]:
        """The stream of every run in the log."""
        log = await whole_log(self.bootstrap, self.prefix, P)
        keys = {record.key for records in log.values() for record in records}
        return {key.decode() for key in keys if key and key != OPENED_KEY}

    async def metrics(self, worker: WorkerProcess) -> dict[str, float]:
        """What a worker's metrics say, those of one name and verdict added up."""
        found: dict[str, float] = {}
        async with self.session.get(f"{worker.url}/metrics") as answer:
            for family in text_string_to_metric_families(await answer.text()):
                for sample in family.samples:
                    name = sample.labels.get("verdict", sample.name)
                    found[name] = found.get(name, 0) + sample.value
        return found

    async def end(self, *workers: WorkerProcess) -> None:
        for worker in workers:
            worker.stop()
        for worker in workers:
            await asyncio.to_thread(worker.join)

    async def life(self, worker: WorkerProcess, *, agendas: int = 0) -> None:
        """Start a worker, give it work, and end it when it owns everything and has written its rows."""
        worker.start()
        if agendas:
            await self.work(worker, agendas)
        await self.owns(worker)
        await self.end(worker)

    async def flaws(self, worker: WorkerProcess, *, poisonous: Collection[tuple[int, int]] = ()) -> list[str]:
        """How a stopped worker's rows differ from the referee's, who does not see the poisonous records."""
        stored = disk(worker.data)
        whole = await whole_log(self.bootstrap, self.prefix, P)
        log = {number: [one for one in whole[number] if (number, one.offset) not in poisonous] for number in whole}
        assert sum(map(len, stored.values())) > 20, "rows to compare"
        return flaws(stored, log)[:3]

    async def recreate(self, name: str) -> None:
        """Delete a topic; the next start of a worker makes it anew."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([name])
            async with asyncio.timeout(HANG_SECONDS):
                while name in await admin.list_topics():  # noqa: ASYNC110  # the broker does not call back
                    await asyncio.sleep(0.05)
        finally:
            await admin.close()


@asynccontextmanager
async def world(kafka: Broker, prefix: str, folder: Path, *names: str, **settings: object) -> AsyncIterator[World]:
    """Workers by these names, not started yet; ended, whatever happens."""
    found = World(kafka.bootstrap, prefix, folder, *names, **settings)
    try:
        yield found
    finally:
        for worker in found.workers:
            worker.kill()
        await found.session.close()

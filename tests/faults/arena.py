"""Workers under load and faults, and the trial afterwards."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiokafka.admin import AIOKafkaAdminClient

from compose.kafka.cluster import tail
from eventstore.log import Record
from tests.faults.judge import Proof, disk, double_owners, flaws, whole_log
from tests.faults.load import Load
from tests.faults.processes import HANG_SECONDS, WorkerProcess
from tests.faults.testimony import violations

SETTLE_SECONDS = 2 * HANG_SECONDS
PROBE_SECONDS = 0.1


class Arena:
    """Workers A and B, or as many as have names, on a broker."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, names: str = "AB", /, **settings: object) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.workers = [WorkerProcess(name, bootstrap, prefix, folder, **settings) for name in names]
        self.session = aiohttp.ClientSession()
        self.proofs: list[Proof] = []
        self.turn = 0

    def next(self) -> tuple[WorkerProcess, WorkerProcess]:
        """The worker whose turn it is to suffer, and the other; one that is alone is both."""
        self.turn += 1
        return self.workers[self.turn % len(self.workers)], self.workers[(self.turn + 1) % len(self.workers)]

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str, seconds: float = SETTLE_SECONDS) -> None:
        """Wait for a condition; what must stay alive is started again."""
        try:
            async with asyncio.timeout(seconds):
                while not await holds():  # noqa: ASYNC110  # of other processes: there is no event
                    await asyncio.sleep(PROBE_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"expected {what} within {seconds:.0f} s: {await self.state()}") from None

    async def state(self) -> str:
        """How the workers are, and what they said last."""
        health = [await worker.health(self.session) for worker in self.workers]
        said = (f"{worker.name}: …{tail(worker.log, 4000)}" for worker in self.workers if worker.log.exists())
        return "\n".join([str(health), *said])

    async def owned(self, *workers: WorkerProcess) -> bool:
        """Whether these workers prove all partitions between them."""
        found: set[int] = set()
        for worker in workers or self.workers:
            health = await worker.health(self.session)
            if health is not None:
                found |= set(health["owned"])
        return found == set(range(12))

    async def ready(self, *workers: WorkerProcess, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until they do."""
        await self.until(lambda: self.owned(*workers), "all partitions to be owned", seconds)

    async def given_up(self, victim: WorkerProcess) -> None:
        """Wait until the group has done with a worker that is away: the other has everything, or nobody is left."""
        others = [worker for worker in self.workers if worker is not victim]
        if others:
            await self.ready(*others)
        else:
            await self.until(self._deserted, "the group to have no member")

    async def _deserted(self) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            [answer] = await admin.describe_consumer_groups([self.prefix])
            [group] = answer.to_object()["groups"]
            return not group["members"]
        finally:
            await admin.close()

    async def written(self) -> bool:
        """Whether everything folded is on disk, everywhere, and has stayed so for two looks at Kafka."""
        for _ in range(25):
            health = [await worker.health(self.session) for worker in self.workers if worker.alive]
            if not all(each and each["ready"] and each["unwritten"] == each["standby_lag"] == 0 for each in health):
                return False
            await asyncio.sleep(PROBE_SECONDS)
        return True

    def revive(self) -> None:
        """Start what has ended by itself, and show what it said last: its folder goes with the arena."""
        for worker in self.workers:
            if not worker.alive:
                print(f"  {worker.name} has ended with {worker.exit}: …{tail(worker.log, 4000)}")
                worker.restarts += 1
                worker.start()

    async def probe(self) -> None:
        """Note who proves what, when, until cancelled."""
        while True:
            await asyncio.gather(*(self._note(worker) for worker in self.workers))
            await asyncio.sleep(PROBE_SECONDS)

    async def _note(self, worker: WorkerProcess) -> None:
        health = await worker.health(self.session)
        if health is not None:
            names = health["ownerships"].items()
            self.proofs += [(health["at"], int(number), f"{worker.name} ({name})") for number, name in names]

    async def trial(self, load: Load) -> tuple[list[str], dict[int, list[Record]]]:
        """Stop all, compare their rows; start all on empty disks, compare again; judge what clients were told."""
        found = []
        for disks in ("as left", "empty"):
            if disks == "empty":
                for worker in self.workers:
                    worker.wipe()
                    worker.start()
                await self.until(self.settled, "all workers ready again")
            await self.until(self.written, "all rows on disk")
            for worker in self.workers:
                worker.stop()
            for worker in self.workers:
                worker.join()
            log = await whole_log(self.bootstrap, self.prefix)
            for worker in self.workers:
                found += [f"{worker.name}, disk {disks}: {each}" for each in flaws(disk(worker.data), log)[:3]]
            print(f"  rows of all workers compared, disks {disks}, {len(found)} flaws", flush=True)
        return [*found, *violations(load, log), *double_owners(self.proofs)], log

    async def settled(self) -> bool:
        """Whether all workers live and own everything between them."""
        return all([await worker.health(self.session) is not None for worker in self.workers]) and await self.owned()

    async def shared(self) -> bool:
        """Whether both are members, and prove some partitions each."""
        health = [await worker.health(self.session) for worker in self.workers]
        return all(each is not None and each["owned"] for each in health)


@asynccontextmanager
async def arena(bootstrap: str, prefix: str, names: str = "AB", /, **settings: object) -> AsyncIterator[Arena]:
    """Workers by these names, who own everything between them; ended, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="agendum-faults-") as folder:
        found = Arena(bootstrap, prefix, Path(folder), names, **settings)
        try:
            for worker in found.workers:
                worker.start()
            await found.until(found.settled, "all workers to be there, and all partitions to be owned")
            yield found
        finally:
            for worker in found.workers:
                worker.wake()
                worker.kill()
            await found.session.close()

"""Two workers under load and faults, and the trial afterwards."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from compose.kafka.cluster import tail
from eventstore.log import Record
from tests.faults.judge import differences, double_owners, rows_on_disk, violations, whole_log
from tests.faults.load import GIVE_UP_SECONDS, Load
from tests.faults.processes import WorkerProcess

SETTLE_SECONDS = 90.0
PROBE_SECONDS = 0.1
SUBMITTERS, EXECUTORS = 6, 9

Fault = Callable[["Arena"], Awaitable[None]]


class Arena:
    """Workers A and B on a broker."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, **settings: object) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.workers = [WorkerProcess(name, bootstrap, prefix, folder, **settings) for name in "AB"]
        self.session = aiohttp.ClientSession()
        self.proofs: list[tuple[float, int, str]] = []
        self.turn = 0

    def next(self) -> tuple[WorkerProcess, WorkerProcess]:
        """The worker whose turn it is to suffer, and the other."""
        self.turn += 1
        return self.workers[self.turn % 2], self.workers[(self.turn + 1) % 2]

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str, seconds: float = SETTLE_SECONDS) -> None:
        """Wait for a condition; what must stay alive is started again."""
        try:
            async with asyncio.timeout(seconds):
                while not await holds():  # noqa: ASYNC110  # of other processes: there is no event
                    await asyncio.sleep(PROBE_SECONDS)
        except TimeoutError:
            health = [await worker.health(self.session) for worker in self.workers]
            said = "\n".join(f"{worker.name}: …{tail(worker.log)}" for worker in self.workers if worker.log.exists())
            raise TimeoutError(f"expected {what} within {seconds:.0f} s: {health}\n{said}") from None

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

    async def written(self) -> bool:
        """Whether everything folded is on disk, everywhere, and has stayed so for two looks at Kafka."""
        for _ in range(25):
            health = [await worker.health(self.session) for worker in self.workers if worker.alive]
            if not all(each and each["ready"] and each["unwritten"] == each["standby_lag"] == 0 for each in health):
                return False
            await asyncio.sleep(PROBE_SECONDS)
        return True

    def revive(self) -> None:
        """Start what has ended by itself."""
        for worker in self.workers:
            if not worker.alive:
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
            self.proofs += [(health["at"], number, worker.name) for number in health["owned"]]

    async def trial(self, load: Load) -> tuple[list[str], dict[int, list[Record]]]:
        """Stop both, compare their rows; start both on empty disks, compare again; judge what clients were told."""
        found = []
        for disks in ("as left", "empty"):
            if disks == "empty":
                for worker in self.workers:
                    worker.wipe()
                    worker.start()
                await self.until(self.settled, "both workers ready again")
            await self.until(self.written, "all rows on disk")
            for worker in self.workers:
                worker.stop()
            for worker in self.workers:
                worker.join()
            log = await whole_log(self.bootstrap, self.prefix)
            for worker in self.workers:
                rows = rows_on_disk(worker.data)
                found += [f"{worker.name}, disk {disks}: {each}" for each in differences(rows, log)[:3]]
        return [*found, *violations(load, log), *double_owners(self.proofs)], log

    async def settled(self) -> bool:
        """Whether both workers live and own everything between them."""
        return all([await worker.health(self.session) is not None for worker in self.workers]) and await self.owned()

    async def shared(self) -> bool:
        """Whether both are members, and prove some partitions each."""
        health = [await worker.health(self.session) for worker in self.workers]
        return all(each is not None and each["owned"] for each in health)


@asynccontextmanager
async def arena(bootstrap: str, prefix: str, **settings: object) -> AsyncIterator[Arena]:
    """Two workers that own everything between them; ended, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="agendum-faults-") as folder:
        found = Arena(bootstrap, prefix, Path(folder), **settings)
        try:
            for worker in found.workers:
                worker.start()
            await found.ready()
            yield found
        finally:
            for worker in found.workers:
                worker.wake()
                worker.kill()
            await found.session.close()


async def storm(
    where: Arena, faults: Sequence[Fault], *, seed: int, pause: float = 3.0, outage: float = 0.0
) -> tuple[list[str], Load]:
    """Load, one fault after another, an end to everything, a trial. `outage`: so long nobody may be answered."""
    give_up = GIVE_UP_SECONDS + outage
    async with Load([worker.url for worker in where.workers], seed, give_up=give_up) as load:
        await load.set_up()
        submitting = [asyncio.create_task(load.submit(0.05)) for _ in range(SUBMITTERS)]
        executing = [asyncio.create_task(load.execute(number)) for number in range(EXECUTORS)]
        await endure(where, faults, load, submitting, executing, pause=pause)
        found, log = await where.trial(load)
        print(f"seed {seed}: {summary(where, load, log)}")
        return found, load


async def endure(
    where: Arena,
    faults: Sequence[Fault],
    load: Load,
    submitting: Sequence[asyncio.Task[None]],
    executing: Sequence[asyncio.Task[None]],
    *,
    pause: float,
    settle: float = SETTLE_SECONDS,
) -> None:
    """One fault after another while clients are at work, until everything accepted has reached its end."""
    tasks = [*submitting, *executing, asyncio.create_task(where.probe())]
    try:
        await suffer(where, faults, load, tasks, pause)
        load.stop_submitting()
        await asyncio.gather(*submitting)
        await where.until(lambda: finished(load), "every agenda to reach its end", settle)
        load.stop_executing()
        await asyncio.gather(*executing)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def summary(where: Arena, load: Load, log: dict[int, list[Record]]) -> str:
    """How much there was to judge."""
    return (
        f"{len(load.accepted)} agendas, {load.handed.total()} hand-outs, "
        f"{len(load.reported)} acknowledged completions, {load.unmarked_checks} reads and {len(where.proofs)} "
        f"proofs of ownership checked, {load.retries} retries, {sum(map(len, log.values()))} records"
    )


async def suffer(
    where: Arena, faults: Sequence[Fault], load: Load, clients: Sequence[asyncio.Task[None]], pause: float
) -> None:
    """One fault after another, each until somebody owns everything again."""
    for fault in faults:
        load.begin_gap()
        before = len(load.accepted)
        await fault(where)
        await asyncio.sleep(pause)
        where.revive()
        await where.ready()
        for ended in (client for client in clients if client.done()):
            ended.result()  # a client that gave up: say so now
        print(f"  {fault.__name__}: longest silence {load.silence():.1f} s, accepted {len(load.accepted) - before}")


def _ended(progress: dict[str, Any]) -> bool:
    """Complete for good: what failed with attempts left runs again a second later."""
    failed = progress.get("processingStateMessage") == "failed"
    left = progress.get("attemptsCompleted", 0) < progress.get("maximumAttempts", 0)
    return progress.get("processingState") == "COMPLETE" and not (failed and left)


async def finished(load: Load) -> bool:
    """Whether everything accepted is complete, as its own progress says; asks in slices."""
    keys = [key for key in load.accepted if key not in _done.setdefault(id(load), set())][:40]
    for key in keys:
        _, answer, _ = await load.ask("GET", f"/pop/progress/agenda/{load.accepted[key]['progressId']}")
        if not answer["all"] or not _ended(answer["all"][0]):
            return False
        _done[id(load)].add(key)
    return not keys


_done: dict[int, set[str]] = {}

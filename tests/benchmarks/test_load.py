"""200 customers with unequal backlogs, 20,000 agendas of 5 operations, 8 executor processes, 2 worker processes.

`AGENDUM_BENCH_LOAD` is the number of agendas (20000, of which one customer has a tenth; smaller ones keep the
proportions). Everything is submitted as fast as 32 clients get answers while executors already work, so that a backlog
stands; then a twentieth more at half the rate that was reached, which shows how long an agenda takes that need not
wait. The control for the turns is first in, first out with 2,000; below 2,000 there is no backlog to speak of.
Afterwards the judge of the storms compares log, answers and every row. Times from submission to completion are those
of the record that completes the agenda (the broker's clock, which is this machine's) and of the client's first try.
"""

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from eventstore.log import Record
from handlers.clock import draw, now
from tests.benchmarks.client import Busy, Client
from tests.benchmarks.shares import Line, greatest_difference, line_of, windows
from tests.benchmarks.test_execution import cpu
from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.known import Known
from tests.faults.testimony import counted
from tests.integration.installation import ExecutorProcess
from tests.population import INSIGHT, OPERATIONS, agenda, arrivals, backlogs, catalogue

pytestmark = pytest.mark.benchmark
SIZE = int(os.environ.get("AGENDUM_BENCH_LOAD", "20000"))
CONTROL = min(SIZE, 2000)
EXECUTORS, CLIENTS = 8, 32
#: As the storms have them, but for what a benchmark should not suffer from.
SETTINGS = {"session": 10, "heartbeat": 1, "poll": 5, "patience_ms": 600_000, "log_level": "WARNING"}


class Submitted:
    """Clients, and what they were told; see tests.faults.testimony.Told."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.accepted: dict[str, dict[str, Any]] = {}
        self.reported: list[tuple[str, str, int]] = []
        self.ended: list[tuple[str, int, str]] = []
        self.handed: Counter[str] = Counter()
        self.known = Known()
        #: agenda id -> epoch ms of the first try
        self.sent: dict[str, int] = {}
        #: ms until each was acknowledged
        self.spent: list[float] = []
        self.refused = 0
        self._clients = [Client(url) for url in urls]
        self._next = cycle(self._clients)

    async def ask(self, method: str, path: str, body: bytes = b"", key: str = "") -> Any:
        while True:
            try:
                answer = orjson.loads(await next(self._next).ask(method, path, body, key))
            except Busy:
                self.refused += 1
                await asyncio.sleep(0.05)
                continue
            assert not answer["error"], answer
            return answer

    async def submit(self, customer: str) -> None:
        key = draw()
        body = orjson.dumps(agenda(customer, key))
        sent, began = now(), time.perf_counter()
        self.accepted[key] = found = (await self.ask("POST", "/pop/agenda", body, key))["all"][0]
        self.spent.append((time.perf_counter() - began) * 1000)
        self.sent[found["id"]] = sent

    async def at_once(self, customers: Sequence[str]) -> None:
        """As fast as so many clients get answers."""
        left = iter(customers)

        async def client() -> None:
            for customer in left:
                await self.submit(customer)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))

    async def by_rate(self, customers: Sequence[str], rate: float) -> None:
        """So many a second, whether or not there were answers."""
        began, tasks = time.perf_counter(), []
        for number, customer in enumerate(customers):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(self.submit(customer)))
        await asyncio.gather(*tasks)

    async def complete(self) -> None:
        """Wait until everything is, those first that have the longest lines; asking costs little against running."""
        runs = [answer["progressId"] for answer in self.accepted.values()]

        async def follow() -> None:
            while runs:
                await self._follow(runs.pop(), len(self.accepted) / 20 + 60)

        await asyncio.gather(*(follow() for _ in range(4)))

    async def _follow(self, run: str, seconds: float) -> None:
        found: Any = None
        try:
            async with asyncio.timeout(seconds):
                while (found := await self._progress(run))["processingState"] != "COMPLETE":  # noqa: ASYNC110  # a process
                    await asyncio.sleep(0.5)
        except TimeoutError:
            raise TimeoutError(f"expected {run} to be complete within {seconds:.0f} s, found {found}") from None

    async def _progress(self, run: str) -> Any:
        (found,) = (await self.ask("GET", f"/pop/progress/agenda/{run}"))["all"]
        return found

    def close(self) -> None:
        for client in self._clients:
            client.close()


class Usage:
    """CPU and memory of everyone who takes part."""

    def __init__(self, where: Arena, executors: Sequence[ExecutorProcess]) -> None:
        self.workers = [psutil.Process(worker.pid) for worker in where.workers]
        own = psutil.Process().children(recursive=True)
        self._parts = {
            "workers": self.workers,
            "executors": [psutil.Process(executor.pid) for executor in executors],
            "broker": [each for each in own if each.name() == "java"],
            "clients": [psutil.Process()],
        }
        self._before = self._spent()
        self._size = self._sizes()

    def _spent(self) -> dict[str, float]:
        return {name: sum(map(cpu, part)) for name, part in self._parts.items()}

    def _sizes(self) -> list[int]:
        return [process.memory_info().rss >> 20 for process in self.workers]

    def say(self, count: int) -> str:
        used = {name: (spent - self._before[name]) / count * 1000 for name, spent in self._spent().items()}
        sizes = [f"{before} -> {after}" for before, after in zip(self._size, self._sizes(), strict=True)]
        each = ", ".join(f"{name} {ms:.2f}" for name, ms in used.items())
        return f"  CPU ms per agenda: {each}; RSS of each worker {', '.join(sizes)} MB"


@asynccontextmanager
async def installation(kafka: Broker, prefix: str, folder: Path, algorithm: str) -> AsyncIterator[tuple[Any, ...]]:
    """Two workers, their catalogue, clients, and executors that have pulled."""
    async with arena(kafka.bootstrap, prefix, **SETTINGS) as where:
        await where.until(where.shared, "both workers to own something")
        load = Submitted([worker.url for worker in where.workers])
        for kind, body in catalogue(algorithm):
            await load.ask("POST", f"/pop/{kind}", orjson.dumps(body))
        urls = [where.workers[number % 2].url for number in range(EXECUTORS)]
        executors = [ExecutorProcess(url, INSIGHT, folder, "--log-level", "WARNING").start() for url in urls]
        try:
            # Warm: as many as the executors have slots, several times.
            await load.at_once(arrivals(200, 0))
            await load.complete()
            load.spent.clear()
            load.sent.clear()
            yield where, load, executors
        finally:
            for executor in executors:
                executor.stop()
            load.close()


def percentiles(numbers: Sequence[float]) -> str:
    ordered = sorted(numbers)
    return f"p50 {statistics.median(ordered):.1f} ms, p99 {ordered[int(len(ordered) * 0.99) - 1]:.1f} ms"


def completions(log: dict[int, list[Record]]) -> dict[str, int]:
    """Agenda id -> epoch ms of the record that completed it."""
    return {
        body["agendaId"]: record.timestamp
        for records in log.values()
        for record, kind, body in counted(records)
        if kind == "ProgressReported" and body["progress"].get("processingState") == "COMPLETE"
    }


def flaws(load: Submitted, log: dict[int, list[Record]]) -> Iterator[str]:
    """What the judge does not say: nothing was to fail here, so everything has succeeded at the first go."""
    seen: Counter[str] = Counter()
    done: Counter[tuple[bytes | None, str]] = Counter()
    for record, kind, body in (each for records in log.values() for each in counted(records)):
        seen[kind] += 1
        for entry in body.get("operations") or [] if kind == "ProgressReported" else []:
            done[record.key, entry["operation"]] += entry.get("processingState") == "COMPLETE"
    count = len(load.accepted)
    if seen["AgendaSubmitted"] != count:
        yield f"expected {count} agendas, found {seen['AgendaSubmitted']}"
    back = seen["DispatchReturned"] + seen["DispatchExpired"] + seen["AgendaHandedBack"] + seen["AgendaRetried"]
    if seen["AgendaDispatched"] != count + back:
        yield f"expected {count} hand-outs and {back} more, found {seen['AgendaDispatched']}"
    if len(done) != count * len(OPERATIONS) or set(done.values()) != {1}:
        yield f"expected {count * len(OPERATIONS)} operations to be completed once, found {Counter(done.values())}"
    print(f"  {sum(seen.values())} events: {dict(seen)}")


async def backlog(where: Arena, load: Submitted, executors: Sequence[ExecutorProcess], size: int) -> float:
    """Submit everything at once, and wait until it is run; agendas a second."""
    usage, customers, began = Usage(where, executors), arrivals(size, 1), time.perf_counter()
    await load.at_once(customers)
    rate = len(customers) / (time.perf_counter() - began)
    print(f"  submission, {CLIENTS} clients, executors at work: {rate:.0f}/s, {percentiles(load.spent)}")
    await load.complete()
    print(usage.say(len(customers)))
    return len(customers) / (time.perf_counter() - began)


async def calm(load: Submitted, size: int, rate: float) -> None:
    """Agendas that need not wait."""
    load.spent.clear()
    await load.by_rate(arrivals(size, 2), rate)
    await load.complete()
    print(f"  {len(load.spent)} more at {rate:.0f}/s: submission {percentiles(load.spent)}")


def times(load: Submitted, log: dict[int, list[Record]], first: int) -> None:
    """Say how long agendas took: those that stood in the backlog, and those that came when it was gone."""
    ends = completions(log)
    ids = list(load.sent)
    parts = {"in the backlog": ids[:first], "without one": ids[first:]}
    for name, part in parts.items():
        print(f"  submit to complete {name}: {percentiles([ends[one] - load.sent[one] for one in part])}")
    spent = max(ends[one] for one in ids[:first]) - load.sent[ids[0]]
    print(f"  {first} agendas of {len(OPERATIONS)} operations: {first / spent * 1000:.0f}/s")


def fairness(line: Line) -> int:
    """Say what each waiting customer had of the dispatches, and by how many turns two differed at most."""
    found = [*windows(line)]
    for count in sorted({len(window.shares) for window in found}, reverse=True):
        shares = sorted(share for window in found if len(window.shares) == count for share in window.shares.values())
        least, median, most = shares[0], statistics.median(shares), shares[-1]
        print(f"  share of fair while {count} waited: {least:.2f} / {median:.2f} / {most:.2f} (min, median, max)")
    worst = greatest_difference(line)
    print(f"  two customers that waited differed by {worst} turns at most, over {len(line.dispatches)} dispatches")
    return worst


async def run(kafka: Broker, prefix: str, folder: Path, algorithm: str, size: int) -> int:
    """The whole of it; the greatest difference of turns."""
    print(f"\n{algorithm}, {size} agendas of {len(backlogs(size))} customers")
    async with installation(kafka, prefix, folder, algorithm) as (where, load, executors):
        rate = await backlog(where, load, executors, size)
        first = len(load.sent)
        await calm(load, max(size // 20, 100), rate / 2)
        for executor in executors:
            executor.stop()
        found, log = await where.trial(load)
    times(load, log, first)
    found += flaws(load, log)
    assert not found, found[:10]
    return fairness(line_of(log, INSIGHT))


async def test_round_robin_under_load(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    # Turns alone would make it one; a dispatch that an owner refuses costs its customer that turn's place.
    assert await run(kafka, prefix, tmp_path, "RoundRobin", SIZE) <= 2


async def test_first_in_first_out_is_not_fair(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """The control: by the same measure, who has most waiting gets most."""
    assert await run(kafka, prefix, tmp_path, "FirstInFirstOut", CONTROL) > CONTROL // 100

"""The load of POP under the faults of the storms: 200 customers, 20,000 agendas, 8 executor processes, 2 workers.

`pytest -m faults -k pop_load -s`. `AGENDUM_FAULTS_LOAD` is the number of agendas (20000; at 75 a second), and
`AGENDUM_FAULTS_ROUNDS` how often each fault happens (3): kill -9 of a worker with restart at once and late, SIGSTOP
past its session and within, SIGTERM, kill -9 of an executor and of the broker. Beside the executor processes the
storms' own customers and pullers are at work, who note what they were told; some of these fail and some vanish.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compose.kafka.cluster import LocalKafka
from eventstore.log import Record
from tests.benchmarks.shares import greatest_difference, line_of
from tests.faults.arena import Arena, arena
from tests.faults.blows import (
    broker_dies,
    executor_dies,
    falter,
    hand_over,
    kill,
    kill_for_long,
    sleep_past_the_session,
)
from tests.faults.load import Load
from tests.faults.storm import Fault, endure, summary
from tests.faults.testimony import counted
from tests.integration.installation import ExecutorProcess
from tests.population import INSIGHT, OPERATIONS, agenda, arrivals, catalogue

pytestmark = pytest.mark.faults
SIZE = int(os.environ.get("AGENDUM_FAULTS_LOAD", "20000"))
ROUNDS = int(os.environ.get("AGENDUM_FAULTS_ROUNDS", "3"))
EXECUTORS, SUBMITTERS, PULLERS = 8, 6, 3
#: An executor's silence is the silence of the worker that it talks to: longer than the longest of those.
SETTINGS = {"prompt_patience_ms": 10_000, "reclaim_ms": 30_000}
SETTLE_SECONDS = 900.0
#: A broker that was killed is away for as long as Java takes to start: a minute on a machine that has more to do.
GIVE_UP_SECONDS = 180.0
TELL_SECONDS = 15.0


class PopLoad(Load):
    """The storms' load, and beside it the population."""

    def __init__(self, urls: list[str], seed: int) -> None:
        super().__init__(urls, seed, give_up=GIVE_UP_SECONDS)
        self.population: dict[str, dict[str, Any]] = {}
        self._left = iter(arrivals(SIZE, seed))

    async def set_up(self) -> None:
        await super().set_up()
        for kind, body in catalogue("RoundRobin"):
            await self._post(kind, body)

    def backlog(self) -> int:
        """See Load: what executor processes are given is not told here."""
        return super().backlog() - len(self.population)

    async def populate(self) -> None:
        """Submit the population's agendas, about a dozen a second, to the last."""
        for customer in self._left:
            key = f"p{self.chance.getrandbits(64):x}"
            _, answer, _ = await self.ask("POST", "/pop/agenda", agenda(customer, key), **{"Idempotency-Key": key})
            assert not answer["error"], answer
            self.accepted[key] = self.population[key] = answer["all"][0]
            await asyncio.sleep(0.1 * self.chance.random())


def flaws(load: PopLoad, log: dict[int, list[Record]]) -> Iterator[str]:
    """What the judge does not say of runs that executor processes had: an operation on record never ran again."""
    runs = {accepted["progressId"].encode() for accepted in load.population.values()}
    done: Counter[tuple[bytes | None, str]] = Counter()
    seen: Counter[str] = Counter()
    ends: dict[bytes | None, str] = {}
    for record, kind, body in (each for records in log.values() for each in counted(records)):
        if record.key not in runs:
            continue
        seen[kind] += 1
        state = (body.get("progress") or {}).get("processingStateMessage")
        ends[record.key] = state or ends.get(record.key, "")
        for entry in body.get("operations") or [] if kind == "ProgressReported" else []:
            done[record.key, entry["operation"]] += entry.get("processingState") == "COMPLETE"
    print(f"  of the population {sum(seen.values())} events: {dict(seen)}")
    if len(done) != len(runs) * len(OPERATIONS) or set(done.values()) != {1}:
        yield f"expected {len(runs) * len(OPERATIONS)} operations completed once, found {Counter(done.values())}"
    if set(ends.values()) != {"succeeded"}:
        yield f"expected every run to succeed, found {Counter(ends.values())}"


async def tell(load: PopLoad) -> None:
    """A line now and then of how far it is, until cancelled."""
    begun = time.monotonic()
    while True:
        await asyncio.sleep(TELL_SECONDS)
        _, answer, _ = await load.ask("GET", "/pop/progress/agenda?byprocessingState=COMPLETE&bycount=1")
        runs = f"{answer['count']} of {len(load.accepted)} runs complete"
        print(f"  {time.monotonic() - begun:.0f} s: {len(load.population)} of {SIZE} submitted, {runs}", flush=True)


async def weather(where: Arena, load: PopLoad, faults: list[Fault], executors: list[ExecutorProcess]) -> None:
    await load.set_up()
    for executor in executors:
        executor.start()
    submitting = [asyncio.create_task(load.populate()) for _ in range(SUBMITTERS)]
    submitting += [asyncio.create_task(load.submit(0.5))]
    executing = [asyncio.create_task(load.execute(number)) for number in range(PULLERS)]
    telling = asyncio.create_task(tell(load))
    try:
        await endure(where, faults, load, submitting, executing, pause=3.0, settle=SETTLE_SECONDS)
        ends = [await asyncio.to_thread(executor.stop) for executor in executors]
    finally:
        telling.cancel()
        for executor in executors:
            executor.kill()
    ended = [executor.log.read_text()[-1000:] for executor, end in zip(executors, ends, strict=True) if end]
    assert ends == [0] * EXECUTORS, f"executors that ended by themselves, or badly: {ends}, {ended}"


async def test_nothing_is_lost_or_doubled_under_the_load_of_pop(tmp_path: Path, prefix: str) -> None:
    seed, cluster = 6, await asyncio.to_thread(LocalKafka(tmp_path).start)
    executors: list[ExecutorProcess] = []
    chance = random.Random(seed)
    faults: list[Fault] = [kill, kill_for_long, sleep_past_the_session, falter, hand_over] * ROUNDS
    faults += [broker_dies(cluster, prefix, chance), executor_dies(executors, chance)] * ROUNDS
    chance.shuffle(faults)
    try:
        async with arena(cluster.bootstrap, prefix, **SETTINGS) as where:
            urls = [worker.url for worker in where.workers]
            quiet = ("--log-level", "WARNING")
            executors += [ExecutorProcess(urls[n % 2], INSIGHT, tmp_path, *quiet) for n in range(EXECUTORS)]
            async with PopLoad(urls, seed) as load:
                await weather(where, load, faults, executors)
                found, log = await where.trial(load)
    finally:
        cluster.stop()
    print(f"seed {seed}, {SIZE} agendas of executor processes: {summary(where, load, log)}")
    print(f"  two of its customers that waited differed by {greatest_difference(line_of(log, INSIGHT))} turns at most")
    found += flaws(load, log)
    assert len(load.population) >= SIZE * 0.9
    assert not found, found[:10]

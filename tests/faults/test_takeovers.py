"""How long nobody serves a partition: its owner killed, with warm standbys of many rows, and asked to leave."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from eventstore.codec import encode
from eventstore.commands import SERVICE, SubmitAgenda
from eventstore.envelope import Envelope
from eventstore.events import TYPES
from eventstore.ids import partition_of
from eventstore.kafka.admin import make_topics, open_log
from eventstore.kafka.log import KafkaLog
from eventstore.log import NewRecord
from eventstore.model import Agenda, AgendaInsight, Operation
from eventstore.topics import Topics
from handlers.clock import draw_uuid
from handlers.deciders.submission import submit
from projections.run import Run
from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.judge import disk, flaws, primary, whole_log
from tests.faults.processes import WorkerProcess

pytestmark = pytest.mark.faults
P = 12
SESSION_SECONDS = 6.0
#: Of a row each, beside the three of their run.
OPERATIONS = 97
ROWS = int(os.environ.get("AGENDUM_STANDBY_ROWS", "500000"))
HEADERS = {"Authorization": "x"}


def submission(stream: str) -> NewRecord:
    """A run of a hundred rows that nobody is to execute."""
    agenda = Agenda(
        id=f"a-{stream}",
        customer_id="acme",
        progress_id=stream,
        operations=[Operation(name=f"o{number}", type="t") for number in range(OPERATIONS)],
        agenda_insight=AgendaInsight(resource_pool_id="pool", insight_id="i"),
    )
    command = SubmitAgenda(id=f"s-{stream}", stream=stream, caller=SERVICE, now=1, agenda=agenda, do_not_run=True)
    event = submit(command, Run(stream, lambda _: None, lambda _: ()))
    assert event is not None
    envelope = Envelope(id=command.id, type=TYPES[type(event)], source="test", time=1, version=1, customer_id="acme")
    return NewRecord(stream.encode(), *encode(envelope, event))


async def fill(bootstrap: str, prefix: str, rows: int) -> dict[int, str]:
    """A log that makes so many rows; a stream of each partition."""
    topics = Topics(prefix, P)
    await make_topics(bootstrap, topics.all(), 1)
    log = KafkaLog(bootstrap, {topic.name: topic.partitions for topic in topics.all()})
    await log.start()
    some: dict[int, str] = {}
    try:
        await open_log(log, topics.agendas, iter(draw_uuid, None))
        waiting: dict[int, list[NewRecord]] = {number: [] for number in range(P)}
        for count in range(max(rows // (OPERATIONS + 3), 10 * P)):
            stream = f"r{count}"
            number = partition_of(stream, P)
            some[number] = stream
            waiting[number].append(submission(stream))
        for number, records in waiting.items():
            for begin in range(0, len(records), 20):
                await log.producer.append_batch(topics.agendas.name, number, records[begin : begin + 20])
    finally:
        await log.stop()
    assert len(some) == P
    return some


class Watch:
    """One partition's run, asked for again and again, at whoever shall serve it."""

    def __init__(self, where: Arena, some: dict[int, str]) -> None:
        self.where = where
        self.some = some

    async def served(self, worker: WorkerProcess, numbers: set[int]) -> float:
        """Seconds until a worker has answered for each of these partitions, unmarked, and a write in each."""
        began = time.monotonic()
        await asyncio.gather(*(self._read(worker, number) for number in numbers))
        await asyncio.gather(*(self._write(worker, number) for number in numbers))
        return time.monotonic() - began

    async def _read(self, worker: WorkerProcess, number: int) -> None:
        path = f"/pop/progress/agenda/{self.some[number]}"
        await self.where.until(lambda: self._answers(worker, "GET", path), f"{number} to be read")

    async def _write(self, worker: WorkerProcess, number: int) -> None:
        stream = self.some[number]
        path = f"/pop/progress/operation/{stream}-o0"
        body = {"id": f"{stream}-o0", "customerId": "acme", "params": {"at": time.monotonic_ns()}}
        await self.where.until(lambda: self._answers(worker, "PUT", path, body), f"{number} to be written")

    async def _answers(self, worker: WorkerProcess, method: str, path: str, body: object = None) -> bool:
        async with self.where.session.request(method, f"{worker.url}{path}", json=body, headers=HEADERS) as answer:
            said = await answer.json()
            if answer.status >= 500 or "Agendum-Stale" in answer.headers:
                return False
            assert not said.get("error"), said
            return True


async def owned(where: Arena, worker: WorkerProcess) -> set[int]:
    health = await worker.health(where.session)
    assert health is not None
    return set(health["owned"])


@asynccontextmanager
async def filled(kafka: Broker, prefix: str, rows: int) -> AsyncIterator[tuple[Arena, Watch]]:
    """Two workers, each with warm standbys of the other's rows."""
    some = await fill(kafka.bootstrap, prefix, rows)
    began = time.monotonic()
    async with arena(kafka.bootstrap, prefix) as where:
        await where.until(where.written, "warm standbys", 300)
        print(f"\n{rows:,} rows in {P} partitions, warm after {time.monotonic() - began:.0f} s")
        yield where, Watch(where, some)


async def rejoin(where: Arena, worker: WorkerProcess) -> None:
    await asyncio.to_thread(worker.join)
    worker.start()
    await where.until(where.settled, "both workers ready again")
    await where.until(where.written, "warm standbys", 300)


async def referee(where: Arena) -> list[str]:
    for worker in where.workers:
        worker.stop()
    for worker in where.workers:
        await asyncio.to_thread(worker.join)
    log = await whole_log(where.bootstrap, where.prefix)
    found = []
    for worker in where.workers:
        stored = disk(worker.data)
        assert sum(len(primary(each)) for each in stored.values()) > 10 * P * OPERATIONS
        found += [f"{worker.name}: {each}" for each in flaws(stored, log)[:3]]
    return found


async def test_after_kill_9_a_warm_standby_of_many_rows_serves_soon(kafka: Broker, prefix: str) -> None:
    times = []
    async with filled(kafka, prefix, ROWS) as (where, watch):
        for _ in range(3):
            victim, other = where.next()
            lost = await owned(where, victim)
            victim.kill()
            times.append(await watch.served(other, lost))
            print(f"  kill -9 of {victim.name}: {len(lost)} partitions served again after {times[-1]:.1f} s")
            await rejoin(where, victim)
        found = await referee(where)
    assert not found, found
    assert max(times) < SESSION_SECONDS + 4, times


async def test_a_worker_that_is_asked_to_leave_is_replaced_within_three_seconds(kafka: Broker, prefix: str) -> None:
    times = []
    async with filled(kafka, prefix, 0) as (where, watch):
        for moment in range(10):
            victim, other = where.next()
            lost = await owned(where, victim)
            await asyncio.sleep(moment * 0.1)  # another moment between two heartbeats of the group
            victim.stop()
            times.append(await watch.served(other, lost))
            print(f"  SIGTERM of {victim.name}: {len(lost)} partitions served again after {times[-1]:.2f} s")
            await rejoin(where, victim)
        found = await referee(where)
    assert not found, found
    assert max(times) < 3, times

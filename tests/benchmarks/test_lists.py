"""Lists over 200,000 agendas (AGENDUM_BENCH_LISTS: another number): each filter and page, and what has no bound."""

import asyncio
import os
import statistics
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import orjson
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
from projections.texts import TEXTS
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess

pytestmark = pytest.mark.benchmark
AGENDAS = int(os.environ.get("AGENDUM_BENCH_LISTS", "200000"))
CUSTOMERS = 200
NOW = 1_700_000_000_000
HEADERS = {"Authorization": "x"}


async def fill(bootstrap: str, prefix: str) -> None:
    """Submissions of so many agendas, as they stand in the log."""
    topics = Topics(prefix)
    await make_topics(bootstrap, topics.all(), 1)
    log = KafkaLog(bootstrap, {topic.name: topic.partitions for topic in topics.all()})
    await log.start()
    await open_log(log, topics.agendas, iter(draw_uuid, None))
    waiting: dict[int, list[NewRecord]] = {number: [] for number in range(topics.partitions)}
    for n in range(AGENDAS):
        record = submission(n)
        number = partition_of(record.key, topics.partitions)
        waiting[number].append(record)
        if len(waiting[number]) == 500:
            await log.producer.append_batch(topics.agendas.name, number, waiting[number])
            waiting[number] = []
    for number, batch in waiting.items():
        if batch:
            await log.producer.append_batch(topics.agendas.name, number, batch)
    await log.stop()


def submission(n: int) -> NewRecord:
    stream = str(uuid.UUID(int=n + (1 << 100)))
    agenda = Agenda(
        id=f"a-{stream}",
        customer_id=f"c{n % CUSTOMERS}",
        cid=f"h{(n + 1) % 2}",
        job_id=f"h{n % 2}",
        link_id=f"l{n // 10}",
        title="none" if n else "one",
        progress_id=stream,
        operations=[Operation(name=name, type="t", payload={"in": 'plain:0123456789abcdef0123:"x"'}) for name in "ab"],
        agenda_insight=AgendaInsight(resource_pool_id="pool", insight_id="i"),
    )
    command = SubmitAgenda(
        id=f"s-{stream}",
        stream=stream,
        caller=SERVICE,
        now=NOW + n,
        agenda=agenda,
        external_id=f"h{n % 2}",
        do_not_run=True,
    )
    event = submit(command, Run(stream, lambda _: None, lambda _: ()))
    assert event is not None
    envelope = Envelope(
        id=command.id, type=TYPES[type(event)], source="bench", time=NOW + n, version=1, customer_id=agenda.customer_id
    )
    return NewRecord(stream.encode(), *encode(envelope, event))


async def test_lists(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    await fill(kafka.bootstrap, prefix)
    worker = WorkerProcess("bench", kafka.bootstrap, prefix, tmp_path, session=10)
    worker.start()
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(600):
            while not ((await worker.health(session)) or {}).get("ready"):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
            await measure(worker, session)
    finally:
        worker.stop()
        worker.join()


async def measure(worker: WorkerProcess, session: aiohttp.ClientSession) -> None:
    async def get(path: str) -> Any:
        async with session.get(f"{worker.url}/pop/{path}", headers=HEADERS) as answer:
            return orjson.loads(await answer.read())

    async def spent(path: str, times: int = 60) -> tuple[float, float, Any]:
        took = []
        for _ in range(times):
            began = time.perf_counter()
            found = await get(path)
            took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took), sorted(took)[int(times * 0.95) - 1], found

    middle = str(uuid.UUID(int=AGENDAS // 2 + (1 << 100)))
    single, _, _ = await spent(f"progress/agenda/{middle}")
    deep = (await get(f"agenda?bycustomerId=c7&bylimit={AGENDAS // CUSTOMERS // 2}&cursor="))["next"]
    slow = []
    only = {
        "agenda": {
            "by job": "agenda?byjobId=h0",
            "by job, empty": "agenda?byjobId=none",
            "by run": f"agenda?byprogressId={middle}",
            "by run, empty": "agenda?byprogressId=none",
        },
        "progress/agenda": {
            "by agenda": f"progress/agenda?byagendaId=a-{middle}",
            "by agenda, empty": "progress/agenda?byagendaId=none",
            "by external id": "progress/agenda?byexternalId=h0",
            "by external id, empty": "progress/agenda?byexternalId=none",
            "by state": "progress/agenda?byprocessingState=WAITING",
            "by state, empty": "progress/agenda?byprocessingState=EXECUTING",
            "by message, empty": "progress/agenda?byprocessingStateMessage=failed",
            "by state and customer": "progress/agenda?byprocessingState=WAITING&bycustomerId=c7",
        },
    }
    for kind, texts in (("agenda", TEXTS["agenda"]), ("progress/agenda", TEXTS["progress"])):
        paths = {
            "by id": f"{kind}?byid={'a-' if kind == 'agenda' else ''}{middle}",
            "by id, empty": f"{kind}?byid=none",
            "by link": f"{kind}?bylinkId=l77",
            "by customer": f"{kind}?bycustomerId=c7",
            "by customer, deep page": f"{kind}?bycustomerId=c7&cursor={deep}",
            "by customer and link": f"{kind}?bycustomerId=c7&bylinkId=l700",
            "by customer and link, empty": f"{kind}?bycustomerId=c7&bylinkId=l78",
            "by link, empty": f"{kind}?bylinkId=none",
            "by title, one of all": f"{kind}?bytitle=one",
            "by title, all but one": f"{kind}?bytitle=none",
            "by cid": f"{kind}?bycid=h0",
            "by cid, empty": f"{kind}?bycid=none",
            "by what is no text, empty": f"{kind}?byoperations=none",
            "all, first page": kind,
            "all, deep page": f"{kind}?cursor={deep}",
            **only[kind],
        }
        unasked = {name for name in texts if not any(f"by{name}=" in path for path in paths.values())}
        assert not unasked, f"filters of {kind} that are not measured: {unasked}"
        for name, path in paths.items():
            median, p95, found = await spent(path)
            print(
                f"{kind:16} {name:28} p50 {median:6.1f} p95 {p95:6.1f} ms ({len(found['all'])}) {median / single:.1f}x"
            )
            slow += [(path, p95)] if p95 > 100 else []
    print(f"single GET p50 {single:.1f} ms")
    counts = ("agenda?bycount=", "agenda?bycustomerId=c7&bycount=")
    # Of each two halves, which never meet: both lines are walked to their ends.
    apart = ("agenda?bycid=h0&byjobId=h0", "progress/agenda?bycid=h0&byexternalId=h0")
    for path in (*counts, *apart, "progress/operation?bylimit=1", "progress/operation?byoperation=none"):
        median, _, found = await spent(path, 3)
        print(f"unindexed, a count, or two halves: {path:44} {median:8.0f} ms, count {found.get('count')}")
    assert not slow

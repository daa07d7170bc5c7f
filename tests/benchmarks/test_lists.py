"""Lists over 200,000 agendas (AGENDUM_BENCH_LISTS: another number): each filter, page and count, alone and together."""

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
from handlers.clock import draw_uuid, now
from handlers.deciders.submission import submit
from projections.queries.texts import TEXTS
from projections.run import Run
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess

pytestmark = pytest.mark.benchmark
AGENDAS = int(os.environ.get("AGENDUM_BENCH_LISTS", "200000"))
CUSTOMERS = 200
#: Of today: what is old goes (reaping).
NOW = now() - AGENDAS
HEADERS = {"Authorization": "x"}
#: Any filter, page and count.
MOST_MS = 100.0


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

    async def spent(path: str, times: int = 60) -> tuple[float, float, float, Any]:
        took = []
        for _ in range(times):
            began = time.perf_counter()
            found = await get(path)
            took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took), sorted(took)[int(times * 0.95) - 1], min(took), found

    async def told(kind: str, paths: dict[str, str], times: int = 60) -> list[tuple[str, float]]:
        found = []
        for name, path in paths.items():
            median, p95, least, answer = await spent(path, times)
            shown = answer["count"] if "bycount" in path else len(answer["all"])
            print(
                f"{kind:18} {name:56} p50 {median:6.1f} p95 {p95:6.1f} least {least:6.1f} ms ({shown}) "
                f"{median / single:.1f}x"
            )
            found += [(path, p95)] if p95 > MOST_MS else []
        return found

    middle = str(uuid.UUID(int=AGENDAS // 2 + (1 << 100)))
    single, *_ = await spent(f"progress/agenda/{middle}")
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
        paths |= {each: f"{kind}?{by(each)}" for each in TOGETHER[kind]}
        slow += await told(kind, paths)
    paths = {"all, first page": "progress/operation", "all, deep page": f"progress/operation?cursor={deep}"}
    for each in OPERATIONS:
        paths |= {
            each: f"progress/operation?{by(each)}",
            f"{each}, deep": f"progress/operation?{by(each)}&cursor={deep}",
        }
    paths |= {
        "by id": f"progress/operation?byid={middle}-a",
        "by id, empty": "progress/operation?byid=none",
        "by run": f"progress/operation?byagendaProgressId={middle}",
        "by run, empty": "progress/operation?byagendaProgressId=none",
        "by what is no text, empty": "progress/operation?byparams=none",
    }
    unasked = {name for name in TEXTS["operation"] if not any(f"by{name}=" in path for path in paths.values())}
    assert not unasked, f"filters of operations that are not measured: {unasked}"
    first, *_ = await spent("progress/operation?byoperation=none", 1)
    slow += await told("progress/operation", paths)
    counts = {
        "agenda": ("", "customerId=c7", "linkId=l77", "cid=h0", "cid=none", *TOGETHER["agenda"]),
        "progress/agenda": ("", "processingState=WAITING", "externalId=h0", *TOGETHER["progress/agenda"]),
        "progress/operation": ("", "customerId=c7", *OPERATIONS),
    }
    for kind, asked in counts.items():
        paths = {f"count {each or 'all'}": f"{kind}?bycount=&{by(each)}" for each in asked}
        slow += await told(kind, paths, times=20)
    print(f"single GET p50 {single:.1f} ms; the first list of operations by what has no index rows {first:.0f} ms")
    assert not slow


#: Filters of which each fits half of all objects or all of them, together none, some, or half.
TOGETHER = {
    "agenda": ("cid=h0&jobId=h0", "cid=h0&jobId=h1", "title=none&cid=h0&jobId=h0", "cid=h0&jobId=h1&title=none"),
    "progress/agenda": (
        "cid=h0&externalId=h0",
        "cid=h0&externalId=h1",
        "processingState=WAITING&cid=h0&externalId=h0",
        "title=none&processingState=WAITING&cid=h0",
        "cid=h0&externalId=h0&processingState=WAITING&title=one",
    ),
}
#: Of operations, each by what all have, a few, or none.
OPERATIONS = (
    "operation=a",
    "operation=none",
    "processingState=WAITING",
    "processingState=EXECUTING",
    "processingStateMessage=failed",
    "cid=h0",
    "cid=none",
    "title=none",
    "operation=a&processingState=WAITING",
    "operation=a&cid=h1&processingState=WAITING",
    "operation=b&processingState=EXECUTING&cid=h0",
    "operation=a&customerId=c7",
    "processingState=EXECUTING&customerId=c7",
)


def by(asked: str) -> str:
    """A query string of such filters."""
    return "&".join(f"by{each}" for each in asked.split("&") if each)

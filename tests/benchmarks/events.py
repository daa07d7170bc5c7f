"""A topic full of real events: submissions, then one report each."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from eventstore.codec import encode
from eventstore.commands import SERVICE, SubmitAgenda
from eventstore.envelope import Envelope, link_of
from eventstore.events import TYPES, ProgressReported
from eventstore.ids import partition_of
from eventstore.kafka.admin import make_topics, open_log
from eventstore.kafka.log import KafkaLog
from eventstore.log import NewRecord
from eventstore.model import Agenda, AgendaInsight, AgendaProgress, Operation, OperationProgress, ProcessingState
from eventstore.topics import Topics
from handlers.clock import draw_uuid
from handlers.deciders.submission import submit
from projections.run import Run

NOW = 1_700_000_000_000
BATCH = 500


@dataclass
class Prepared:
    """Where the events are, and how many."""

    topics: Topics
    log: KafkaLog
    log_ids: dict[int, str]
    events: int


async def prepare(bootstrap: str, prefix: str, keys: int, *, reports: bool, partitions: int = 12) -> Prepared:
    """Fill `agendas` with the events of so many runs of one operation."""
    topics = Topics(prefix, partitions)
    await make_topics(bootstrap, topics.all(), 1)
    log = KafkaLog(bootstrap, {topic.name: topic.partitions for topic in topics.all()})
    await log.start()
    ids = await open_log(log, topics.agendas, iter(draw_uuid, None))
    waiting: dict[int, list[NewRecord]] = {number: [] for number in range(topics.partitions)}
    streams = [f"{uuid.UUID(int=number + (1 << 100))}" for number in range(keys)]
    links: dict[str, str] = {}
    for make in [submission, *([report] if reports else [])]:
        for stream in streams:
            record = make(stream, links)
            links[stream] = link_of(record.key, record.headers, record.value or b"")
            batch = waiting[number := partition_of(stream, topics.partitions)]
            batch.append(record)
            if len(batch) == BATCH:
                await log.producer.append_batch(topics.agendas.name, number, batch)
                waiting[number] = []
    for number, batch in waiting.items():
        if batch:
            await log.producer.append_batch(topics.agendas.name, number, batch)
    return Prepared(topics, log, ids, keys * (2 if reports else 1))


def submission(stream: str, _: dict[str, str]) -> NewRecord:
    agenda = Agenda(
        id=f"a-{stream}",
        customer_id="acme",
        link_id="link",
        progress_id=stream,
        operations=[Operation(name="encode", type="encode", payload={"in": 'plain:0123456789abcdef0123:"x.mov"'})],
        agenda_insight=AgendaInsight(resource_pool_id="pool", insight_id="i"),
    )
    command = SubmitAgenda(id=f"s-{stream}", stream=stream, caller=SERVICE, now=NOW, agenda=agenda, do_not_run=True)
    event = submit(command, Run(stream, _nothing, lambda _: ()))
    assert event is not None
    envelope = Envelope(id=command.id, type=TYPES[type(event)], source="bench", time=NOW, version=1, customer_id="acme")
    return NewRecord(stream.encode(), *encode(envelope, event))


def report(stream: str, links: dict[str, str]) -> NewRecord:
    executing = ProcessingState.EXECUTING
    event = ProgressReported(
        agenda_id=f"a-{stream}",
        attempt=1,
        bound=7,
        progress=AgendaProgress(id=stream, processing_state=executing, percent_complete=50.0, updated_time=NOW + 1),
        operations=[
            OperationProgress(operation="encode", processing_state=executing, attempt_count=1, updated_time=NOW + 1)
        ],
    )
    envelope = Envelope(
        id=f"r-{stream}", type=TYPES[type(event)], source="bench", time=NOW, version=2, prev=links[stream]
    )
    return NewRecord(stream.encode(), *encode(envelope, event))


_nothing: Callable[[bytes], bytes | None] = lambda _: None  # noqa: E731

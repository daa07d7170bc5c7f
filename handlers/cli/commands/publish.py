"""`agendum publish`, `agendum asyncapi`: the inbox from outside, with nothing but Kafka."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from eventstore.errors import TopicMismatch
from eventstore.ids import partition_of
from eventstore.kafka.admin import partitions_of
from eventstore.kafka.log import KafkaLog
from eventstore.log import NewRecord
from eventstore.topics import Topics
from handlers.cli.documents import agenda_of
from handlers.cli.exits import Exit, Stop
from handlers.cli.running import carry_out
from handlers.cli.screen import KAFKA, PREFIX, KafkaOption, Output, OutputOption, PrefixOption, Screen
from handlers.clock import draw
from handlers.documents.asyncapi import document
from handlers.inbox.meaning import SUBMIT, ids_of

SOURCE = "agendum/publish"


class Published(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One agenda on its way, and the ids that it will have if it is accepted."""

    file: str
    source: str
    id: str
    progress_id: str
    agenda_id: str


def publish(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Agendas, JSON; - for standard input.")],
    source: Annotated[str, typer.Option(help="ce_source: who publishes.")] = SOURCE,
    identity: Annotated[str | None, typer.Option("--id", help="ce_id; the same again changes nothing.")] = None,
    kafka: KafkaOption = KAFKA,
    prefix: PrefixOption = PREFIX,
    output: OutputOption = Output.TEXT,
) -> None:
    """Publish agendas to the inbox. They are decided later: see `agendum progress`, `agendum rejections list`."""
    screen = Screen(output)

    async def work() -> None:
        if identity is not None and len(files) > 1:
            raise Stop(Exit.USAGE, "expected one FILE with --id", f"found {len(files)}", "publish them one by one")
        documents = [(file, agenda_of(file)[1]) for file in files]
        async with opened(kafka, prefix) as (log, topics):
            found = []
            for file, agenda in documents:
                told, record = _published(file, agenda, source, identity or draw(), topics.partitions)
                # The run's id as key: the inbox partition is then that of the run, read by the worker that decides.
                await log.append(topics.inbox.name, partition_of(told.progress_id, topics.partitions), record)
                found.append(told)
                screen.say(f"agenda    {told.agenda_id}\nprogress  {told.progress_id}")
            if screen.json:
                screen.result(found)
            screen.note(f"agendum progress {found[-1].progress_id}, or agendum rejections list")

    carry_out(screen, "not published", work(), "interrupted; what was shown is published")


def asyncapi(
    prefix: PrefixOption = PREFIX,
    partitions: Annotated[int, typer.Option(envvar="AGENDUM_PARTITIONS", help="Partitions of the topics.")] = 12,
) -> None:
    """Print the AsyncAPI 3 document of the topics: what another program needs to publish and to follow."""
    Screen(Output.JSON).result(document(Topics(prefix, partitions)))


def _published(
    file: Path, agenda: dict[str, Any], source: str, identity: str, partitions: int
) -> tuple[Published, NewRecord]:
    customer, reused = str(agenda.get("customerId") or ""), agenda.get("progressId")
    run, agenda_id = ids_of(customer, source, identity, None if reused is None else str(reused), partitions)
    headers = {"ce_specversion": "1.0", "ce_type": SUBMIT, "ce_source": source, "ce_id": identity}
    record = NewRecord(
        run.encode(),
        msgspec.json.encode(agenda),
        [(name, text.encode()) for name, text in headers.items()] + [("content-type", b"application/json")],
    )
    return Published(file=str(file), source=source, id=identity, progress_id=run, agenda_id=agenda_id), record


@asynccontextmanager
async def opened(kafka: str, prefix: str) -> AsyncIterator[tuple[KafkaLog, Topics]]:
    """The log of an installation that is there, and its topics. Raises LogError, Unavailable."""
    name = Topics(prefix).inbox.name
    count = await partitions_of(kafka, name)
    if count is None:
        raise TopicMismatch(f"expected a topic {name}, found none: start a worker with this prefix, it makes it")
    topics = Topics(prefix, count)
    log = KafkaLog(kafka, {topic.name: topic.partitions for topic in topics.all()})
    try:
        await log.start()
        yield log, topics
    finally:
        await log.stop()

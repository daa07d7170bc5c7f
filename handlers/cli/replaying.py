"""What `agendum replay` and `agendum verify` do with Kafka: no worker is asked, nothing is written."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from eventstore.describing import Body, described, described_raw
from eventstore.errors import TooNew, Unavailable
from eventstore.kafka.admin import partitions_of
from eventstore.kafka.log import KafkaLog
from eventstore.kafka.tail import Tail
from eventstore.log import EventLog, Record
from eventstore.ranges import Span
from eventstore.reading import CATALOGUE_EVENTS, RUN_EVENTS, Classifier, Dropped, Read
from eventstore.replay import follow
from eventstore.topics import Topics
from handlers.cli.exits import Exit, Stop
from handlers.cli.screen import Screen
from handlers.client.patience import insist
from handlers.process.settings import Settings
from handlers.wire.responses import Opener
from projections.audit.judging import Judge
from projections.partition import Partition
from projections.queries.waiting import progress_view

#: A busy broker may leave a question open; only after this long is it away (s).
PATIENCE_SECONDS = 10.0
RETRY_SECONDS = 0.2


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as it is replayed; `classify` is None where it holds no events."""

    name: str
    partitions: int
    classify: Classifier | None = None

    @property
    def is_log(self) -> bool:
        """It holds events, and must be whole."""
        return self.classify is not None

    @property
    def classifier(self) -> Classifier:
        """What its records mean. Raises Stop where it holds no events."""
        if self.classify is None:
            raise Stop(Exit.USAGE, f"{self.name} holds no events", "found a topic of other records", "--topic agendas")
        return self.classify


@asynccontextmanager
async def subject(settings: Settings, topic: str) -> AsyncIterator[tuple[Subject, EventLog]]:
    """A topic by its short or full name, and the log to read it from. Raises Stop, Unavailable."""
    topics = Topics(settings.prefix, settings.partitions)
    short = {each.name.removeprefix(f"{settings.prefix}-"): each.name for each in topics.all()}
    name = short.get(topic, topic)
    count: int | None = await insist(lambda: partitions_of(settings.kafka, name), PATIENCE_SECONDS)
    if count is None:
        raise Stop(
            Exit.NOT_FOUND,
            f"there is no topic {name}",
            f"Kafka at {settings.kafka} does not have it",
            "name another with --topic, or other topics with --prefix",
        )
    classifiers = {
        topics.agendas.name: Classifier(count, settings.poisonous, RUN_EVENTS),
        topics.catalogue.name: Classifier(count, kinds=CATALOGUE_EVENTS),
    }
    log = KafkaLog(settings.kafka, {name: count})
    try:
        await insist(log.start, PATIENCE_SECONDS)
        yield Subject(name=name, partitions=count, classify=classifiers.get(name)), log
    finally:
        await log.stop()


class Replay:
    """Prints the records of spans; of some keys alone, or of all. `judged`: with verdicts, read from the beginning."""

    def __init__(
        self, subject: Subject, log: EventLog, screen: Screen, body: Body, keys: Iterable[str] | None, *, judged: bool
    ) -> None:
        self._subject = subject
        self._log = log
        self._screen = screen
        self._body = body
        self._keys = None if keys is None else {key.encode() for key in keys}
        self._judged = judged and subject.is_log
        self._judges: dict[int, Judge] = {}

    async def run(self, spans: Sequence[Span], patience: float = PATIENCE_SECONDS) -> None:
        """Print these ranges, one partition after the other; a broker that is away is awaited for so long.

        Raises RangeGone, TooNew, Unavailable.
        """
        for span in spans:
            at = 0 if self._judged else span.start
            clock = asyncio.get_running_loop().time
            heard = clock()
            while at < span.stop:
                try:
                    async for records in self._log.read(self._subject.name, span.partition, at, span.stop):
                        self._print(records, span.start)
                        at, heard = records[-1].offset + 1, clock()
                except Unavailable:
                    if clock() > heard + patience:
                        raise
                    await asyncio.sleep(RETRY_SECONDS)

    async def follow(self, bootstrap: str, spans: Sequence[Span]) -> None:
        """Print what comes behind these ranges, for ever."""
        tail = Tail(bootstrap, self._subject.name)
        try:
            await insist(tail.start, float("inf"))
            async for records in follow(tail, {span.partition: span.stop for span in spans}):
                self._print(records, 0)
        finally:
            await tail.stop()

    def _print(self, records: Sequence[Record], start: int) -> None:
        lines: list[dict[str, Any]] = []
        try:
            for record in records:
                line = self._line(record, start)
                if line is not None:
                    lines.append(line)
        except TooNew as wrong:
            at = f"{record.topic}/{record.partition}@{record.offset}"
            raise TooNew(f"{at}: {wrong}") from None
        finally:
            self._screen.lines(lines)

    def _line(self, record: Record, start: int) -> dict[str, Any] | None:
        wanted = record.offset >= start and (self._keys is None or record.key in self._keys)
        if self._subject.classify is None:
            return described_raw(record) if wanted else None
        read = self._subject.classify(record)
        verdict = self._verdict(record, read)
        return described(record, read, self._body, verdict) if wanted else None

    def _verdict(self, record: Record, read: Read | Dropped) -> str | None:
        if not self._judged or isinstance(read, Dropped) or (self._keys is not None and record.key not in self._keys):
            return None
        return self._judges.setdefault(record.partition, Judge())(read).value


def view_of(partition: Partition, topic: str, stream: str, opener: Opener) -> dict[str, Any] | None:
    """A run as HTTP serves it at a partition's position; None if there is no trace of it."""
    run = partition.run(stream)
    if run.head is None:
        return None
    view = progress_view(run)
    agendas = (run.agenda(agenda_id) for agenda_id in run.head.agendas)
    return {
        "topic": topic,
        "partition": partition.number,
        "position": partition.position,
        "key": stream,
        "progress": None if view is None else opener.progress(view),
        "agendas": [opener.agenda(row) for row in agendas if row is not None],
    }

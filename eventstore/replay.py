"""Replays a log: every record of exact ranges, classified as the live feed classifies it (design 4.3, 4.9).

Lives below the folds and the decisions, so a replay can reach neither.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from eventstore.errors import TooNew, Unavailable
from eventstore.events import AgendaSubmitted
from eventstore.log import EventLog, Record
from eventstore.reading import Dropped, Read

Classify = Callable[[Record], Read | Dropped]
#: One batch: each record with what it means, in order of offset.
Batch = list[tuple[Record, Read | Dropped]]

IDLE_SECONDS = 0.5
RETRY_SECONDS = 0.2
_SUBMITTED = b"agendum.AgendaSubmitted."


class Source(Protocol):
    """Partitions of a topic, followed from given offsets (eventstore.kafka.tail.Tail)."""

    def follow(self, positions: Mapping[int, int]) -> None:
        """From now on exactly these partitions, each from its offset."""

    async def batches(self, seconds: float) -> dict[int, Sequence[Record]]:
        """What has come, by partition; empty when nothing comes for that long."""


async def replay_partition(
    log: EventLog, topic: str, partition: int, classify: Classify, start: int, stop: int
) -> AsyncIterator[Batch]:
    """Batches of the records with start <= offset < stop of one partition.

    Raises RangeGone if the range is not whole, TooNew at a record that this release cannot read, after all before it.
    """
    async for records in log.read(topic, partition, start, stop):
        batch: Batch = []
        try:
            for record in records:
                batch.append((record, classify(record)))
        except TooNew:
            yield batch
            raise
        yield batch


async def replay(
    log: EventLog, topic: str, classify: Classify, stops: Mapping[int, int] | None = None
) -> AsyncIterator[Batch]:
    """The topic from its beginning up to `stops` (offset by partition; None: to the ends as they are now).

    One partition after the other: streams never cross partitions. Raises like `replay_partition`.
    """
    for partition, stop in sorted((stops if stops is not None else await log.ends(topic)).items()):
        async for batch in replay_partition(log, topic, partition, classify, 0, stop):
            yield batch


async def stops_at(log: EventLog, topic: str, epoch_ms: int) -> dict[int, int]:
    """Where a replay "as of" a moment (epoch ms, the broker's clock) ends: without what came later."""
    return await log.offsets_at(topic, epoch_ms + 1)


async def follow(source: Source, positions: Mapping[int, int]) -> AsyncIterator[Sequence[Record]]:
    """What comes from these positions on, in order within each partition, for ever; a broker that is away is awaited.

    Raises RangeGone when a position is cut off before it was read.
    """
    source.follow(positions)
    while True:
        try:
            found = await source.batches(IDLE_SECONDS)
        except Unavailable:
            await asyncio.sleep(RETRY_SECONDS)
            continue
        for records in found.values():
            yield records


async def streams_of(
    log: EventLog, topic: str, classify: Classify, agenda_id: str, stops: Mapping[int, int]
) -> list[str]:
    """The runs that an agenda was submitted to: one, unless a client used its id again after a DELETE.

    By a scan of the log, because it needs no worker; only submissions are decoded. Raises like `replay`.
    """
    found: dict[str, None] = {}
    for partition, stop in sorted(stops.items()):
        async for records in log.read(topic, partition, 0, stop):
            for record in records:
                if any(name == "ce_type" and kind.startswith(_SUBMITTED) for name, kind in record.headers if kind):
                    read = classify(record)
                    if isinstance(read, Read) and _submits(read.event, agenda_id):
                        found[read.stream] = None
    return [*found]


def _submits(event: object, agenda_id: str) -> bool:
    return isinstance(event, AgendaSubmitted) and event.agenda.id == agenda_id

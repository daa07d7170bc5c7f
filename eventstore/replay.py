"""Replays a log: every record of exact ranges, classified as the live feed classifies it (design 4.3, 4.9).

Lives below the folds and the decisions, so a replay can reach neither.
"""

from collections.abc import AsyncIterator, Callable, Mapping

from eventstore.log import EventLog, Record
from eventstore.reading import Dropped, Read

Classify = Callable[[Record], Read | Dropped]
#: One batch: each record with what it means, in order of offset.
Batch = list[tuple[Record, Read | Dropped]]


async def replay_partition(
    log: EventLog, topic: str, partition: int, classify: Classify, start: int, stop: int
) -> AsyncIterator[Batch]:
    """Batches of the records with start <= offset < stop of one partition.

    Raises RangeGone if the range is not whole, TooNew at a record that this release cannot read.
    """
    async for records in log.read(topic, partition, start, stop):
        yield [(record, classify(record)) for record in records]


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

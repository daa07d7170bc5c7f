"""Views as they were: a partition's log folded from its beginning to an exact offset, in memory (design 4).

The fold is the one that serves (`Partition`); the store is the in-memory twin of RocksDB, emptied of its overlay as it
goes. Nothing here can reach a decision. A partition's rows must fit into memory; the log is streamed.
"""

from collections.abc import Callable, Collection, Iterator

from eventstore.errors import RangeGone
from eventstore.log import EventLog, Record
from eventstore.reading import Dropped, Read
from projections.partition import Partition
from projections.queues.ready import ReadyLine
from projections.rows import head_key, is_primary, stream_of
from projections.store import MemoryStore

Classify = Callable[[Record], Read | Dropped]
#: Told where the fold is, after each record that was asked for.
Watch = Callable[[Partition], None]


async def fold_to(
    log: EventLog,
    topic: str,
    number: int,
    stop: int,
    classify: Classify,
    streams: Collection[str] | None = None,
    stops: Collection[int] = (),
    watch: Watch = lambda _: None,
) -> Partition:
    """A partition as it was before the record at `stop` was folded; of some streams alone, or of all.

    `watch` sees it at each of `stops` on the way, in order. Raises RangeGone if the log does not hold all of it, TooNew
    at an event that this release cannot fold, in any stream: whoever skips one cannot say what the views were.
    """
    partition = Partition(number, MemoryStore(), classify, ReadyLine("replay"), 0)
    keys = None if streams is None else {stream.encode() for stream in streams}
    pauses = [*sorted(pause for pause in stops if pause <= stop)]
    at = 0
    async for records in log.read(topic, number, 0, stop):
        for record in records:
            if record.offset != at:
                raise RangeGone(
                    f"expected {topic}/{number} to hold offset {at}, found {record.offset}: a hole in the log"
                )
            at += 1
            while pauses and pauses[0] <= record.offset:
                partition.next = pauses.pop(0)
                _settle(partition)
                watch(partition)
            partition.next = record.offset
            if keys is None or record.key in keys:
                partition.fold([record])
            else:
                classify(record)
        _settle(partition)
    partition.next = stop
    for _ in pauses:
        watch(partition)
    return partition


def streams_in(partition: Partition) -> Iterator[str]:
    """Every run that a partition has rows of, in order of their keys; deleted ones included until they are reaped."""
    for key in partition.keys(head_key("")):
        yield stream_of(key)


def rows_in(partition: Partition) -> Iterator[tuple[bytes, bytes]]:
    """Every primary row of a settled partition, graves included."""
    for key, value in partition.store.scan(b""):
        if is_primary(key):
            yield key, value


def _settle(partition: Partition) -> None:
    partition.store.write(partition.overlay.take_off().items())
    partition.overlay.land()

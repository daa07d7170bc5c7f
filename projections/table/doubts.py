"""A foreign record means that its writer's rows or ours were wrong: ours are checked against the log (design 4.3).

The stream is replayed up to where its rows stood when the check began. If they differ, the partition is wiped, and
taken over again from the log: an owner with a wrong row notices nothing by itself, because it agrees with itself.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from eventstore.errors import AgendumError, RangeGone, Unavailable
from eventstore.log import EventLog
from projections.partition import Partition
from projections.rows import PREFIX_LENGTH, agenda_key, head_key, operations_prefix, progress_key
from projections.store import MemoryStore
from projections.table.replica import Replica

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
#: A check reads the partition's whole log: no more often than this, whoever writes foreign records (s).
PAUSE_SECONDS = 30.0


class RowsDiffer(AgendumError):
    """A partition's rows were wrong: it was wiped, and has to be taken over again."""


class Doubts:
    """Checks suspect streams of owned partitions until cancelled."""

    def __init__(
        self, log: EventLog, topic: str, pause: float = PAUSE_SECONDS, lost: Callable[[], None] = lambda: None
    ) -> None:
        self._log = log
        self._topic = topic
        self._pause = pause
        #: ends every ownership: said before a partition is wiped, or somebody would be shown what is left of it
        self._lost = lost
        #: streams checked, and partitions found wrong
        self.checked = self.wrong = 0

    async def run(self, owned: Mapping[int, Partition], replicas: Mapping[int, Replica]) -> None:
        """Check what is suspect; raises RowsDiffer after wiping a partition whose rows were wrong."""
        while owned:
            await asyncio.sleep(min(TICK_SECONDS, self._pause))
            for number, partition in [*owned.items()]:
                if partition.suspects and partition.caught_up:
                    suspects, partition.suspects = partition.suspects, set()
                    await self._check(partition, suspects, replicas[number])
                    await asyncio.sleep(self._pause)

    async def _check(self, partition: Partition, suspects: set[str], replica: Replica) -> None:
        rows = {stream: rows_of(partition, stream) for stream in suspects}
        try:
            replayed = await self._replay(partition, suspects)
        except (Unavailable, RangeGone):
            partition.suspects |= suspects
            return
        for stream in suspects:
            self.checked += 1
            expected = rows_of(replayed, stream)
            logger.warning(
                "a foreign record was dropped",
                extra={"action": "doubt", "stream": stream, "rows_differ": rows[stream] != expected},
            )
            if rows[stream] != expected:
                self.wrong += 1
                self._lost()
                replica.wipe(replica.position)
                raise RowsDiffer(f"partition {partition.number}: rows of {stream} differ from the replay of the log")

    async def _replay(self, partition: Partition, suspects: set[str]) -> Partition:
        keys = {stream.encode() for stream in suspects}
        replayed = partition.twin(MemoryStore())
        async for records in self._log.read(self._topic, partition.number, 0, partition.next):
            for record in records:
                if record.key in keys:
                    replayed.next = record.offset
                    replayed.fold([record])
        return replayed


def rows_of(partition: Partition, stream: str) -> dict[bytes, bytes]:
    """Every row of a stream as it is stored, graves left out."""
    head = partition.run(stream).head
    agendas = [] if head is None else [agenda_key(stream, name) for name in head.agendas]
    keys = [head_key(stream), progress_key(stream), *agendas, *partition.keys(operations_prefix(stream))]
    found = ((key, partition.get(key)) for key in keys)
    return {key: value for key, value in found if value is not None and len(value) > PREFIX_LENGTH}

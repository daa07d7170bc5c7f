"""A tail of which no record may be missed, and in which none may stop the others, whoever wrote it. All ours are.

Measured, both held by tests/contract/test_sieve:

- A header whose name is not UTF-8 is a sound record for the broker, but aiokafka's parser raises UnicodeDecodeError at
  it (CorruptRecordException without its extensions), and again at every fetch, for ever. Here such a record becomes an
  `Illegible` at its offset, and reading goes on behind it. What follows in the same batch is illegible too, because the
  parser has to get past it: a batch is one producer's.
- When that comes out of `getmany`, what it had already taken of other partitions is gone, and their positions are past
  it. The fold of `agendas` sees such a gap; offsets of the inbox may have gaps. So after every error each partition is
  sought back to where it was delivered to.
"""

from collections.abc import Mapping, Sequence

from aiokafka.errors import CorruptRecordException

from eventstore.errors import RangeGone, Unavailable
from eventstore.kafka.tail import Tail
from eventstore.log import Illegible, Record

PROBE_MS = 500


class Sieve(Tail):
    """See above."""

    def __init__(self, bootstrap: str, topic: str, *, hurried: bool = True) -> None:
        super().__init__(bootstrap, topic, hurried=hurried)
        #: partition -> behind the last record delivered
        self._delivered: dict[int, int] = {}

    def follow(self, positions: Mapping[int, int]) -> None:
        """From now on exactly these partitions, each from its offset."""
        super().follow(positions)
        self._delivered = dict(positions)

    def seek(self, partition: int, offset: int) -> None:
        """Go on from another offset."""
        super().seek(partition, offset)
        self._delivered[partition] = offset

    async def batches(self, seconds: float) -> dict[int, Sequence[Record]]:
        """As Tail's, with an Illegible in the place of a record that cannot be read."""
        try:
            found = await super().batches(seconds)
        except (ValueError, Unavailable, RangeGone) as wrong:
            self._go_back()
            if not _is_parsing(wrong):
                raise
            found = await self._one_of_each()
        for number, records in found.items():
            self._delivered[number] = records[-1].offset + 1
        return found

    def _go_back(self) -> None:
        for number, offset in [*self._delivered.items()]:
            self.seek(number, offset)

    async def _one_of_each(self) -> dict[int, Sequence[Record]]:
        found: dict[int, Sequence[Record]] = {}
        for place in self._consumer.assignment() - self._consumer.paused():
            try:
                records = (await self._consumer.getmany(place, timeout_ms=PROBE_MS, max_records=1)).get(place, ())
            except (ValueError, CorruptRecordException) as wrong:
                offset = self._delivered[place.partition]
                self.seek(place.partition, offset + 1)
                records = [Illegible(place.topic, place.partition, offset, str(wrong))]
            if records:
                found[place.partition] = records
        return found


def _is_parsing(wrong: Exception) -> bool:
    return isinstance(wrong, ValueError) or isinstance(wrong.__cause__, CorruptRecordException)

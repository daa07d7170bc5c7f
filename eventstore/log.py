"""The log as everything else sees it: an append, a read, an end. `memory` and `kafka` are its two twins,
held to one contract suite (tests/contract).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from eventstore.envelope import Envelope
from eventstore.events import Event


class Record(Protocol):
    """One record as it stands in a topic (names as aiokafka's ConsumerRecord has them)."""

    topic: str
    partition: int
    offset: int
    #: epoch ms at which the broker appended it (LogAppendTime)
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Illegible(msgspec.Struct):
    """Stands where a record stands that the client cannot read: its place, and why."""

    topic: str
    partition: int
    offset: int
    why: str
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class Landed(msgspec.Struct, gc=False):
    """A record that is known to stand in a topic: fetched, or one's own as a reader will find it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    #: of one's own: see NewRecord
    said: tuple[Envelope, Event] | None = None


class NewRecord(msgspec.Struct, frozen=True, gc=False):
    """Bytes to append; a re-send sends exactly these again.

    Whoever wrote an event need not read it again: `said` is what `codec.decode` would find in these very bytes
    (tests/unit/eventstore/test_codec holds that of every event), and goes no further than this process.
    """

    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]
    said: tuple[Envelope, Event] | None = None


#: Told the records of a partition that have landed: one after another, offsets and all; none, where that is not known.
Heard = Callable[[int, Sequence[Record]], None]


class EventLog(Protocol):
    """Append-only partitions of records."""

    def append(self, topic: str, partition: int, record: NewRecord) -> Awaitable[None]:
        """Done once at least one copy is acknowledged by all in-sync replicas; under way without being awaited.

        A send of unknown outcome is sent again, the identical bytes, for as long as the caller waits: copies are
        possible, loss is not. Cancelling stops the re-sending; the record may be in the log all the same.
        Which offset it got is not said: a retried send may learn a wrong one (design 4.3).
        """

    def listen(self, topic: str, heard: Heard) -> None:
        """From now on tell of appends made here, before they are done, where it is certain at which offsets they are.

        What is told is true for ever. Of what may be there without that, no records are told: a reader finds them.
        """

    def read(self, topic: str, partition: int, start: int, stop: int) -> AsyncIterator[Sequence[Record]]:
        """Batches of the records with start <= offset < stop; raises RangeGone if the range is not whole."""

    def follow(self, topic: str, partition: int, start: int) -> AsyncIterator[Sequence[Record]]:
        """Batches from `start` on, for ever; an empty batch about once a second while nothing comes."""

    async def ends(self, topic: str) -> dict[int, int]:
        """Per partition the offset that the next record will get; raises Unavailable without an answer."""

    async def starts(self, topic: str) -> dict[int, int]:
        """Per partition the first offset that is still there."""

    async def offsets_at(self, topic: str, epoch_ms: int) -> dict[int, int]:
        """Per partition the first offset appended at or after a moment; the end where there is none."""

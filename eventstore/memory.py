"""The log in memory: the twin of `eventstore.kafka`, for tests and models, under the same contract suite.

What Kafka may do, a test can ask for, by an attribute: appends wait (`hold`), land twice (`copies`), or land without
an acknowledgement for the first sends (`lost_acks`), so that the same bytes are sent again. Whoever listens is told of
every append at once, and where it landed, unless `deaf`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from eventstore.errors import RangeGone
from eventstore.log import Heard, Landed, NewRecord, Record


@dataclass(slots=True)
class MemoryRecord:
    """One record as it stands in a topic."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = field(default_factory=list)


class InMemoryLog:
    """See eventstore.log.EventLog; `now` gives the broker's time of each append (epoch ms)."""

    def __init__(self, partitions: Mapping[str, int], now: int = 1_700_000_000_000) -> None:
        self._partitions = dict(partitions)
        self._records: dict[tuple[str, int], list[Record]] = {}
        self._next: dict[tuple[str, int], int] = {}
        self._news = asyncio.Event()
        self._now = now
        #: each append lands so many times
        self.copies = 1
        #: so many sends land, and their acknowledgement is lost: sent again at once, as the producer does
        self.lost_acks = 0
        #: nobody is told where appends land, as where acknowledgements come late
        self.deaf = False
        self._heard: dict[str, Heard] = {}
        self._gate = asyncio.Event()
        self._gate.set()

    def hold(self) -> None:
        """From now on appends wait; cancelled ones never land."""
        self._gate.clear()

    def release(self) -> None:
        """Let the held appends land, in the order in which they were asked for."""
        self._gate.set()

    def put(self, topic: str, partition: int, record: NewRecord) -> int:
        """Append at once; the record's offset."""
        place = (topic, partition)
        offset = self._next.get(place, 0)
        self._next[place] = offset + 1
        self._now += 1
        stored = MemoryRecord(topic, partition, offset, self._now, record.key, record.value, list(record.headers))
        self._records.setdefault(place, []).append(stored)
        news, self._news = self._news, asyncio.Event()
        news.set()
        return offset

    def records(self, topic: str, partition: int) -> list[Record]:
        """Everything that is still there."""
        return list(self._records.get((topic, partition), ()))

    def compact(self, topic: str, partition: int) -> None:
        """Keep the last record of each key, as a compaction does."""
        records = self._records.get((topic, partition), [])
        last = {record.key: record.offset for record in records}
        self._records[topic, partition] = [record for record in records if last[record.key] == record.offset]

    def cut(self, topic: str, partition: int, start: int) -> None:
        """Delete the records before an offset."""
        records = self._records.get((topic, partition), [])
        self._records[topic, partition] = [record for record in records if record.offset >= start]

    def recreate(self, topic: str) -> None:
        """Delete a topic and make it anew, empty."""
        for number in range(self._partitions[topic]):
            self._records.pop((topic, number), None)
            self._next.pop((topic, number), None)

    async def append(self, topic: str, partition: int, record: NewRecord) -> None:
        """See EventLog."""
        await self._gate.wait()
        lost, self.lost_acks = self.lost_acks, 0
        for _ in range(lost + self.copies):
            self.put(topic, partition, record)
        if (heard := self._heard.get(topic)) is not None:
            last = self._records[topic, partition][-1]
            at = (topic, partition, last.offset, last.timestamp)
            landed = Landed(*at, record.key, record.value, record.headers, record.said)
            heard(partition, () if lost or self.deaf else (landed,))

    def listen(self, topic: str, heard: Heard) -> None:
        """See EventLog."""
        self._heard[topic] = heard

    async def ends(self, topic: str) -> dict[int, int]:
        """See EventLog."""
        return {number: self._next.get((topic, number), 0) for number in range(self._partitions[topic])}

    async def starts(self, topic: str) -> dict[int, int]:
        """See EventLog."""
        found = await self.ends(topic)
        for number in found:
            records = self._records.get((topic, number))
            found[number] = records[0].offset if records else found[number]
        return found

    async def offsets_at(self, topic: str, epoch_ms: int) -> dict[int, int]:
        """See EventLog."""
        found = await self.ends(topic)
        for number in found:
            later = (record.offset for record in self.records(topic, number) if record.timestamp >= epoch_ms)
            found[number] = next(later, found[number])
        return found

    async def read(self, topic: str, partition: int, start: int, stop: int) -> AsyncIterator[Sequence[Record]]:
        """See EventLog."""
        first, end = (await self.starts(topic))[partition], (await self.ends(topic))[partition]
        if start < first or stop > end:
            raise RangeGone(f"expected {topic}/{partition} to hold {start} to {stop}, found {first} to {end}")
        found = [record for record in self.records(topic, partition) if start <= record.offset < stop]
        if found:
            yield found

    async def follow(self, topic: str, partition: int, start: int) -> AsyncIterator[Sequence[Record]]:
        """See EventLog."""
        source = MemorySource(self, topic)
        source.follow({partition: start})
        while True:
            yield (await source.batches(1.0)).get(partition, ())

    async def news(self, seconds: float) -> None:
        """Wait for the next append anywhere."""
        # Not asyncio.wait_for: in Python 3.11 it may swallow a cancellation that meets the result.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()


class MemorySource:
    """Follows partitions of one topic: the twin of eventstore.kafka.tail.Tail."""

    def __init__(self, log: InMemoryLog, topic: str) -> None:
        self._log = log
        self._topic = topic
        self._positions: dict[int, int] = {}
        #: nothing is fetched of these
        self.paused: set[int] = set()

    def follow(self, positions: Mapping[int, int]) -> None:
        """From now on exactly these partitions, each from its offset."""
        self._positions = dict(positions)
        self.paused.clear()

    def seek(self, partition: int, offset: int) -> None:
        """Go on from another offset."""
        if partition in self._positions:
            self._positions[partition] = offset

    def pause(self, partition: int) -> None:
        """Fetch nothing of a partition until `resume`."""
        self.paused.add(partition)

    def resume(self, partition: int) -> None:
        """Fetch again."""
        self.paused.discard(partition)

    async def batches(self, seconds: float) -> dict[int, Sequence[Record]]:
        """What has come, by partition; raises RangeGone like its twin."""
        found = await self._fetch()
        if not found:
            await self._log.news(seconds)
            found = await self._fetch()
        return found

    async def position(self, partition: int) -> int:
        """Offset of the next record that `batches` will give."""
        return self._positions[partition]

    async def _fetch(self) -> dict[int, Sequence[Record]]:
        found: dict[int, Sequence[Record]] = {}
        ends = await self._log.ends(self._topic)
        for number in self._positions.keys() - self.paused:
            position = self._positions[number]
            if position > ends[number]:
                raise RangeGone(f"expected {self._topic}/{number} to hold {position}, it ends at {ends[number]}")
            records = [each for each in self._log.records(self._topic, number) if each.offset >= position]
            self._positions[number] = ends[number]
            if records:
                found[number] = records
        return found

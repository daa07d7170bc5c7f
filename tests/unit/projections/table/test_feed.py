"""What is folded at its acknowledgement: exactly what the fetch would have brought next, or nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest

from eventstore.envelope import Envelope, write_headers
from eventstore.errors import TooNew, Unavailable
from eventstore.log import NewRecord, Record
from eventstore.memory import MemorySource
from projections.partition import OVERLAY_BOUND, Partition
from projections.queues.ready import ReadyLine
from projections.store import MemoryStore
from projections.table.feed import REST_SECONDS, SLICE, Feed
from projections.verdict import Verdict
from tests import builders as b
from tests.history import TOPIC, History, classifier


class Reader:
    """A worker's feed on the log of a story, which tells it of appends when a test says so."""

    def __init__(self, story: History) -> None:
        self.log = story.log
        self.partition = Partition(0, MemoryStore(), classifier(), ReadyLine("reader"), 0)
        self.partition.want = 1
        self.owned = {0: self.partition}
        self.source = MemorySource(story.log, TOPIC)
        self.now, self.looks = 0.0, 0
        self.feed = Feed(self.source, self._clock)
        self.slices = 0
        self.task = asyncio.ensure_future(self.feed.run(self.owned, self._count))

    def _count(self, _: Partition, __: bool) -> None:
        self.slices += 1

    def _clock(self) -> float:
        self.looks += 1
        return self.now

    async def looked(self) -> None:
        """The feed has seen what time it is."""
        before = self.looks
        self.log.put("elsewhere", 0, NewRecord(b"k", b"", []))  # whatever comes, it has a look
        async with asyncio.timeout(60):
            while self.looks == before:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    def rests(self) -> bool:
        """Nothing is fetched of the partition."""
        return self.source.paused == {0}

    def records(self, count: int) -> Sequence[Record]:
        """The last records of the log."""
        return self.log.records(TOPIC, 0)[-count:]

    async def caught_up(self) -> None:
        """Everything was fetched and folded."""
        async with asyncio.timeout(60):
            while self.partition.next < len(self.log.records(TOPIC, 0)) or not self.slices:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@pytest.fixture
def story() -> History:
    return History()


@pytest.fixture
async def reader(story: History) -> AsyncIterator[Reader]:
    found = Reader(story)
    await found.caught_up()
    yield found
    found.task.cancel()
    with suppress(asyncio.CancelledError, TooNew):
        await found.task


async def test_what_is_next_is_folded_at_once_and_what_follows_once_fetched(story: History, reader: Reader) -> None:
    told: list[Verdict | None] = []
    reader.partition.expect("e1", told.append)
    story.add(b.submit())

    reader.feed.landed(0, reader.records(1))

    assert (reader.partition.next, told, reader.feed.landed_first) == (2, [Verdict.APPLIED], 1)
    assert reader.partition.run(b.RUN).head == story.live.run(b.RUN).head is not None
    story.add(b.dispatch())
    reader.now = REST_SECONDS
    await reader.caught_up()
    assert reader.partition.verdicts == story.live.verdicts
    assert dict(reader.partition.overlay.items()) == dict(story.live.overlay.items())


async def test_what_was_folded_is_passed_over_in_the_source_and_nothing_is_fetched_for_a_while(
    story: History, reader: Reader
) -> None:
    story.add(b.submit())

    reader.feed.landed(0, reader.records(1))

    assert reader.rests()
    assert await reader.source.position(0) == reader.partition.next == 2
    story.add(b.dispatch())
    reader.feed.landed(0, reader.records(1))
    assert (reader.partition.next, reader.rests()) == (3, True)


async def test_what_another_wrote_is_fetched_once_nothing_has_landed_for_long_enough(
    story: History, reader: Reader
) -> None:
    story.add(b.submit())
    reader.feed.landed(0, reader.records(1))
    story.add(b.dispatch())
    reader.now = REST_SECONDS / 2
    await reader.looked()
    assert (reader.partition.next, reader.rests()) == (2, True)

    reader.now = REST_SECONDS

    await reader.caught_up()
    assert not reader.rests()
    assert reader.partition.verdicts == story.live.verdicts


async def test_what_landed_who_knows_where_is_fetched(story: History, reader: Reader) -> None:
    story.add(b.submit())
    reader.feed.landed(0, reader.records(1))
    story.add(b.dispatch())

    reader.feed.landed(0, ())

    assert not reader.rests()
    await reader.caught_up()
    assert reader.partition.verdicts == story.live.verdicts


async def test_a_rest_ends_in_time_where_another_partition_cannot_be_fetched(
    story: History, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.add(b.submit())
    reader.feed.landed(0, reader.records(1))
    story.add(b.dispatch())

    async def unavailable(_: float) -> dict[int, Sequence[Record]]:
        raise Unavailable("not allowed")

    monkeypatch.setattr(reader.source, "batches", unavailable)
    reader.now = REST_SECONDS
    await reader.looked()
    assert not reader.rests()


async def test_who_has_not_caught_up_does_not_rest(story: History, reader: Reader) -> None:
    reader.partition.want = 3
    story.add(b.submit())

    reader.feed.landed(0, reader.records(1))

    assert (reader.partition.next, reader.rests()) == (2, False)


async def test_what_another_wrote_before_it_is_fetched_at_once(story: History, reader: Reader) -> None:
    story.add(b.submit())
    reader.feed.landed(0, reader.records(1))
    story.place(None, b"another's")
    story.add(b.dispatch())

    reader.feed.landed(0, reader.records(1))

    assert (reader.partition.next, reader.rests()) == (2, False)
    await reader.caught_up()
    assert reader.partition.verdicts == story.live.verdicts


async def test_what_follows_something_that_is_not_folded_yet_waits_for_it(story: History, reader: Reader) -> None:
    story.add(b.submit())
    story.add(b.dispatch())

    reader.feed.landed(0, reader.records(1))

    assert (reader.partition.next, reader.feed.landed_first) == (1, 0)
    await reader.caught_up()
    assert reader.partition.verdicts == story.live.verdicts


async def test_of_a_batch_what_is_folded_already_is_skipped(story: History, reader: Reader) -> None:
    story.add(b.submit())
    reader.feed.landed(0, reader.records(1))
    story.add(b.dispatch())

    reader.feed.landed(0, reader.records(2))
    reader.feed.landed(0, reader.records(2))

    assert (reader.partition.next, reader.feed.landed_first) == (3, 2)
    assert reader.partition.verdicts == story.live.verdicts


async def test_the_first_record_with_an_event_id_tells_and_its_copy_changes_nothing(
    story: History, reader: Reader
) -> None:
    told: list[Verdict | None] = []
    reader.partition.expect("e1", told.append)
    story.add(b.submit())
    record = reader.records(1)[0]
    story.place(record.key, record.value, record.headers)

    reader.feed.landed(0, reader.records(1))
    assert told == []
    reader.feed.landed(0, reader.records(2))

    assert told == [Verdict.APPLIED]
    assert reader.partition.verdicts[Verdict.DUPLICATE] == 1


async def test_a_partition_that_is_lost_or_full_folds_nothing_at_an_acknowledgement(
    story: History, reader: Reader
) -> None:
    story.add(b.submit())
    reader.partition.overlay.size = OVERLAY_BOUND + 1
    reader.feed.landed(0, reader.records(1))
    reader.partition.overlay.size = 0
    reader.owned.clear()
    reader.feed.landed(0, reader.records(1))

    assert reader.partition.next == 1


async def test_what_would_keep_others_from_their_turn_is_left_to_the_fetch(story: History, reader: Reader) -> None:
    for _ in range(SLICE + 1):
        story.place(None, b"garbage")

    reader.feed.landed(0, reader.records(SLICE + 1))

    assert reader.partition.next == 1
    await reader.caught_up()


async def test_what_can_not_be_folded_ends_the_feed_as_if_it_had_been_fetched(story: History, reader: Reader) -> None:
    headers = write_headers(Envelope(id="x", type="agendum.Later.v1", source="s", time=0, version=1))
    # Nobody folds it for the story: no worker of this release could.
    story.log.put(TOPIC, 0, NewRecord(b"r", b"{}", headers))

    reader.feed.landed(0, reader.records(1))
    reader.feed.landed(0, reader.records(1))

    assert reader.partition.next == 1
    async with asyncio.timeout(60):
        with pytest.raises(TooNew):
            await reader.task

from collections.abc import Sequence

import pytest

from eventstore.codec import encode
from eventstore.envelope import Envelope
from eventstore.errors import RangeGone, TooNew, Unavailable
from eventstore.events import TYPES, AgendaDeleted
from eventstore.ids import partition_of
from eventstore.log import NewRecord, Record
from eventstore.memory import InMemoryLog, MemorySource
from eventstore.reading import Classifier, Dropped, Read
from eventstore.replay import follow, replay, replay_partition, stops_at, streams_of
from tests import builders as b
from tests.history import History, classifier

TOPIC, P = "t-agendas", 2
CLASSIFY = Classifier(P)


def event(number: int, kind: str = TYPES[AgendaDeleted]) -> NewRecord:
    envelope = Envelope(id=f"e{number}", type=kind, source="w1", time=0, version=1)
    value, headers = encode(envelope, AgendaDeleted(agenda_id=f"a{number}"))
    return NewRecord(f"r{number}".encode(), value, headers)


def log_of(count: int) -> InMemoryLog:
    log = InMemoryLog({TOPIC: P})
    for number in range(count):
        log.put(TOPIC, partition_of(f"r{number}", P), event(number))
    return log


async def test_replays_every_event_of_every_partition_in_order() -> None:
    log = log_of(20)

    found = [pair async for batch in replay(log, TOPIC, CLASSIFY) for pair in batch]

    assert {read.envelope.id for _, read in found if isinstance(read, Read)} == {f"e{number}" for number in range(20)}
    places = [(record.partition, record.offset) for record, _ in found]
    assert places == sorted(places)
    assert len(places) == 20


async def test_stops_exactly_where_it_was_told_to() -> None:
    log = log_of(20)

    found = [record.offset async for batch in replay_partition(log, TOPIC, 1, CLASSIFY, 2, 5) for record, _ in batch]

    assert found == [2, 3, 4]


async def test_as_of_a_moment_leaves_out_what_came_later() -> None:
    log = log_of(20)
    last = log.records(TOPIC, 0)[3].timestamp

    stops = await stops_at(log, TOPIC, last)

    assert stops[0] == 4
    assert all(record.timestamp <= last for record in log.records(TOPIC, 1)[: stops[1]])
    assert all(record.timestamp > last for record in log.records(TOPIC, 1)[stops[1] :])


async def test_shows_what_it_dropped_and_why() -> None:
    log = log_of(0)
    log.put(TOPIC, 0, NewRecord(b"nonsense", b"", []))

    found = [read async for batch in replay(log, TOPIC, Classifier(1)) for _, read in batch]

    assert found == [Dropped("unreadable")]


async def test_says_when_the_beginning_is_gone() -> None:
    log = log_of(20)
    log.cut(TOPIC, 0, 2)

    with pytest.raises(RangeGone, match="t-agendas/0"):
        [batch async for batch in replay(log, TOPIC, CLASSIFY)]


async def test_does_not_skip_what_it_cannot_read() -> None:
    log = InMemoryLog({TOPIC: P})
    log.put(TOPIC, partition_of("r1", P), event(1))
    log.put(TOPIC, partition_of("r1", P), event(1, "agendum.AgendaDeleted.v9"))

    log.put(TOPIC, partition_of("r1", P), event(1))
    batches = replay(log, TOPIC, CLASSIFY)

    assert [record.offset for record, _ in await anext(batches)] == [0], "what stands before it is given"
    with pytest.raises(TooNew):
        await anext(batches)


async def test_follows_all_partitions_from_where_each_is_and_waits_for_a_broker_that_is_away() -> None:
    log = log_of(20)
    source = Flaky(log, TOPIC)
    source.failures = 1
    ends = await log.ends(TOPIC)
    wanted = ends[0] - 3 + ends[1] - 5
    found: list[tuple[int, int]] = []

    async for records in follow(source, {0: 3, 1: 5}):
        found += [(record.partition, record.offset) for record in records]
        if len(found) == wanted:
            source.failures = 2
            for number in (20, 21, 22):
                log.put(TOPIC, partition_of(f"r{number}", P), event(number))
        if len(found) == wanted + 3:
            break

    ends = await log.ends(TOPIC)
    assert sorted(found) == [(0, at) for at in range(3, ends[0])] + [(1, at) for at in range(5, ends[1])]
    assert source.failures == 0


class Flaky(MemorySource):
    """A source whose broker is away, so many times."""

    failures = 0

    async def batches(self, seconds: float) -> dict[int, Sequence[Record]]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("away")
        return await super().batches(seconds)


async def test_finds_the_runs_of_an_agenda_by_its_submissions() -> None:
    story = History()
    story.add(b.submit("a1", stream="r1", id="1"))
    story.place(b"r2", b"noise", [("ce_type", b"agendum.AgendaSubmitted.v1")])
    story.place(b"r2", b"poisonous")
    story.add(b.submit("a2", stream="r2", id="2"))
    story.add(b.submit("a1", stream="r3", id="3"))
    classify, ends = classifier(), await story.log.ends("t-agendas")

    found = {name: await streams_of(story.log, "t-agendas", classify, name, ends) for name in ("a1", "a2", "a3")}

    assert found == {"a1": ["r1", "r3"], "a2": ["r2"], "a3": []}
    assert await streams_of(story.log, "t-agendas", classify, "a1", {0: 2}) == ["r1"]

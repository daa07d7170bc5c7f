import pytest

from eventstore.codec import encode
from eventstore.envelope import Envelope
from eventstore.errors import RangeGone, TooNew
from eventstore.events import TYPES, AgendaDeleted
from eventstore.ids import partition_of
from eventstore.log import NewRecord
from eventstore.memory import InMemoryLog
from eventstore.reading import Classifier, Dropped, Read
from eventstore.replay import replay, replay_partition, stops_at

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
    log.put(TOPIC, partition_of("r1", P), event(1, "agendum.AgendaDeleted.v9"))

    with pytest.raises(TooNew):
        [batch async for batch in replay(log, TOPIC, CLASSIFY)]

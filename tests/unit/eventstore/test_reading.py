import pytest

from eventstore.catalogue_events import CustomerSaved
from eventstore.codec import encode
from eventstore.envelope import Envelope, link_of, write_headers
from eventstore.errors import TooNew
from eventstore.events import TYPES, AgendaDeleted, Event, LogOpened, RunReaped
from eventstore.log import Landed
from eventstore.memory import MemoryRecord
from eventstore.model import Customer
from eventstore.reading import (
    NO_KEY,
    OPENED,
    OPENED_KEY,
    OTHER_KEY,
    OTHER_KIND,
    POISONOUS,
    RUN_EVENTS,
    UNREADABLE,
    Classifier,
    Read,
)

P = 12
STREAM = b"r1"
HOME = 9


def record(event: Event, key: bytes | None = STREAM, partition: int = HOME, offset: int = 5) -> MemoryRecord:
    envelope = Envelope(id="e1", type=TYPES[type(event)], source="w1", time=0, version=1)
    value, headers = encode(envelope, event)
    return MemoryRecord("t-agendas", partition, offset, 0, key, value, headers)


def test_reads_an_event_with_its_stream_and_link() -> None:
    deleted = record(AgendaDeleted(agenda_id="a1"))

    read = Classifier(P)(deleted)

    assert isinstance(read, Read)
    assert (read.stream, read.envelope.id, read.event) == ("r1", "e1", AgendaDeleted(agenda_id="a1"))
    assert read.link == link_of(STREAM, deleted.headers, deleted.value or b"")


def test_what_was_said_here_is_not_decoded_again_and_stands_for_its_bytes() -> None:
    other = record(AgendaDeleted(agenda_id="a1"))
    said = (Envelope(id="e2", type="t", source="w1", time=0, version=2), RunReaped())

    own = Landed(other.topic, other.partition, other.offset, 0, other.key, other.value, other.headers, said)
    read = Classifier(P)(own)

    assert isinstance(read, Read)
    assert (read.stream, (read.envelope, read.event)) == ("r1", said)
    assert read.link == link_of(STREAM, other.headers, other.value or b"")


@pytest.mark.parametrize("offset", [0, 7])
def test_drops_the_opening_of_the_log_and_its_later_copies(offset: int) -> None:
    assert Classifier(P)(record(LogOpened(log_id="l", partitions=P), OPENED_KEY, offset=offset)) is OPENED


def test_drops_a_record_without_a_key() -> None:
    assert Classifier(P)(record(RunReaped(), None)) is NO_KEY


def test_drops_a_key_that_belongs_to_another_partition() -> None:
    assert Classifier(P)(record(RunReaped(), partition=HOME - 1)) is OTHER_KEY


def test_drops_bytes_that_are_not_ours() -> None:
    assert Classifier(P)(MemoryRecord("t", HOME, 1, 0, STREAM, b"hello", [])) is UNREADABLE
    assert Classifier(1)(record(RunReaped(), b"\xff", partition=0)) is UNREADABLE


def test_drops_what_a_setting_names_as_poisonous_and_nothing_else() -> None:
    classify = Classifier(P, poisonous=[(HOME, 5)])

    assert classify(record(RunReaped(), offset=5)) is POISONOUS
    assert isinstance(classify(record(RunReaped(), offset=6)), Read)


def test_a_poisonous_record_need_not_be_readable() -> None:
    newer = _newer()

    assert Classifier(P, poisonous=[(HOME, newer.offset)])(newer) is POISONOUS


def test_refuses_to_skip_what_a_newer_release_wrote() -> None:
    with pytest.raises(TooNew):
        Classifier(P)(_newer())


def test_drops_events_that_the_topics_fold_does_not_know() -> None:
    classify = Classifier(P, kinds=RUN_EVENTS)

    assert classify(record(CustomerSaved(customer=Customer(id="c1")))) is OTHER_KIND
    assert classify(record(LogOpened(log_id="l", partitions=P))) is OTHER_KIND
    assert isinstance(classify(record(RunReaped())), Read)


def _newer() -> MemoryRecord:
    envelope = Envelope(id="e1", type="agendum.RunReaped.v9", source="w9", time=0, version=1)
    return MemoryRecord("t-agendas", HOME, 9, 0, STREAM, b"{}", write_headers(envelope))

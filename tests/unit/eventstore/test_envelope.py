from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from eventstore.envelope import Envelope, format_time, link_of, parse_time, read_headers, write_headers
from eventstore.errors import Unreadable

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
MAYBE = st.none() | WORDS
TIMES = st.integers(min_value=-60_000_000_000_000, max_value=250_000_000_000_000)
ENVELOPES = st.builds(
    Envelope,
    id=WORDS,
    type=WORDS,
    source=WORDS,
    time=TIMES,
    version=st.integers(1, 2**53),
    prev=MAYBE,
    customer_id=MAYBE,
    correlation=MAYBE,
    cause=MAYBE,
    request=MAYBE,
    key_id=MAYBE,
    inbox=st.none() | st.tuples(st.integers(0, 1023), st.integers(0, 2**53)),
)
EXTENSIONS = {
    "prev": "prev",
    "customerid": "customer_id",
    "correlation": "correlation",
    "cause": "cause",
    "request": "request",
    "keyid": "key_id",
}
PLAIN = Envelope(id="e1", type="agendum.RunReaped.v1", source="w1", time=1_764_000_000_123, version=7)


def said_of(envelope: Envelope) -> str | None:
    return None if envelope.inbox is None else "{}@{}".format(*envelope.inbox)


@given(ENVELOPES)
def test_headers_read_back_as_the_envelope_that_was_written(envelope: Envelope) -> None:
    assert read_headers(write_headers(envelope)) == envelope


@given(TIMES)
def test_a_time_reads_back_to_the_millisecond(epoch_ms: int) -> None:
    assert parse_time(format_time(epoch_ms)) == epoch_ms


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_time("2026-11-25T19:20:21.123") == parse_time("2026-11-25T20:20:21.123+01:00")


@given(ENVELOPES)
def test_the_cloudevents_sdk_reads_what_we_write(envelope: Envelope) -> None:
    message = KafkaMessage(headers=dict(write_headers(envelope)), key=None, value=b"{}")

    event = from_binary(message, JSONFormat(), CloudEvent)

    assert event.get_specversion() == "1.0"
    assert event.get_datacontenttype() == "application/json"
    assert (event.get_id(), event.get_type(), event.get_source()) == (envelope.id, envelope.type, envelope.source)
    moment = event.get_time()
    assert moment is not None
    assert round(moment.timestamp() * 1000) == envelope.time
    assert event.get_extension("streamversion") == str(envelope.version)
    for extension, field in EXTENSIONS.items():
        assert event.get_extension(extension) == getattr(envelope, field)
    assert event.get_extension("inbox") == said_of(envelope)


@given(ENVELOPES)
def test_we_read_what_the_cloudevents_sdk_writes(envelope: Envelope) -> None:
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": envelope.id,
        "type": envelope.type,
        "source": envelope.source,
        "time": datetime.fromtimestamp(0, UTC).fromisoformat(format_time(envelope.time)),
        "datacontenttype": "application/json",
        "streamversion": str(envelope.version),
    }
    extensions = {name: getattr(envelope, field) for name, field in EXTENSIONS.items()}
    extensions["inbox"] = said_of(envelope)
    attributes |= {name: value for name, value in extensions.items() if value is not None}

    message = to_binary(CloudEvent(attributes, {}), JSONFormat())

    assert read_headers(list(message.headers.items())) == envelope


@pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_source", "ce_time", "ce_streamversion", "ce_specversion"])
def test_refuses_headers_that_lack_a_required_one(missing: str) -> None:
    headers = [(name, value) for name, value in write_headers(PLAIN) if name != missing]

    with pytest.raises(Unreadable, match=missing):
        read_headers(headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_time", b"yesterday"),
        ("ce_streamversion", b"first"),
        ("ce_id", b"\xff"),
        ("ce_cause", None),
        ("ce_inbox", b"7"),
    ],
)
def test_refuses_headers_that_cannot_be_read(name: str, value: Any) -> None:
    headers = {**dict(write_headers(PLAIN)), name: value}

    with pytest.raises(Unreadable):
        read_headers(list(headers.items()))


def test_a_link_does_not_depend_on_the_order_of_headers() -> None:
    headers = write_headers(PLAIN)

    assert link_of(b"r1", headers, b"{}") == link_of(b"r1", headers[::-1], b"{}")


def test_a_link_tells_where_each_part_ends() -> None:
    assert link_of(b"r1", [("ab", b"c")], b"{}") != link_of(b"r1", [("a", b"bc")], b"{}")
    assert link_of(b"r1", [], b"{}") != link_of(b"r", [], b"1{}")


def test_a_link_stays_what_it_was_when_the_log_was_written() -> None:
    link = link_of(b"r1", write_headers(PLAIN), b"{}")

    assert link == "43c223c96850dc390aee8bdd1e315dcfd490fa71bcad42618227465b7bf9b102"

"""What a record of the inbox means."""

import base64
import json
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

import pytest
from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from eventstore.commands import Caller
from eventstore.errors import Rejected
from eventstore.ids import NAMESPACE, partition_of
from handlers.inbox.cloud_events import NoCloudEvent
from handlers.inbox.meaning import (
    CANCEL,
    KINDS,
    REPORT,
    SUBMIT,
    NoKey,
    TooLarge,
    UnknownType,
    UnknownVersion,
    Wish,
    ids_of,
    origin,
    read,
)
from handlers.wire.calls import Cancel, UpdateProgress
from handlers.wire.parsing import Malformed
from handlers.wire.requests import OpenAgenda

LIMIT = 1 << 20
BATCH = [("content-type", b"application/cloudevents-batch+json")]
AGENDA = {"customerId": "acme", "progressId": "r9", "operations": [{"name": "x", "type": "t"}]}
BODIES: dict[str, tuple[Any, type]] = {
    SUBMIT: (AGENDA, OpenAgenda),
    REPORT: ({"agendaProgress": {"id": "r9", "processingState": "EXECUTING"}}, UpdateProgress),
    CANCEL: ({"agendaId": "a9"}, Cancel),
}


def record(value: bytes | None = b"{}", key: bytes | None = b"k", headers: Any = None, **more: str) -> Any:
    said = {"specversion": "1.0", "id": "1", "source": "s", "type": SUBMIT, **more}
    binary = [(f"ce_{name}", text.encode()) for name, text in said.items() if text]
    given_ = binary if headers is None else headers
    return SimpleNamespace(topic="inbox", partition=3, offset=7, timestamp=1, key=key, value=value, headers=given_)


def structured(**attributes: Any) -> Any:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": SUBMIT, **attributes}
    return record(json.dumps(event).encode(), headers=[("content-type", b"application/cloudevents+json")])


@pytest.mark.parametrize("kind", KINDS)
def test_reads_what_the_cloudevents_sdk_writes_in_either_mode(kind: str) -> None:
    body, expected = BODIES[kind]
    event = CloudEvent({"specversion": "1.0", "id": "1", "source": "s", "type": kind}, body)
    found = []
    for message in (to_binary(event, JSONFormat()), to_structured(event, JSONFormat())):
        said = {name: text if isinstance(text, bytes) else str(text).encode() for name, text in message.headers.items()}
        headers = [*said.items()]
        found.append(read(record(message.value, headers=headers), LIMIT))

    binary, whole = found
    assert isinstance(binary.body, expected)
    assert (binary.id, binary.source, binary.type, binary.correlation) == ("1", "s", kind, "1")
    assert binary.body == whole.body
    assert (binary.position, binary.target) == (whole.position, whole.target)


def test_a_structured_event_may_carry_its_body_in_base64() -> None:
    wish = read(structured(data_base64=base64.b64encode(json.dumps(AGENDA).encode()).decode()), LIMIT)

    assert wish.body == read(record(json.dumps(AGENDA).encode()), LIMIT).body


def test_a_correlation_of_its_own_is_kept() -> None:
    assert read(record(correlation="c"), LIMIT).correlation == "c"
    assert read(structured(correlation="c", data={}), LIMIT).correlation == "c"


@pytest.mark.parametrize(
    ("bad", "refusal", "says"),
    [
        (record(key=None), NoKey, "with a key"),
        (record(None), NoCloudEvent, "without a value"),
        (record(b"\x00\xff garbage", headers=[]), NoCloudEvent, "ce_specversion"),
        (record(b"\x00\xff garbage"), Malformed, "Agenda"),
        (record(b"{" * 100_000), Malformed, "Agenda"),
        (record(type="agendum.SubmitAgenda.v2"), UnknownVersion, "agendum.SubmitAgenda.v2"),
        (record(type="agendum.AgendaSubmitted.v1"), UnknownType, "agendum.AgendaSubmitted.v1"),
        (record(type=""), NoCloudEvent, "type"),
        (record(specversion="0.3"), NoCloudEvent, "0.3"),
        (record(id=""), NoCloudEvent, "id"),
        (record(id="a\x1fb"), NoCloudEvent, "printable"),
        (record(source="s" * 1025), NoCloudEvent, "source"),
        (record(headers=[("ce_specversion", b"1.0"), ("ce_id", b"\xff")]), NoCloudEvent, "UTF-8"),
        (record(headers=[("ce_specversion", b"1.0"), ("ce_id", None)]), NoCloudEvent, "id"),
        (record(b" " * (LIMIT + 1)), TooLarge, "1048577"),
        (
            record(b"[]", headers=BATCH),
            NoCloudEvent,
            "one CloudEvent",
        ),
        (record(b"[" * 100_000, headers=[("content-type", b"application/cloudevents+json")]), NoCloudEvent, "JSON"),
        (structured(specversion="2.0"), NoCloudEvent, "2.0"),
        (structured(data=[1, 2]), Malformed, "Agenda"),
        (record(b'{"operations": 3}'), Malformed, "operations"),
        (record(b'{"operations": [{"payload": ' + b"[" * 100_000), Malformed, "Agenda"),
        (record(b"{}", headers=[("content-type", b"\xff")]), NoCloudEvent, "UTF-8"),
    ],
)
def test_what_is_no_command_is_refused_with_its_reason(bad: Any, refusal: type[Rejected], says: str) -> None:
    with pytest.raises(refusal, match=says) as found:
        read(bad, LIMIT)
    assert type(found.value) is refusal


NAMES = st.sampled_from(["content-type", "ce_id", "ce_type", "ce_specversion", "ce_source", "x"])
HEADERS = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=9)))


@given(st.none() | st.binary(max_size=50), st.none() | st.binary(max_size=5), HEADERS)
def test_whatever_bytes_come_they_are_read_or_refused(value: bytes | None, key: bytes | None, headers: Any) -> None:
    with suppress(Rejected):
        assert isinstance(read(record(value, key, headers), LIMIT), Wish)


def wish_of(identity: str = "1", source: str = "s") -> Wish:
    return read(record(json.dumps(AGENDA).encode(), id=identity, source=source), LIMIT)


def test_ids_follow_from_customer_source_and_id_alone() -> None:
    def command(customer: str, source: str, identity: str) -> str:
        return origin(wish_of(identity, source), Caller(subject="x"), customer).identity("command", 0)

    ids = [command(*three) for three in [("a", "s", "1"), ("b", "s", "1"), ("a", "t", "1"), ("a", "s", "2")]]
    assert len({*ids}) == 4
    assert command("a", "s", "1") == ids[0]


def test_the_run_has_the_id_that_the_document_promises() -> None:
    run, agenda = ids_of("acme", "s", "1", None, 12)

    assert UUID(run) == uuid5(NAMESPACE, ":inbox\x1facme\x1fs\x1f1\x1fprogress\x1f0")
    assert partition_of(agenda, 12) == partition_of(run, 12)
    assert ids_of("acme", "s", "1", "chosen", 12)[0] == "chosen"


@pytest.mark.parametrize(("kind", "target"), [(SUBMIT, "r9"), (REPORT, "r9"), (CANCEL, "a9")])
def test_commands_on_one_thing_have_one_target(kind: str, target: str) -> None:
    assert read(record(json.dumps(BODIES[kind][0]).encode(), type=kind), LIMIT).target == target


def test_commands_on_nothing_that_is_there_share_no_target() -> None:
    new = {name: value for name, value in AGENDA.items() if name != "progressId"}
    one, two = (read(record(json.dumps(new).encode(), id=identity), LIMIT) for identity in "12")

    assert one.target != two.target

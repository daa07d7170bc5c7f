import json
from functools import partial
from typing import Any

import msgspec
import pytest

from eventstore.describing import as_written, described, described_raw
from eventstore.memory import MemoryRecord
from eventstore.reading import Read
from eventstore.sealing import PlainCipher
from handlers.wire.unsealing import AsItStands, EventOpener, Lenient
from projections.audit.judging import Judge
from tests import builders as b
from tests.ciphers import RandomisingCipher
from tests.history import TOPIC, History, classifier, whole_life

OPENER = EventOpener(Lenient(PlainCipher(b"s")))


def lines_of(story: History, body: Any = OPENER) -> list[dict[str, Any]]:
    """As `agendum replay --verdicts` prints them: every line is one, and JSON."""
    judge, classify = Judge(), classifier()
    found = []
    for record in story.log.records(TOPIC, 0):
        read = classify(record)
        verdict = judge(read).value if isinstance(read, Read) else None
        text = msgspec.json.encode(described(record, read, body, verdict)).decode()
        assert "\n" not in text
        found.append(json.loads(text))
    return found


def test_says_of_every_record_what_it_is_and_what_became_of_it() -> None:
    lines = lines_of(whole_life())

    assert [line.get("dropped") or f"{line['verdict']} {line['event']}" for line in lines] == [
        "opened",
        "applied AgendaSubmitted",
        "unreadable",
        "poisonous",
        "no key",
        "applied AgendaDeleted",
        "duplicate AgendaDeleted",
        "applied AgendaDispatched",
        "stale AgendaDeleted",
        "foreign AgendaDeleted",
        "event of another topic",
        "applied ProgressReported",
        "applied AgendaSubmitted",
        "applied ProgressReported",
        "applied AgendaDeleted",
        "applied ProgressDeleted",
        "applied RunReaped",
        "applied AgendaSubmitted",
    ]
    assert [line["offset"] for line in lines] == [*range(18)]


def test_verdicts_are_those_of_the_partition_that_serves() -> None:
    story = whole_life()
    verdicts = [line["verdict"] for line in lines_of(story) if "verdict" in line]

    for verdict in ("applied", "duplicate", "stale", "foreign"):
        assert story.live.verdicts[verdict] == verdicts.count(verdict) > 0


def test_a_record_that_is_dropped_still_shows_its_event_if_it_holds_one() -> None:
    lines = lines_of(whole_life())

    assert lines[0]["body"] == {"logId": "l", "partitions": 1}
    assert lines[3]["event"] == "AgendaDeleted"
    assert lines[10]["body"] == {"customer": {"id": "c1"}}


def test_a_poisonous_record_of_a_newer_release_is_shown_as_bytes_are() -> None:
    story = History()
    record = MemoryRecord(TOPIC, 0, 3, 0, b"r1", b'{"a": 1}', [*story.log.records(TOPIC, 0)[0].headers])
    record.headers = [(name, b"agendum.New.v9" if name == "ce_type" else value) for name, value in record.headers]

    line = described(record, classifier()(record), OPENER)

    assert (line["dropped"], bytes(line["value"])) == ("poisonous", b'{"a":1}')
    assert ["ce_type", "agendum.New.v9"] in line["headers"]


def test_bytes_that_are_not_ours_are_shown_as_they_are() -> None:
    record = MemoryRecord("t", 0, 7, 0, b"\xff", b"\x00\xfe", [("a", b"text"), ("b", b"\xfe")])

    assert described_raw(record) == {
        "topic": "t",
        "partition": 0,
        "offset": 7,
        "time": "1970-01-01T00:00:00.000Z",
        "key": {"base64": "/w=="},
        "headers": [["a", "text"], ["b", {"base64": "/g=="}]],
        "value": {"base64": "AP4="},
    }


@pytest.mark.parametrize(
    "value", [b"", b'"\xff"', b"[" * 5000, b"[" * 5000 + b"]" * 5000, b"nonsense", b'{"a":\n1}', None]
)
def test_any_value_makes_one_line_of_json(value: bytes | None) -> None:
    record = MemoryRecord("t", 0, 7, 0, None, value, [("h", None)])  # type: ignore[list-item]  # Kafka allows it

    text = msgspec.json.encode(described_raw(record))

    assert b"\n" not in text
    assert json.loads(text)["value"] is None or value is not None


def test_opens_what_is_sealed_wherever_it_stands_in_an_event() -> None:
    cipher = RandomisingCipher()
    story = History()
    seal = partial(cipher.seal, "alice")
    agenda = b.agenda("a1", "x")
    operation = msgspec.structs.replace(agenda.operations[0], payload={"in": seal(b'"x.mov"'), "null": seal(b"null")})  # type: ignore[index]
    story.add(b.submit(agenda=msgspec.structs.replace(agenda, operations=[operation], params={"p": seal(b"[1, 2]")})))
    story.add(b.dispatch())
    story.add(b.report(500, b.operation("x", result_payload=seal(b'"out"')), diagnostics=[seal(b'{"m":1}'), None]))

    lines = lines_of(story, EventOpener(Lenient(cipher)))
    sealed = lines_of(story, EventOpener(AsItStands()))
    written = lines_of(story, as_written)

    assert lines[1]["body"]["agenda"]["operations"][0]["payload"] == {"in": "x.mov", "null": None}
    assert lines[1]["body"]["agenda"]["params"] == {"p": [1, 2]}
    assert lines[3]["body"]["progress"]["diagnosticEvents"] == [{"m": 1}, None]
    assert lines[3]["body"]["operations"][0]["resultPayload"] == "out"
    assert sealed[1]["body"]["agenda"]["operations"][0]["payload"]["in"] == operation.payload["in"]  # type: ignore[call-overload,index]
    assert [line["body"] for line in written] == [
        json.loads(record.value or b"") for record in story.log.records(TOPIC, 0)
    ]


@pytest.mark.parametrize("sealed", ["", "hello", "plain:mac", "plain:mac:{", "plain:mac:\ud7ff"])
def test_what_cannot_be_opened_is_shown_sealed(sealed: str) -> None:
    story = History()
    agenda = msgspec.structs.replace(b.agenda(), params={"p": sealed})
    story.add(b.submit(agenda=agenda))

    assert lines_of(story)[1]["body"]["agenda"]["params"] == {"p": {"sealed": sealed}}


@pytest.mark.parametrize(
    ("plain", "shown"), [(b'"\xff"', None), (b"[1e999]", b"[1e999]"), (b'{"a": [\n]}', b'{"a":[]}')]
)
def test_a_value_is_shown_as_it_was_written_if_it_is_json(plain: bytes, shown: bytes | None) -> None:
    cipher = RandomisingCipher()
    sealed = cipher.seal("alice", plain)

    opened = Lenient(cipher).open("alice", sealed)

    assert opened == (msgspec.json.encode({"sealed": sealed}) if shown is None else shown)

"""The AsyncAPI document: by the official schema, and by what really stands in the log."""

import json
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from eventstore.envelope import Envelope, write_headers
from eventstore.errors import NotFound
from eventstore.events import EVENTS
from eventstore.topics import Topics
from eventstore.upcasters import RETIRED
from handlers.documents.asyncapi import document
from handlers.inbox.meaning import CANCEL, KINDS, REPORT, SUBMIT
from handlers.inbox.rejections import REJECTED, rejection_of
from tests.contract.references import dangling, references

SCHEMA = (Path(__file__).parent / "asyncapi" / "schema-3.0.0.json").read_bytes()
GOLDEN = Path(__file__).parents[1] / "golden"
DOCUMENT = document(Topics("acme", 6))


def mistakes(found: Any) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(json.loads(SCHEMA)).iter_errors(found)]


def fits(schema: Any, value: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def message(name: str) -> Any:
    return DOCUMENT["components"]["messages"][name]


def text_of(headers: Any) -> dict[str, str]:
    return {name: content if isinstance(content, str) else content.decode() for name, content in headers}


def test_the_schema_is_the_official_one() -> None:
    assert sha256(SCHEMA).hexdigest() in (Path(__file__).parent / "asyncapi" / "ORIGIN.md").read_text()


def test_the_document_is_valid_by_the_official_schema() -> None:
    assert mistakes(json.loads(json.dumps(DOCUMENT))) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found.update(asyncapi="2.0.0"),
        lambda found: found["operations"]["inbox"].update(action="publish"),
        lambda found: found["channels"]["inbox"].update(adress="x"),
        lambda found: found["components"]["messages"][SUBMIT].update(headers=3),
        lambda found: found["info"].pop("title"),
    ],
)
def test_the_schema_finds_a_planted_mistake(spoil: Any) -> None:
    found = json.loads(json.dumps(DOCUMENT))
    spoil(found)
    assert mistakes(found)


def test_every_reference_leads_somewhere() -> None:
    assert "#/components/schemas/Agenda" in references(DOCUMENT)
    assert dangling(DOCUMENT) == []


def test_every_event_that_ever_was_and_every_command_is_in_it() -> None:
    assert set(DOCUMENT["components"]["messages"]) == {*EVENTS, *RETIRED, *KINDS, REJECTED}
    assert set(DOCUMENT["channels"]["inbox"]["messages"]) == {*KINDS}
    assert DOCUMENT["channels"]["agendas"]["address"] == "acme-agendas"
    assert DOCUMENT["channels"]["agendas"]["bindings"]["kafka"]["partitions"] == 6
    actions = {name: operation["action"] for name, operation in DOCUMENT["operations"].items()}
    assert actions == {"agendas": "send", "catalogue": "send", "inbox": "receive", "rejections": "send"}


@pytest.mark.parametrize("name", sorted([*EVENTS, *RETIRED]))
def test_what_stands_in_a_log_is_as_the_document_says(name: str) -> None:
    found = json.loads((GOLDEN / f"{name}.json").read_text())
    said = message(name)

    fits(said["payload"], json.loads(found["value"]))
    fits(said["headers"], text_of(found["headers"]))
    with pytest.raises(jsonschema.ValidationError):
        fits(said["payload"], [])
    with pytest.raises(jsonschema.ValidationError):
        fits(said["headers"], {**text_of(found["headers"]), "ce_type": "other"})


def test_every_header_that_an_envelope_can_have_is_described() -> None:
    full = dict.fromkeys(("prev", "customer_id", "correlation", "cause", "request", "key_id"), "x")
    envelope = Envelope(id="1", type="agendum.RunReaped.v1", source="s", time=0, version=1, inbox=(3, 7), **full)
    headers = text_of(write_headers(envelope))

    said = message("agendum.RunReaped.v1")["headers"]
    assert set(headers) == set(said["properties"])
    fits(said, headers)


def test_a_rejection_is_as_the_document_says() -> None:
    record: Any = SimpleNamespace(
        topic="t", partition=1, offset=2, timestamp=3, key=b"k", value=b"\xff", headers=[("a", None), ("b", b"\xff")]
    )
    new, _ = rejection_of(record, NotFound("nothing"), "w")

    fits(message(REJECTED)["payload"], json.loads(new.value or b""))
    fits(message(REJECTED)["headers"], text_of(new.headers))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (SUBMIT, {"customerId": "acme", "operations": [{"name": "x", "type": "t", "payload": {"any": [1, None]}}]}),
        (REPORT, {"agendaProgress": {"id": "r", "processingState": "COMPLETE", "operationProgress": []}}),
        (CANCEL, {"agendaId": "a"}),
    ],
)
def test_a_command_is_as_the_document_says(name: str, body: Any) -> None:
    fits(message(name)["payload"], body)
    with pytest.raises(jsonschema.ValidationError):
        fits(message(name)["payload"], {next(iter(body)): 3})

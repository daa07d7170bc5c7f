"""One record of every event version that ever was. A log is for ever: what stands here must stay readable.

A new event or version: add `<type>.json` and its line in sums.tsv. Files that are there are never changed.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from eventstore.codec import decode, encode
from eventstore.envelope import link_of
from eventstore.events import EVENTS, TYPES
from eventstore.upcasters import RETIRED

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.json"))


def golden(name: str) -> tuple[dict[str, Any], list[tuple[str, bytes]], bytes]:
    found = json.loads((HERE / f"{name}.json").read_text())
    return found, [(header, text.encode()) for header, text in found["headers"]], found["value"].encode()


def test_every_version_that_ever_was_has_a_record() -> None:
    assert set(NAMES) == {*EVENTS, *RETIRED}


def test_records_never_change() -> None:
    sums = dict(line.split("\t") for line in (HERE / "sums.tsv").read_text().splitlines())

    assert {name: sha256((HERE / f"{name}.json").read_bytes()).hexdigest() for name in NAMES} == sums


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_present_version_is_still_written_byte_for_byte(name: str) -> None:
    _, headers, value = golden(name)

    envelope, event = decode(headers, value)

    assert envelope.type == TYPES[type(event)] == name
    assert encode(envelope, event) == (value, headers)


@pytest.mark.parametrize("name", sorted(RETIRED))
def test_a_retired_version_reads_as_the_present_event(name: str) -> None:
    found, headers, value = golden(name)

    _, event = decode(headers, value)

    now = TYPES[type(event)]
    assert now in EVENTS
    assert json.loads(encode(decode(headers, value)[0], event)[0]) == found["lifted"]


@pytest.mark.parametrize("name", NAMES)
def test_links_stay_what_they_were(name: str) -> None:
    found, headers, value = golden(name)

    assert link_of(found["key"].encode(), headers, value) == found["link"]

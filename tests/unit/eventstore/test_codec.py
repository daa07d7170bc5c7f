from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.codec import decode, decode_event, encode
from eventstore.envelope import Envelope
from eventstore.errors import TooNew, Unreadable
from eventstore.events import EVENTS, TYPES, Event, ProgressReported, RunReaped
from eventstore.model import AgendaProgress, OperationProgress

LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    # JSON has no other numbers: the edge refuses them.
    float: st.floats(allow_nan=False, allow_infinity=False),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotation; of a struct, any of its optional fields."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return structs_of(hint)
    inner = [values_of(each) for each in get_args(hint)]
    if get_origin(hint) in (UnionType, Union):
        return st.one_of(inner)
    if get_origin(hint) is list:
        return st.lists(inner[0], max_size=2)
    if get_origin(hint) is dict:
        return st.dictionaries(inner[0], inner[1], max_size=2)
    return LEAVES[hint] if hint in LEAVES else st.from_type(hint)


def structs_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """A struct with its required fields and any of the others."""
    hints = get_type_hints(kind)
    fields = {field.name: (values_of(hints[field.name]), field.required) for field in msgspec.structs.fields(kind)}
    said = st.fixed_dictionaries(
        {name: values for name, (values, required) in fields.items() if required},
        optional={name: values for name, (values, required) in fields.items() if not required},
    )
    return said.map(lambda found: kind(**found))


@pytest.mark.parametrize("name", sorted(EVENTS))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_event_reads_back_as_it_was_written(name: str, data: st.DataObject) -> None:
    event: Event = data.draw(structs_of(EVENTS[name]))
    envelope = Envelope(id="e1", type=TYPES[type(event)], source="w1", time=0, version=1)

    value, headers = encode(envelope, event)

    assert decode(headers, value) == (envelope, event)


def test_an_unknown_version_of_ours_means_that_this_worker_is_too_old() -> None:
    with pytest.raises(TooNew, match=r"agendum\.AgendaSubmitted\.v99.*upgrade"):
        decode_event("agendum.AgendaSubmitted.v99", b"{}")


def test_another_programs_event_is_noise() -> None:
    with pytest.raises(Unreadable, match="invoice"):
        decode_event("invoice.paid", b"{}")


@pytest.mark.parametrize("value", [b"", b"[]", b"{", b'{"agendaId":1}', b'{"agendaId":"\xff"}', b"\xff"])
def test_a_body_that_is_no_event_is_noise(value: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_event("agendum.AgendaDeleted.v1", value)


def test_a_record_without_a_value_is_noise() -> None:
    envelope = Envelope(id="e1", type="agendum.RunReaped.v1", source="w1", time=0, version=1)
    _, headers = encode(envelope, RunReaped())

    with pytest.raises(Unreadable, match="no value"):
        decode(headers, None)


def test_nesting_without_end_is_noise() -> None:
    with pytest.raises(Unreadable):
        decode_event("agendum.AgendaDeleted.v1", b'{"agendaId":"a","more":' + b"[" * 100_000)


def test_the_first_version_of_a_report_is_lifted_to_the_present_one() -> None:
    old = b'{"progress":{},"operations":[{"operation":"x","diagnostics":["s"],"percentComplete":0.5}]}'

    event = decode_event("agendum.ProgressReported.v1", old)

    lifted = OperationProgress(operation="x", diagnostic_events=["s"], percent_complete=0.5)
    assert event == ProgressReported(progress=AgendaProgress(), operations=[lifted])


@pytest.mark.parametrize(
    "value", [b'{"progress":{},"operations":5}', b'{"progress":{},"operations":[1]}', b"[]", b"{}"]
)
def test_an_old_body_that_never_was_one_is_noise(value: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_event("agendum.ProgressReported.v1", value)

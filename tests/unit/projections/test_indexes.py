"""Index keys come from a stored row's few fields: as from the whole row, and nothing else of it matters."""

import msgspec
import pytest

from eventstore.model import Agenda, AgendaProgress, Operation, OperationProgress
from projections.indexes import index_keys, primary_of, traits_of
from projections.rows import AgendaHead, Head, Row, agenda_key, head_key, operation_key, progress_key, write_row

P, A, X, H = progress_key("r1"), agenda_key("r1", "a1"), operation_key("r1", "x"), head_key("r1")
TIME = (7).to_bytes(8, "big")


def keys(key: bytes, row: Row | None) -> list[bytes]:
    return index_keys(key, traits_of(key, write_row(3, row)))


def head(**state: int | bool) -> Head:
    return Head(version=1, link="l", last="e", agendas={"a1": AgendaHead(customer_id="c", **state)})  # type: ignore[arg-type]


def test_each_attribute_of_an_object_has_a_key_that_leads_back_to_it() -> None:
    progress = AgendaProgress(id="r1", added_time=7, link_id="ü", customer_id="c", agenda_id="a1", external_id="")
    found = keys(P, progress)
    values = ((b"l", "ü"), (b"c", "c"), (b"g", "a1"), (b"x", ""), (b"*", ""))
    assert found == [b"ip" + k + len(v.encode()).to_bytes(2, "big") + v.encode() + TIME + P for k, v in values]
    assert {primary_of(entry) for entry in found} == {P}
    agenda = Agenda(id="a1", added_time=7, customer_id="c", operations=[Operation(name="x", payload={"id": "z"})])
    assert keys(A, agenda) == [b"iai\0\x02a1" + TIME + A, b"iac\0\x01c" + TIME + A, b"ia*\0\0" + TIME + A]
    row = OperationProgress(id="r1-x", agenda_progress_id="r1", operation="x", customer_id="c")
    assert keys(X, row) == [b"ioc\0\x01c" + bytes(8) + X]
    odd = OperationProgress(id="z", agenda_progress_id="r1", operation="x", customer_id="c")
    assert keys(X, odd) == [b"ioc\0\x01c" + bytes(8) + X, b"ioi\0\x01z" + bytes(8) + X]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, []),
        ({"ready": True, "added": 1}, [b"ir" + H]),
        ({"expires": 0}, [b"id" + H]),
        ({"heard": 5}, [b"id" + H]),
        ({"failed": 5, "ready": True}, [b"ir" + H, b"id" + H]),
    ],
)
def test_a_head_stands_in_the_indexes_of_what_is_ready_and_of_what_is_watched(
    state: dict[str, int | bool], expected: list[bytes]
) -> None:
    assert keys(H, head(**state)) == expected
    assert head(**state).agendas["a1"].is_watched == (b"id" + H in expected)


def test_a_grave_and_nothing_have_no_keys() -> None:
    assert keys(P, None) == []
    assert index_keys(P, traits_of(P, None)) == []


def test_what_no_index_shows_leaves_the_traits_alone() -> None:
    before = AgendaProgress(id="r1", added_time=7, percent_complete=1.0, params={"linkId": "s"})
    after = AgendaProgress(id="r1", added_time=7, percent_complete=2.0, params={"linkId": "t"})
    assert traits_of(P, write_row(3, before)) == traits_of(P, write_row(4, after))


def test_a_row_that_is_none_says_so() -> None:
    with pytest.raises(msgspec.MsgspecError):
        traits_of(P, write_row(3, None) + b"{")

"""Index keys come from a stored row's few fields: as from the whole row, and nothing else of it matters."""

from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from eventstore.model import Agenda, AgendaProgress, Operation, OperationProgress, ProcessingState
from projections.indexes.attributes import primary_of
from projections.indexes.keys import index_keys, moved
from projections.indexes.traits import traits_of
from projections.rows import (
    AgendaHead,
    Head,
    Row,
    agenda_key,
    head_key,
    odd_name,
    operation_key,
    progress_key,
    write_row,
)
from projections.store import MemoryStore
from projections.table.landing import Landing

P, A, X, H = progress_key("r1"), agenda_key("r1", "a1"), operation_key("r1", "x"), head_key("r1")
EXECUTING = ProcessingState.EXECUTING
TIME = (7).to_bytes(8, "big")


def keys(key: bytes, row: Row | None) -> list[bytes]:
    return index_keys(key, traits_of(key, write_row(3, row)))


def head(**state: int | bool) -> Head:
    agendas = {"a1": AgendaHead(customer_id="c", **state)}  # type: ignore[arg-type]
    return Head(version=1, link="l", last="e", progress=True, agendas=agendas)


def test_each_attribute_of_an_object_has_a_key_that_leads_back_to_it() -> None:
    progress = AgendaProgress(id="r1", added_time=7, link_id="ü", customer_id="c", agenda_id="a1", external_id="")
    found = keys(P, progress)
    values = ((b"l", "ü"), (b"c", "c"), (b"g", "a1"), (b"x", ""), (b"*", ""))
    assert found == [b"ip" + k + len(v.encode()).to_bytes(2, "big") + v.encode() + TIME + P for k, v in values]
    assert {primary_of(entry) for entry in found} == {P}
    agenda = Agenda(id="a1", added_time=7, customer_id="c", operations=[Operation(name="x", payload={"id": "z"})])
    assert keys(A, agenda) == [b"iai\0\x02a1" + TIME + A, b"iac\0\x01c" + TIME + A, b"ia*\0\0" + TIME + A]
    titled = Agenda(id="a1", added_time=7, cid="k", title="t", job_id="j")
    texts = {b"d": "k", b"t": "t", b"j": "j"}
    assert {b"ia" + k + b"\0\x01" + v.encode() + TIME + A for k, v in texts.items()} <= {*keys(A, titled)}
    states = {"processing_state": EXECUTING, "processing_state_message": "m"}
    moving = keys(P, AgendaProgress(id="r1", added_time=7, cid="k", title="t", **states))  # type: ignore[arg-type]
    texts = {b"d": "k", b"t": "t", b"s": "EXECUTING", b"m": "m"}
    assert {b"ip" + k + len(v).to_bytes(2, "big") + v.encode() + TIME + P for k, v in texts.items()} <= {*moving}
    row = OperationProgress(id="r1-x", agenda_progress_id="r1", operation="x", customer_id="c")
    assert keys(X, row) == [], "its key follows from its id"
    odd = operation_key("r1", odd_name("z"))
    assert keys(odd, replace(row, id="z")) == [b"ioi\0\x01z" + bytes(8) + odd]


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


def test_a_run_stands_once_by_the_minute_of_its_progress_or_its_deletion_or_as_a_stray() -> None:
    minute = (120_000).to_bytes(8, "big")
    tombstone, stray = Head(version=1, link="l", last="e", deleted=130_000), Head(version=1, link="l", last="e")
    for expected, key, row in (
        ([b"iup" + minute + P], P, AgendaProgress(id="r1", updated_time=120_000)),
        ([], A, Agenda(id="a1", customer_id="c", operations=[], updated_time=150_000)),
        ([], X, OperationProgress(id="r1-x", agenda_progress_id="r1", operation="x", updated_time=179_999)),
        ([], H, replace(stray, progress=True)),
        ([b"ius" + bytes(8) + H], H, stray),
        ([b"iuh" + minute + H], H, tombstone),
    ):
        assert [entry for entry in keys(key, row) if entry.startswith(b"iu")] == expected


def test_the_last_dispatch_of_an_agenda_stands_by_queue_and_customer() -> None:
    served = AgendaHead(customer_id="ü", queue="q", epoch=2, number=3)
    row = Head(version=1, link="l", last="e", progress=True, agendas={"a1": served, "a2": AgendaHead(customer_id="d")})
    turn = (2**64 - 3).to_bytes(8, "big") + (2**64 - 4).to_bytes(8, "big")
    assert keys(H, row) == [b"it\0\x01q\0\x02" + "ü".encode() + turn + H]


def test_of_index_rows_only_those_move_that_an_event_moves() -> None:
    store = MemoryStore()
    before = AgendaProgress(id="r1", added_time=7, updated_time=1, link_id="l", customer_id="c")
    store.write(Landing(store, [(P, write_row(3, before))]).puts)
    later = Landing(store, [(P, write_row(4, replace(before, updated_time=60_000, customer_id="d")))])
    age, customer = b"iup" + bytes(8) + P, b"ipc\0\x01c" + TIME + P
    assert later.removals == {age, customer}
    assert set(later.entries) == {b"iup" + (60_000).to_bytes(8, "big") + P, b"ipc\0\x01d" + TIME + P}


@for_all(st.data())
@settings(deadline=None)
def test_what_goes_and_what_comes_is_the_difference_of_all_keys(data: st.DataObject) -> None:
    small = st.sampled_from([None, 1, 70_000])
    dispatched = st.builds(AgendaHead, customer_id=st.sampled_from("cd"), queue=st.just("q"), epoch=small, number=small)
    agendas = st.dictionaries(st.sampled_from("ab"), st.builds(replace, dispatched, ready=st.booleans(), heard=small))
    head = st.builds(
        Head,
        version=st.just(1),
        link=st.just("l"),
        last=st.just("e"),
        agendas=agendas,
        progress=st.booleans(),
        deleted=small,
    )
    progress = st.builds(
        AgendaProgress,
        id=st.just("r1"),
        updated_time=small,
        link_id=st.sampled_from([None, "l"]),
        processing_state=st.sampled_from([None, *ProcessingState]),
        processing_state_message=st.sampled_from([None, "m"]),
    )
    for key, some in ((H, head), (P, progress)):
        rows: list[Any] = [data.draw(st.none() | some) for _ in range(2)]
        before, after = (traits_of(key, write_row(3, row)) for row in rows)
        if before == after:
            continue
        old, new = {*index_keys(key, before)}, {*index_keys(key, after)}
        assert moved(key[:1], [(key, before, after)]) == (old - new, new - old)


def test_what_no_index_shows_leaves_the_traits_alone() -> None:
    before = AgendaProgress(id="r1", added_time=7, percent_complete=1.0, params={"linkId": "s"})
    after = AgendaProgress(id="r1", added_time=7, percent_complete=2.0, params={"linkId": "t"})
    assert traits_of(P, write_row(3, before)) == traits_of(P, write_row(4, after))


def test_a_row_that_is_none_says_so() -> None:
    with pytest.raises(msgspec.MsgspecError):
        traits_of(P, write_row(3, None) + b"{")

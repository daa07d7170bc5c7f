"""ExpandAgenda (spec 8.4): it happens, it is refused, it stays quiet; and what is too large is refused (design 4.9)."""

import pytest
from msgspec.structs import replace

from eventstore.errors import Invalid, NotFound
from eventstore.events import AgendaExpanded, AgendaRerun
from eventstore.model import Agenda, AgendaProgress, Operation
from handlers.deciders import bounds
from tests import builders as b
from tests.spec import Spec, given

G = Operation(name="g", type="t", payload={"n": "plain:m1:1"}, params={"p": "plain:m2:2"}, generated_parent="x")
#: Sealed again: the same values, other bytes.
G_AGAIN = replace(G, payload={"n": "other:m1:?"}, params={"p": "other:m2:?"})


def agenda(spec: Spec) -> Agenda:
    found = spec.world.run().agenda("a1")
    assert found is not None
    return found


def progress(spec: Spec) -> AgendaProgress:
    found = spec.world.run().progress()
    assert found is not None
    return found


# --- it happens


def test_operations_are_added_at_the_end_with_rows_like_those_of_a_submission() -> None:
    spec = given(replace(b.submit(), agenda=replace(b.agenda(), cid="c1")))

    event = spec.when(b.expand(G)).then(AgendaExpanded, added=[G])

    assert [operation.name for operation in agenda(spec).operations or []] == ["x", "y", "g"]
    (row,) = event.operations
    assert (row.id, row.cid, row.customer_id) == (f"{b.RUN}-g", "c1", "alice")
    assert (row.processing_state, row.percent_complete, row.attempt_count) == (b.WAITING, 0.0, 0)
    assert row.params == G.params
    assert spec.world.run().operation("g") == row
    assert agenda(spec).updated_time == progress(spec).updated_time == b.NOW + 140


def test_params_are_laid_over_those_of_agenda_and_progress() -> None:
    first = replace(b.submit(), agenda=replace(b.agenda(), params={"a": "plain:1:1", "b": "plain:2:2"}))
    spec = given(first)

    spec.when(b.expand(G, params={"b": "plain:3:3", "c": "plain:4:4"})).then(AgendaExpanded)

    expected = {"a": "plain:1:1", "b": "plain:3:3", "c": "plain:4:4"}
    assert (agenda(spec).params, progress(spec).params) == (expected, expected)


def test_what_the_same_parent_generated_before_is_generated_anew() -> None:
    spec = given(b.submit(), b.expand(G), b.report(500, b.operation("g", b.EXECUTING, percent_complete=50.0)))
    other = replace(G, payload={"n": "plain:m9:9"})

    spec.when(b.expand(other, id="again")).then(AgendaExpanded, added=[other])

    assert [operation.name for operation in agenda(spec).operations or []] == ["x", "y", "g"]
    assert (agenda(spec).operations or [])[2] == other
    row = spec.world.run().operation("g")
    assert row is not None
    assert (row.processing_state, row.percent_complete, row.attempt_count, row.attempt) == (b.WAITING, 0.0, 0, None)


def test_what_was_reported_before_it_was_added_keeps_its_row() -> None:
    spec = given(b.submit(), b.report(500, b.operation("g", b.COMPLETE, percent_complete=100.0)))

    spec.when(b.expand(G)).then(AgendaExpanded, added=[G], operations=[])

    row = spec.world.run().operation("g")
    assert row is not None
    assert row.processing_state is b.COMPLETE


def test_the_right_to_the_insight_is_enough() -> None:
    given(b.submit()).when(b.expand(G, caller=b.MALLORY, insights=["i1"])).then(AgendaExpanded)
    given(b.submit()).when(b.expand(G, caller=b.ALICE, insights=[])).then(AgendaExpanded)


# --- it is refused


def test_it_is_refused_where_there_is_nothing_or_the_caller_may_not() -> None:
    given().when(b.expand(G)).refused(NotFound, "Agenda a1 not found")
    given(b.submit()).when(b.expand(G, caller=b.MALLORY, insights=["i2"])).refused(NotFound, "Agenda a1 not found")
    given(b.submit(), b.delete_progress()).when(b.expand(G)).refused(NotFound, "AgendaProgress r1 not found")


@pytest.mark.parametrize("taken", [Operation(name="x"), Operation(name="x", type="u", generated_parent="y")])
def test_a_name_that_is_there_is_refused(taken: Operation) -> None:
    given(b.submit()).when(b.expand(taken)).refused(Invalid, "Operation names must be unique. Agenda a1 has these")


def test_what_another_parent_generated_is_not_taken_over() -> None:
    other = replace(G, generated_parent="y", type="u")
    given(b.submit(), b.expand(G)).when(b.expand(other, id="again")).refused(Invalid, "already: g")


# --- it stays quiet


def test_what_is_there_already_is_not_added_again() -> None:
    spec = given(b.submit(), b.expand(G, params={"p": "plain:m:1"}))
    spec.when(b.expand(G_AGAIN, params={"p": "other:m:?"}, id="again")).then()
    spec.when(b.expand(G_AGAIN, id="once more")).then()
    new = Operation(name="h", generated_parent="x")
    spec.when(b.expand(G_AGAIN, new, id="more")).then(AgendaExpanded, added=[new])
    spec.when(b.expand(G_AGAIN, params={"p": "plain:n:2"}, id="param")).then(AgendaExpanded, added=[], operations=[])


def test_the_same_request_adds_once() -> None:
    spec = given(b.submit(), b.expand(G, request="digest"), b.rerun("x"))
    assert [operation.name for operation in agenda(spec).operations or []] == ["x", "y"]

    spec.when(b.expand(G, request="digest")).then()


# --- sizes


def large(name: str, size: int) -> Operation:
    return Operation(name=name, payload={"x": f"plain:m-{name}:{'x' * size}"})


def test_an_event_over_its_bound_is_refused() -> None:
    given(b.submit()).when(b.expand(large("g", bounds.EVENT_BYTES))).refused(Invalid, "of at most 2097152 bytes, found")
    many = [str(n).rjust(40, "o") for n in range(9000)]
    given().when(b.submit("a1", *many)).refused(Invalid, "an agenda that makes an event of at most 2097152 bytes")


def test_an_agenda_grows_to_its_bound_and_no_further() -> None:
    step = 700_000
    spec = given(b.submit(), b.expand(large("g", step)), b.expand(large("h", step), id="two"))

    spec.when(b.expand(large("i", step), id="three")).refused(Invalid, "each of at most 2097152 bytes, found")

    assert [operation.name for operation in agenda(spec).operations or []] == ["x", "y", "g", "h"]


def test_a_rerun_that_changes_too_much_at_once_is_refused_and_a_smaller_one_is_not() -> None:
    names = [f"o{n}" for n in range(8)]
    big = {"p": f"plain:m:{'x' * 900_000}"}
    reports = [b.report(500, b.operation(name, params=big), identity=name) for name in names]
    spec = given(b.submit("a1", *names), *reports)

    spec.when(b.rerun()).refused(Invalid, "a change of rows of at most 6291456 bytes")

    smaller = given(b.submit("a1", *names), *reports)
    smaller.when(b.rerun(*names[:4])).then(AgendaRerun, reset=names[:4])

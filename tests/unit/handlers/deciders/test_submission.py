"""SubmitAgenda: it happens, it is refused, it stays quiet."""

import pytest
from msgspec.structs import replace

from eventstore.errors import Conflict, Forbidden, Invalid, NotFound
from eventstore.events import AgendaSubmitted
from tests.builders import ALICE, MALLORY, NOW, RUN, SERVICE, WAITING, agenda, delete_progress, report, submit
from tests.spec import given


def test_accepts_an_agenda_with_its_progress_and_operations() -> None:
    event = given().when(submit("a1", "x", "y", caller=ALICE)).then(AgendaSubmitted, ready=NOW)
    assert event.agenda.added_time == event.agenda.updated_time == NOW
    assert event.progress.processing_state is WAITING
    assert event.progress.maximum_attempts == 3
    assert [row.id for row in event.operations] == [f"{RUN}-x", f"{RUN}-y"]
    assert all(row.attempt_count == 0 and row.percent_complete == 0.0 for row in event.operations)


def test_does_not_line_up_an_agenda_that_is_not_to_run() -> None:
    given().when(submit(do_not_run=True)).then(AgendaSubmitted, ready=None)


def test_keeps_the_state_of_a_progress_that_is_used_again() -> None:
    event = given(submit(), report(500, percent=10.0)).when(submit("a2", reuses_progress=True)).then(AgendaSubmitted)
    assert event.progress.processing_state is None
    assert event.progress.added_time == NOW


def test_refuses_a_caller_without_the_right_to_the_customer() -> None:
    given().when(submit(caller=MALLORY)).refused(
        Forbidden, "You do not have permission to perform this action for customerId alice"
    )


def test_refuses_to_use_a_progress_again_that_is_not_there() -> None:
    given().when(submit(reuses_progress=True)).refused(NotFound, f"Unable to get object by id {RUN}")
    given(submit(), delete_progress()).when(submit("a2", reuses_progress=True)).refused(NotFound)


def test_refuses_to_use_another_customers_progress_as_if_there_were_none() -> None:
    another = replace(agenda("a2", customer="mallory"), operations=[])
    for caller in (MALLORY, SERVICE):
        second = submit("a2", agenda=another, reuses_progress=True, caller=caller)
        given(submit()).when(second).refused(NotFound, f"Unable to get object by id {RUN}")


def test_refuses_a_new_progress_where_there_is_one() -> None:
    given(submit()).when(submit("a2")).refused(Conflict, "expected a new progress")


def test_submitting_twice_stays_quiet() -> None:
    given(submit()).when(submit()).then()


def test_a_repeated_key_with_the_same_body_stays_quiet() -> None:
    given(submit(request="digest")).when(submit("a9", id="submit-a1", request="digest")).then()


@pytest.mark.parametrize("later", [submit("a1", id="submit-a1", request="other")])
def test_refuses_a_repeated_key_with_another_body(later: object) -> None:
    given(submit(request="digest")).when(later).refused(Invalid, "Idempotency-Key")  # type: ignore[arg-type]


def test_anothers_progress_is_none_even_to_who_may_touch_both() -> None:
    other = submit("a2", reuses_progress=True, caller=SERVICE, agenda=agenda("a2", customer="mallory"))
    given(submit()).when(other).refused(NotFound, f"Unable to get object by id {RUN}")

"""Handing back, reclaiming, retrying, cancelling."""

from typing import Any

from eventstore.errors import BadRequest, Conflict, Forbidden, NotFound
from eventstore.events import (
    AgendaCancelled,
    AgendaDispatched,
    AgendaHandedBack,
    AgendaReclaimed,
    AgendaRetried,
    ProgressReported,
    ReportSuperseded,
)
from projections.rows import AgendaHead
from tests import builders as b
from tests.spec import Spec, given

FAILED = {"state": b.COMPLETE, "message": "failed"}


def head(spec: Spec) -> AgendaHead:
    found = spec.world.run().head
    assert found is not None
    return found.agendas["a1"]


# --- hand back


def test_a_run_that_is_handed_back_stands_in_its_old_place_and_its_attempt_does_not_count() -> None:
    spec = given(b.submit(), b.dispatch(), b.report(500, b.operation("x")))

    event = spec.when(b.hand_back(500)).then(AgendaHandedBack, agenda_id="a1", attempt=1, ready=b.NOW)

    assert (event.progress.processing_state, event.progress.processing_state_message) == (b.WAITING, "pending")
    progress = spec.world.run().progress()
    assert progress is not None
    assert progress.attempts_completed is None
    assert head(spec).ready
    assert head(spec).superseded == [500]
    done = spec.world.run().operation("x")
    assert done is not None
    assert done.processing_state is b.COMPLETE


def test_a_dispatch_that_was_never_acknowledged_can_be_handed_back() -> None:
    given(b.submit(), b.dispatch()).when(b.hand_back(None)).then(AgendaHandedBack, attempt=1)


def test_handing_back_is_refused_to_whoever_may_not_report() -> None:
    given(b.submit(), b.dispatch()).when(b.hand_back(None, caller=b.MALLORY, insights=[])).refused(BadRequest)
    given().when(b.hand_back(None)).refused(BadRequest, "not found or is not visible: r1")


def test_handing_back_stays_quiet_where_the_attempt_is_over() -> None:
    past = (b.submit(), b.dispatch(), b.report(500))

    given(*past, b.hand_back(500)).when(b.hand_back(500, id="again")).then()
    given(*past, b.report(500, identity="end", **FAILED)).when(b.hand_back(500)).then()


def test_a_report_after_handing_back_is_refused_and_on_record() -> None:
    past = (b.submit(), b.dispatch(), b.report(500), b.hand_back(500))

    given(*past).when(b.report(500, identity="late")).then(ReportSuperseded, cancelled=False)


# --- reclaim


def test_a_silent_attempt_fails_with_a_diagnostic() -> None:
    spec = given(b.submit(), b.dispatch(), b.report(500, diagnostics=["plain:mac:{}"]))

    event = spec.when(b.reclaim()).then(AgendaReclaimed, attempt=1)

    assert event.progress.processing_state_message == "failed"
    assert event.progress.attempts_completed == 1
    assert event.progress.diagnostic_events == ["plain:mac:{}", "plain:mac-of-timed-out:{}"]


def test_reclaiming_stays_quiet_where_something_was_heard_or_the_run_is_over_or_waits() -> None:
    past = (b.submit(), b.dispatch(), b.report(500))

    given(*past, b.report(500, identity="more", percent=5.0, now=b.NOW + 50_000)).when(b.reclaim()).then()
    given(*past, b.report(500, identity="end", **FAILED)).when(b.reclaim()).then()
    given(*past, b.delete_progress()).when(b.reclaim()).then()
    given(*past).when(b.reclaim(attempt=2)).then()
    given(b.submit(), b.dispatch()).when(b.reclaim()).then()
    given().when(b.reclaim()).then()


def test_a_reclaimed_attempt_that_is_heard_of_again_goes_on_and_is_not_counted_twice() -> None:
    spec = given(b.submit(), b.dispatch(), b.report(500), b.reclaim(), b.retry())
    assert head(spec).ready

    spec.when(b.report(500, identity="late", state=b.EXECUTING)).then(ProgressReported, attempt=1)

    progress = spec.world.run().progress()
    assert progress is not None
    assert (progress.processing_state, progress.attempts_completed) == (b.EXECUTING, 0)
    assert not head(spec).ready
    spec.when(b.report(500, identity="end", state=b.COMPLETE, message="succeeded")).then(ProgressReported)
    progress = spec.world.run().progress()
    assert progress is not None
    assert progress.attempts_completed == 1


def test_a_reclaimed_attempt_is_superseded_by_the_next_dispatch() -> None:
    past = (b.submit(), b.dispatch(), b.report(500), b.reclaim(), b.retry(), b.dispatch(1))

    given(*past).when(b.report(500, identity="late")).then(ReportSuperseded)


# --- retry


def test_a_failed_agenda_with_attempts_left_goes_to_the_end_of_the_line_with_its_progress() -> None:
    spec = given(b.submit(), b.dispatch(), b.report(500, b.operation("x"), **FAILED))
    assert (head(spec).failed, head(spec).failures) == (b.NOW + 100, 1)

    spec.when(b.retry()).then(AgendaRetried, ready=b.NOW + 200_000, attempt=1)

    progress, done = spec.world.run().progress(), spec.world.run().operation("x")
    assert progress is not None
    assert done is not None
    assert (progress.processing_state, progress.processing_state_message) == (b.WAITING, "pending")
    assert done.processing_state is b.COMPLETE
    assert head(spec).failed is None


def test_nothing_is_retried_that_succeeded_or_has_no_attempts_left_or_never_stood_in_the_line() -> None:
    def after(*past: object, **submitted: object) -> AgendaHead:
        return head(given(b.submit(**submitted), *past))  # type: ignore[arg-type]

    assert after(b.dispatch(), b.report(500, state=b.COMPLETE, message="succeeded")).failed is None
    assert after(b.dispatch(), b.report(500, **FAILED), maximum_attempts=1).failed is None
    assert after(b.dispatch(), b.report(500, **FAILED), maximum_attempts=0).failed is None  # said, and not the default
    assert after(b.report(500, **FAILED), do_not_run=True).failed is None


def test_twenty_attempts_are_the_most_whatever_was_asked_for() -> None:
    past: list[Any] = [b.submit(maximum_attempts=50)]
    for number in range(1, 21):
        past += [b.dispatch(number - 1), b.report(number, identity=f"end-{number}", **FAILED)]
        spec = given(*past)
        assert (head(spec).failures, head(spec).failed is None) == (number, number == 20)
        past.append(b.retry(attempt=number))
    given(*past[:-1]).when(past[-1]).then()


def test_retrying_stays_quiet_where_something_happened_since() -> None:
    past = (b.submit(), b.dispatch(), b.report(500, **FAILED))

    given(*past, b.retry()).when(b.retry(id="again")).then()
    given(*past).when(b.retry(attempt=2)).then()
    given(*past, b.delete_progress()).when(b.retry()).then()
    given(*past, b.cancel()).when(b.retry()).then()


def test_a_final_report_that_is_sent_again_after_the_retry_changes_nothing() -> None:
    spec = given(b.submit(), b.dispatch(), b.report(500, **FAILED), b.retry())

    spec.when(b.report(500, identity="again", **FAILED)).then(ReportSuperseded)

    assert head(spec).ready


# --- cancel


def test_a_waiting_agenda_that_is_cancelled_leaves_the_line_and_is_complete() -> None:
    spec = given(b.submit())

    event = spec.when(b.cancel()).then(AgendaCancelled, stopped=None)

    assert (event.progress.processing_state, event.progress.processing_state_message) == (b.COMPLETE, "cancelled")
    assert not head(spec).ready
    spec.when(b.dispatch()).refused(Conflict, "to be ready")


def test_a_running_agenda_that_is_cancelled_stops_its_operations_and_tells_its_executor() -> None:
    running = b.operation("x", b.EXECUTING)
    spec = given(b.submit(), b.dispatch(), b.report(500, running))

    spec.when(b.cancel()).then(AgendaCancelled, stopped=["x"])

    stopped = spec.world.run().operation("x")
    assert stopped is not None
    assert (stopped.processing_state, stopped.processing_state_message) == (b.COMPLETE, "cancelled")
    spec.when(b.report(500, identity="next")).then(ReportSuperseded, cancelled=True)
    spec.when(b.report(500, identity="more")).refused(Conflict, "the agenda was cancelled: stop working on it")


def test_an_executor_that_was_not_heard_of_before_the_cancel_is_refused_too() -> None:
    past = (b.submit(), b.dispatch(), b.cancel())

    given(*past).when(b.report(900)).then(ReportSuperseded, cancelled=True)
    given(*past).when(b.report(None)).refused(Conflict, "cancelled")


def test_the_other_agenda_of_a_run_goes_on() -> None:
    spec = given(b.submit(), b.submit("a2", reuses_progress=True))

    spec.when(b.cancel()).then(AgendaCancelled, progress=None)

    found = spec.world.run().head
    assert found is not None
    assert found.agendas["a2"].ready


def test_cancelling_is_refused_to_strangers_and_where_there_is_nothing() -> None:
    given(b.submit()).when(b.cancel(caller=b.MALLORY)).refused(Forbidden)
    given().when(b.cancel()).refused(NotFound, "Agenda a1 not found")


def test_cancelling_stays_quiet_where_the_end_has_come() -> None:
    past = (b.submit(), b.dispatch(), b.report(500, state=b.COMPLETE, message="succeeded"))

    given(*past).when(b.cancel()).then()
    given(b.submit(), b.cancel()).when(b.cancel(id="again")).then()


def test_a_failed_agenda_that_waits_for_its_retry_can_be_cancelled() -> None:
    past = (b.submit(), b.dispatch(), b.report(500, **FAILED))

    given(*past).when(b.cancel()).then(AgendaCancelled)


# --- asked again, after others


def test_who_handed_a_run_back_does_not_take_it_from_the_next_when_asked_again() -> None:
    spec = given(b.submit(), b.dispatch(), b.hand_back(None, request="digest"))
    spec.when(b.dispatch(id="next", dispatch_id="d1", attempt=1, now=b.NOW + 155)).then(AgendaDispatched)

    spec.when(b.hand_back(None, request="digest")).then()

    spec.when(b.hand_back(None, id="another", request="digest")).then(AgendaHandedBack)


def test_who_cancelled_does_not_end_the_rerun_when_asked_again() -> None:
    spec = given(b.submit(), b.cancel(request="digest"), b.rerun())

    spec.when(b.cancel(request="digest")).then()

    assert not head(spec).cancelled
    spec.when(b.cancel(id="another", request="digest")).then(AgendaCancelled)

"""ReportProgress (spec 7.2, 14, design 4.8): it happens, it is refused, it stays quiet."""

from typing import Any

import pytest
from msgspec.structs import replace

from eventstore.errors import BadRequest, Conflict, Invalid, SealedForAnother
from eventstore.events import ProgressReported, ReportSuperseded
from eventstore.sealing import seal_list
from tests.builders import (
    ALICE,
    COMPLETE,
    EXECUTING,
    MALLORY,
    NOW,
    RUN,
    WAITING,
    delete_progress,
    dispatch,
    expire,
    operation,
    report,
    rerun,
    retry,
    submit,
    take_back,
)
from tests.ciphers import RandomisingCipher
from tests.spec import given

DONE: dict[str, Any] = {"state": COMPLETE, "message": "succeeded", "percent": 100.0}


def test_takes_in_what_changed_and_nothing_else() -> None:
    event = given(submit(), dispatch()).when(report(500, operation("x"), percent=50.0)).then(ProgressReported)
    assert (event.progress.id, event.progress.processing_state, event.progress.percent_complete) == (
        RUN,
        EXECUTING,
        50.0,
    )
    assert event.progress.maximum_attempts is None
    assert [(row.operation, row.processing_state) for row in event.operations] == [("x", COMPLETE)]


def test_binds_an_executor_to_the_attempt_that_its_dispatch_opened() -> None:
    given(submit(), dispatch()).when(report(500)).then(ProgressReported, attempt=1, bound=500)


def test_opens_an_attempt_for_a_plain_script() -> None:
    given(submit(do_not_run=True)).when(report(500)).then(ProgressReported, attempt=1, bound=500)


def test_counts_the_attempts_of_an_operation_at_its_first_report_in_each() -> None:
    first = given(submit(), dispatch()).when(report(500, operation("x", EXECUTING))).then(ProgressReported)
    assert (first.operations[0].attempt_count, first.operations[0].attempt_time) == (1, NOW + 100)
    past = (submit(), dispatch(), report(500, operation("x", EXECUTING)))
    again = given(*past).when(report(500, operation("x"), identity="r2")).then(ProgressReported)
    assert again.operations[0].attempt_count is None


def test_counts_an_attempt_of_an_operation_that_runs_again_though_all_else_that_is_said_was_said_before() -> None:
    for said in (operation("x", EXECUTING, percent_complete=0.0), operation("x", processing_state_message="failed")):
        ended = report(500, state=COMPLETE, message="failed", identity="end")
        past = (submit(), dispatch(), report(500, said), ended, retry(), dispatch(1))
        again = report(900, said, identity="r2")
        event = given(*past).when(again).then(ProgressReported, attempt=2)
        (row,) = event.operations
        assert (row.operation, row.attempt, row.attempt_count, row.attempt_time) == ("x", 2, 2, NOW + 100)
        given(*past, again).when(replace(again, id="r3")).then()


def test_what_succeeded_before_and_is_said_again_is_no_attempt() -> None:
    done = operation("x", processing_state_message="succeeded")
    ended = report(500, state=COMPLETE, message="failed", identity="end")
    past = (submit(), dispatch(), report(500, done), ended, retry(), dispatch(1))
    event = given(*past).when(report(900, done, identity="r2")).then(ProgressReported, attempt=2)
    assert not event.operations


def test_started_time_spans_all_retries_of_the_run_and_of_each_operation() -> None:
    failed = operation("x", processing_state_message="failed", started_time=501)
    ended = report(500, failed, state=COMPLETE, message="failed", identity="end")
    past = (submit(), dispatch(), report(500, operation("x", EXECUTING, started_time=501)), ended)
    again = report(900, operation("x", EXECUTING, started_time=901), operation("y", started_time=902), identity="r2")

    spec = given(*past, retry(), dispatch(1)).when(again)

    event = spec.then(ProgressReported, attempt=2, bound=900)
    assert event.progress.started_time is None
    assert [(row.operation, row.started_time) for row in event.operations] == [("x", None), ("y", 902)]


def test_a_rerun_that_resets_operations_starts_them_and_the_run_anew() -> None:
    done = (operation("x", started_time=501), operation("y", started_time=502))
    past = (submit(), dispatch(), report(500, *done), report(500, identity="end", **DONE), rerun("x"), dispatch(1))
    again = report(900, operation("x", EXECUTING, started_time=901), operation("y", started_time=902), identity="r2")

    spec = given(*past).when(again)

    event = spec.then(ProgressReported, attempt=2, bound=900)
    assert event.progress.started_time == 900
    assert [(row.operation, row.started_time) for row in event.operations] == [("x", 901)]
    later = report(900, operation("x", EXECUTING, started_time=999, percent_complete=5.0), identity="r3")
    assert spec.when(later).then(ProgressReported).operations[0].started_time is None


def test_creates_operations_that_it_does_not_know() -> None:
    event = (
        given(submit(), dispatch())
        .when(report(500, operation("new", None), operation("", None)))
        .then(ProgressReported)
    )
    rows = [(row.id, row.operation, row.processing_state) for row in event.operations]
    assert rows == [(f"{RUN}-new", "new", WAITING), (f"{RUN}-null", "null", WAITING)]


def test_counts_a_completed_attempt_of_the_run() -> None:
    event = given(submit(), dispatch()).when(report(500, **DONE)).then(ProgressReported)
    assert event.progress.attempts_completed == 1


def test_an_accepted_late_report_takes_the_run_out_of_the_line() -> None:
    spec = given(submit(), dispatch(), expire()).when(report(500, percent=5.0))
    spec.then(ProgressReported, attempt=1, bound=500)
    head = spec.world.run().head
    assert head is not None
    assert not head.agendas["a1"].ready


def test_the_first_completion_of_an_operation_is_final_within_its_attempt() -> None:
    past = (submit(), dispatch(), report(500, operation("x", processing_state_message="succeeded")))
    given(*past).when(report(500, operation("x", EXECUTING), identity="r2")).then()


def test_an_older_report_does_not_take_a_complete_run_back() -> None:
    past = (submit(), dispatch(), report(500, percent=10.0), report(500, identity="r2", **DONE))
    given(*past).when(report(500, percent=90.0, identity="r3")).then()


def test_records_a_superseded_executor_once_and_then_only_refuses_it() -> None:
    past = (submit(), dispatch(), report(500), report(600, identity="x"))
    given(*past[:3]).when(past[3]).then(ReportSuperseded, started_time=600, attempt=1)
    again = (
        submit(),
        dispatch(),
        expire(),
        dispatch(1, deadline=NOW + 9999),
        report(700),
    )
    given(*again).when(report(800, identity="y")).then(ReportSuperseded)


def test_a_later_dispatch_supersedes_the_executor_before_it() -> None:
    past = (submit(), dispatch(), report(500))
    # Its run went back into the line only by a rerun, which is not here yet: a dispatch after an expiry is the way.
    given(submit(), dispatch(), expire(), dispatch(1, deadline=NOW + 9999)).when(report(500)).then(
        ProgressReported, attempt=2, bound=500
    )
    given(*past).when(dispatch(1)).refused(Conflict)


def test_refuses_a_report_on_a_progress_that_is_not_there() -> None:
    text = f"The AgendaProgress specified was not found or is not visible: {RUN}"
    given().when(report()).refused(BadRequest, text)
    given(submit(), delete_progress()).when(report()).refused(BadRequest, text)


def test_refuses_a_caller_without_the_right_in_the_same_words() -> None:
    given(submit()).when(report(caller=MALLORY, insights=[])).refused(BadRequest, "not found or is not visible")
    given(submit()).when(report(caller=MALLORY, insights=["i1"])).then(ProgressReported)
    given(submit()).when(report(caller=ALICE, insights=[])).then(ProgressReported)


def test_takes_in_what_is_sealed_for_the_customer_of_the_run() -> None:
    said = report(500, operation("x"), sealed_for="alice")
    given(submit(), dispatch()).when(said).then(ProgressReported, attempt=1)


def test_refuses_what_is_sealed_for_another_customer_and_tells_not_whose_the_run_is() -> None:
    """The run was deleted and its id used again, and the edge that sealed it did not hear of that."""
    spec = given(submit(), dispatch()).when(report(500, operation("x"), sealed_for="bob"))
    spec.refused(SealedForAnother, "sealed for the customer of the run")
    with pytest.raises(SealedForAnother, match=r"^(?!.*alice)"):
        spec.then(ProgressReported)
    given(submit()).when(report(caller=MALLORY, insights=[], sealed_for="bob")).refused(BadRequest, "not visible")


def test_what_is_sealed_for_the_customer_and_said_again_stays_quiet() -> None:
    past = (submit(), dispatch(), report(500, operation("x"), sealed_for="alice"))
    given(*past).when(report(500, operation("x"), identity="again", sealed_for="alice")).then()


def test_an_identical_report_stays_quiet() -> None:
    past = (submit(), dispatch(), report(500, operation("x"), percent=5.0))
    given(*past).when(report(500, operation("x"), percent=5.0, identity="again")).then()


def test_an_unchanged_report_is_a_sign_of_life_once_the_last_is_old() -> None:
    past = (submit(), dispatch(), report(500, percent=5.0))
    later = report(500, percent=5.0, identity="again", now=NOW + 100 + 60_000)
    event = given(*past).when(later).then(ProgressReported)
    assert event.progress.updated_time == NOW + 60_100
    assert event.progress.percent_complete is None


def test_sealed_fields_are_compared_by_what_they_say() -> None:
    cipher = RandomisingCipher()
    said = [seal_list(cipher, "alice", [{"message": "m"}, None]) for _ in range(2)]
    assert said[0] != said[1]
    past = (submit(), dispatch(), report(500, diagnostics=said[0]))
    given(*past).when(report(500, diagnostics=said[1], identity="again")).then()


def test_a_report_without_a_start_time_is_of_the_latest_attempt() -> None:
    given(submit(), dispatch()).when(report(None, percent=5.0)).then(ProgressReported, attempt=1, bound=None)


def test_a_returned_dispatch_leaves_its_attempt_open_for_a_late_report() -> None:
    given(submit(), dispatch(), take_back()).when(report(500)).then(ProgressReported, attempt=1)
    given(submit(), dispatch(), take_back(), dispatch(1)).when(report(500)).then(ProgressReported, attempt=2)


def test_a_report_that_would_make_a_row_too_large_is_refused() -> None:
    large = f"plain:mac:{'x' * 1_100_000}"
    first = report(500, operation("x", EXECUTING, result_payload=large))

    given(submit(), dispatch(), first).when(
        report(500, operation("x", EXECUTING, params={"p": large}), identity="second")
    ).refused(Invalid, "each of at most 2097152 bytes")
    other = report(500, operation("y", EXECUTING, params={"p": large}), identity="second")
    given(submit(), dispatch(), first).when(other).then(ProgressReported)


def test_the_last_eight_keys_of_a_run_are_known() -> None:
    first = report(500, percent=1.0, identity="k0", request="d0")
    later = [report(500, percent=float(n + 1), identity=f"k{n}", request=f"d{n}") for n in range(1, 8)]
    spec = given(submit(), first, *later)
    spec.when(first).then()
    spec.when(report(500, percent=1.0, identity="k0", request="other")).refused(Invalid, "Idempotency-Key")

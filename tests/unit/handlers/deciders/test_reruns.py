"""Rerun (spec 8): what is reset, what is removed, where the run stands afterwards, and when nothing happens."""

import pytest
from msgspec.structs import replace

from eventstore.errors import Invalid, NotFound
from eventstore.events import AgendaDispatched, AgendaRerun, AgendaRetried, ReportSuperseded
from eventstore.model import Operation, OperationProgress
from handlers.deciders.reruns import affected
from projections.rows import AgendaHead
from tests import builders as b
from tests.spec import Spec, given

DONE = {"message": "succeeded", "state": b.COMPLETE}


def head(spec: Spec) -> AgendaHead:
    found = spec.world.run().head
    assert found is not None
    return found.agendas["a1"]


def row(spec: Spec, name: str) -> OperationProgress:
    found = spec.world.run().operation(name)
    assert found is not None
    return found


# --- it happens


def test_a_rerun_resets_all_operations_and_stands_at_the_end_of_the_line() -> None:
    done = b.operation("x", percent_complete=100.0, diagnostic_events=["plain:m:1"], started_time=5, completed_time=6)
    spec = given(b.submit(), b.dispatch(), b.report(500, done), b.report(500, identity="end", **DONE))

    event = spec.when(b.rerun()).then(AgendaRerun, reset=["x", "y"], removed=None, ready=b.NOW + 300_000)

    assert (event.progress.processing_state, event.progress.processing_state_message) == (b.WAITING, "pending")
    assert head(spec).ready
    again = row(spec, "x")
    assert (again.processing_state, again.processing_state_message, again.percent_complete) == (b.WAITING, "pending", 0)
    assert (again.diagnostic_events, again.result_payload) == ([], "plain:mac-of-none:{}")
    assert (again.started_time, again.completed_time, again.attempt_count) == (5, 6, 1)
    progress = spec.world.run().progress()
    assert progress is not None
    assert progress.attempts_completed == 1


def test_what_depends_on_a_reset_operation_is_reset_and_what_it_generated_is_removed() -> None:
    spec = given(b.chain())

    spec.when(b.rerun("y")).then(AgendaRerun, reset=["y", "z"], removed=["g", "h"])

    left = spec.world.run().agenda("a1")
    assert left is not None
    assert [operation.name for operation in left.operations or []] == ["x", "y", "z", "u"]
    assert spec.world.run().operation("g") is None
    assert left.updated_time == b.NOW + 300_000


def test_a_generated_operation_that_is_named_itself_is_reset() -> None:
    given(b.chain()).when(b.rerun("h")).then(AgendaRerun, reset=["h"], removed=None)


def test_everything_is_reset_unless_something_is_named_or_it_continues() -> None:
    everything = ["x", "y", "z", "u"]
    given(b.chain()).when(b.rerun("u", resets_all=True)).then(AgendaRerun, reset=everything, removed=["g", "h"])
    given(b.chain()).when(b.rerun()).then(AgendaRerun, reset=everything)
    given(b.chain()).when(b.rerun(continues=True)).then(AgendaRerun, reset=None, removed=None, result=None)
    given(b.chain()).when(b.rerun("u", continues=True)).then(AgendaRerun, reset=["u"])


def test_a_run_that_waits_is_moved_to_the_back_and_stands_there_once() -> None:
    spec = given(b.submit())

    spec.when(b.rerun()).then(AgendaRerun, ready=b.NOW + 300_000)

    assert (head(spec).ready, head(spec).added) == (True, b.NOW + 300_000)
    later = b.NOW + 300_001
    spec.when(b.dispatch(now=later, deadline=later)).then(AgendaDispatched)
    assert not head(spec).ready


def test_a_run_in_execution_is_taken_from_its_executor() -> None:
    spec = given(b.submit(), b.dispatch(), b.report(500))

    spec.when(b.rerun()).then(AgendaRerun, attempt=1)

    assert (head(spec).open, head(spec).superseded, head(spec).heard) == (False, [500], None)
    spec.when(b.report(500, identity="late")).then(ReportSuperseded)


@pytest.mark.parametrize(
    "ending", [b.cancel(), b.report(500, identity="end", state=b.COMPLETE, message="failed"), b.reclaim()]
)
def test_whatever_ended_a_run_is_forgotten(ending: object) -> None:
    spec = given(b.submit(), b.dispatch(), b.report(500), ending)  # type: ignore[arg-type]

    spec.when(b.rerun()).then(AgendaRerun)

    known = head(spec)
    assert (known.cancelled, known.failed, known.heard, known.reclaimed) == (False, None, None, False)
    spec.when(b.retry(now=b.NOW + 400_000)).then()


def test_a_rerun_does_not_give_attempts_back() -> None:
    failed = {"state": b.COMPLETE, "message": "failed"}
    one = b.submit(maximum_attempts=1)
    spec = given(one, b.dispatch(), b.report(500, identity="end", **failed), b.rerun())
    later = b.NOW + 300_001
    spec.when(b.dispatch(1, now=later, deadline=later)).then(AgendaDispatched)
    spec.when(b.report(600, identity="end2", now=later, **failed))

    assert head(spec).failed is None
    spec.when(b.retry(2, now=b.NOW + 10**9)).then()


def test_it_is_tried_again_after_a_rerun_while_attempts_are_left() -> None:
    failed = {"state": b.COMPLETE, "message": "failed"}
    spec = given(b.submit(), b.dispatch(), b.report(500, identity="end", **failed), b.rerun())
    later = b.NOW + 300_001
    spec.when(b.dispatch(1, now=later, deadline=later)).then(AgendaDispatched)
    spec.when(b.report(600, identity="end2", now=later, **failed))

    spec.when(b.retry(2, now=b.NOW + 10**9)).then(AgendaRetried)


def test_nothing_is_queued_where_execution_is_skipped_or_never_wanted() -> None:
    done = (b.dispatch(), b.report(500, identity="end", **DONE))
    spec = given(b.submit(), *done)
    spec.when(b.rerun(skips_execution=True)).then(AgendaRerun, ready=None, reset=["x", "y"])
    assert not head(spec).ready

    agenda = replace(b.agenda(), params={"doNotRun": "plain:m:null"})
    given(replace(b.submit(do_not_run=True), agenda=agenda)).when(b.rerun()).then(AgendaRerun, ready=None)


def test_skipping_execution_leaves_a_waiting_run_in_its_place() -> None:
    given(b.submit()).when(b.rerun(skips_execution=True)).then(AgendaRerun, ready=b.NOW)


# --- it is refused


def test_it_is_refused_where_there_is_nothing_or_the_caller_may_not_see_it() -> None:
    given().when(b.rerun()).refused(NotFound, "Agenda a1 not found")
    given(b.submit()).when(b.rerun(agenda_id="a2")).refused(NotFound, "Agenda a2 not found")
    given(b.submit()).when(b.rerun(caller=b.MALLORY)).refused(NotFound, "Agenda a1 not found")
    given(b.submit(), b.delete_progress()).when(b.rerun()).refused(NotFound, "AgendaProgress r1 not found")


def test_names_that_are_none_are_refused_and_all_of_them_named() -> None:
    text = "params is invalid - operationsToReset has the following invalid operation names: q,X"
    given(b.submit()).when(b.rerun("q", "x", "X")).refused(Invalid, text)
    text = "params is invalid - operationsToReset has no operations specified"
    given(b.submit()).when(b.rerun(operations=[])).refused(Invalid, text)


# --- it stays quiet


def test_it_stays_quiet_where_nothing_would_change() -> None:
    skipped = {"skips_execution": True}
    given(b.submit(), b.rerun()).when(b.rerun(id="again", **skipped)).then()
    given(b.submit(), b.rerun(continues=True)).when(b.rerun(id="again", continues=True, **skipped)).then()
    given(b.submit()).when(b.rerun(continues=True, **skipped)).then(AgendaRerun)


def test_it_happens_where_anything_at_all_would_change() -> None:
    skipped = {"skips_execution": True}
    begun = b.rerun(continues=True, **skipped)
    given(b.submit(), begun).when(b.rerun(id="rows", **skipped)).then(AgendaRerun, reset=["x", "y"])

    held = given(b.submit(), begun, b.dispatch(now=b.NOW + 300_001, deadline=b.NOW + 300_001))
    held.when(b.rerun(id="taken", continues=True, **skipped)).then(AgendaRerun, attempt=1)
    assert not head(held).open

    left = b.expand(Operation(name="k", generated_parent="y"))
    all_reset = given(b.chain(), b.rerun(**skipped), left)
    all_reset.when(b.rerun("y", id="removed", **skipped)).then(AgendaRerun, removed=["k"])

    # Cancelled while another agenda of the run goes on: its progress waits as before.
    both = given(b.submit(), b.submit("a2", reuses_progress=True), begun, b.cancel())
    both.when(b.rerun(id="again", continues=True, **skipped)).then(AgendaRerun)
    assert not head(both).cancelled


def test_the_same_request_begins_a_run_once() -> None:
    spec = given(b.submit(), b.rerun(request="digest"))
    spec.when(b.dispatch(now=b.NOW + 300_001, deadline=b.NOW + 300_001)).then(AgendaDispatched)

    spec.when(b.rerun(request="digest")).then()

    assert head(spec).open


# --- the closure


def test_circles_of_dependence_end() -> None:
    operations = [Operation(name="x", depends_on=["y"]), Operation(name="y", depends_on=["x"])]
    assert affected(operations, ["x"]) == (["x", "y"], [])
    assert affected([Operation(name="x", generated_parent="x")], ["x"]) == (["x"], [])

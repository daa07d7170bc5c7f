"""ReapObjects: it happens, it stays quiet; views go, events stay (spec 9.3)."""

from typing import Any

from eventstore.events import ObjectsReaped, RunReaped
from eventstore.model import Operation
from projections.rows import PREFIX_LENGTH, head_key
from tests.builders import (
    COMPLETE,
    EXECUTING,
    NOW,
    RUN,
    cancel,
    delete_agenda,
    delete_progress,
    dispatch,
    expand,
    operation,
    report,
    rerun,
    save_agenda,
    save_operation,
    save_progress,
    submit,
)
from tests.builders import reap as reap_trace
from tests.builders import reap_objects as reap
from tests.spec import Spec, given

DAY = 86_400_000


def done() -> tuple[Any, ...]:
    end = report(500, operation("x"), identity="end", state=COMPLETE, message="succeeded")
    return submit(), dispatch(), report(500), end


def rows(spec: Spec) -> list[bytes]:
    return sorted(key for key, value in spec.world.rows.items() if len(value) > PREFIX_LENGTH)


class TestHappens:
    def test_a_run_that_is_old_leaves_a_trace_that_goes_a_day_later(self) -> None:
        spec = given(*done()).when(reap())
        spec.then(ObjectsReaped, agendas=["a1"], progress=True, operations=[])
        assert rows(spec) == [head_key(RUN)]
        head = spec.world.run().head
        assert head is not None
        assert head.deleted == NOW + 3 * DAY + 200
        later = given(*done(), reap()).when(reap_trace(now=NOW + 5 * DAY))
        later.then(RunReaped)
        assert rows(later) == []

    def test_a_cancelled_run_and_one_that_was_never_to_run(self) -> None:
        given(submit(), cancel()).when(reap()).then(ObjectsReaped, progress=True)
        given(submit(do_not_run=True)).when(reap()).then(ObjectsReaped, progress=True)

    def test_each_kind_by_its_own_age(self) -> None:
        given(*done()).when(reap(progress_age=None, operation_age=None)).then(
            ObjectsReaped, agendas=["a1"], progress=False, operations=[]
        )
        spec = given(*done()).when(reap(progress_age=None, agenda_age=None))
        spec.then(ObjectsReaped, agendas=[], progress=False, operations=["x", "y"])
        head = spec.world.run().head
        assert head is not None
        assert head.deleted is None

    def test_what_is_left_of_a_run_that_was_deleted_in_part(self) -> None:
        given(*done(), delete_agenda()).when(reap()).then(ObjectsReaped, agendas=[], progress=True)
        given(*done(), delete_progress()).when(reap()).then(ObjectsReaped, agendas=["a1"], progress=False)

    def test_operations_that_were_posted_alone_by_the_names_in_their_keys(self) -> None:
        alone = save_operation("odd", must_exist=False, customer_id="alice", operation="x")
        spec = given(*done(), alone).when(reap(progress_age=None, agenda_age=None))
        spec.then(ObjectsReaped, operations=["\x01odd", "x", "y"])
        assert not [key for key in rows(spec) if key.startswith(b"o")]
        spec = given(alone).when(reap())
        spec.then(ObjectsReaped, progress=False, operations=["\x01odd"])
        assert rows(spec) == [head_key(RUN)]

    def test_a_run_that_was_made_by_put_and_post_and_one_that_was_begun_again_without_execution(self) -> None:
        saved = save_progress(must_exist=False, customer_id="alice", processing_state=EXECUTING)
        given(saved).when(reap()).then(ObjectsReaped, progress=True)
        skipped = rerun(skips_execution=True, now=NOW + 150)
        given(*done(), skipped).when(reap()).then(ObjectsReaped, agendas=["a1"], progress=True)


class TestStaysQuiet:
    def test_while_it_is_younger(self) -> None:
        given(*done()).when(reap(now=NOW + 3 * DAY)).then()

    def test_an_age_that_is_not_said_is_never(self) -> None:
        given(*done()).when(reap(agenda_age=None, progress_age=None, operation_age=None)).then()

    def test_while_a_puller_an_executor_or_a_timer_may_come(self) -> None:
        failed = report(500, identity="end", state=COMPLETE, message="failed")
        for history in (
            [submit()],
            [submit(), dispatch()],
            [submit(), dispatch(), report(500)],
            [submit(), dispatch(), report(500), failed],
            [*done(), rerun()],
            [submit(), save_progress(processing_state=EXECUTING)],
        ):
            given(*history).when(reap(now=NOW + 100 * DAY)).then()

    def test_an_agenda_ages_with_its_run_and_not_since_its_submission(self) -> None:
        late = report(500, identity="end", state=COMPLETE, message="succeeded", now=NOW + 3 * DAY)
        given(submit(), dispatch(), report(500), late).when(reap()).then()

    def test_what_was_put_or_grew_of_late_is_young(self) -> None:
        late = {"now": NOW + 3 * DAY}
        grown = expand(Operation(name="k", type="t"), **late)
        for change in (save_agenda(title="t", **late), save_progress(title="t", **late), grown):
            spec = given(*done(), change).when(reap(operation_age=None, progress_age=None))
            spec.then()

    def test_what_is_gone_stays_gone(self) -> None:
        given(*done(), reap()).when(reap(id="again", now=NOW + 9 * DAY)).then()
        given().when(reap()).then()

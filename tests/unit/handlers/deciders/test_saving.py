"""SaveAgenda, SaveProgress, SaveOperation, DeleteOperation: each happens, is refused, stays quiet (spec 2.5, 7.2)."""

from typing import Any

import pytest

from eventstore.errors import BadRequest, Forbidden, Invalid, NotFound
from eventstore.events import AgendaSaved, OperationDeleted, OperationSaved, ProgressSaved
from eventstore.model import Operation
from handlers.deciders.registry import decide
from projections.queries.waiting import progress_view
from tests import builders as b
from tests.builders import ALICE, COMPLETE, EXECUTING, MALLORY, NOW, WAITING
from tests.spec import Spec, given

DENIED = "You do not have permission to perform this action for customerId alice"


def head_of(spec: Spec) -> Any:
    head = spec.world.run().head
    assert head is not None
    return head.agendas["a1"]


class TestAgenda:
    def test_a_put_replaces_whole_fields_and_neither_progress_nor_place(self) -> None:
        before = given(b.submit()).world.run()
        spec = given(b.submit()).when(b.save_agenda(title="new", operations=[Operation(name="only")], added_time=5))
        spec.then(AgendaSaved)
        row = spec.world.run().agenda("a1")
        assert row is not None
        assert (row.title, row.added_time, row.updated_time, row.progress_id) == ("new", 5, NOW + 120, "r1")
        assert [operation.name for operation in row.operations or []] == ["only"]
        assert spec.world.run().progress() == before.progress()
        assert head_of(spec).ready

    def test_refuses_what_is_not_there_or_anothers(self) -> None:
        given().when(b.save_agenda()).refused(NotFound, "Unable to get object by id a1")
        given(b.submit(), b.delete_agenda()).when(b.save_agenda(id="again")).refused(NotFound)
        given(b.submit()).when(b.save_agenda(caller=MALLORY)).refused(NotFound, "Unable to get object by id a1")

    def test_it_does_not_change_hands_or_place(self) -> None:
        given(b.submit()).when(b.save_agenda(customer_id="bob")).refused(BadRequest, "customerId to stay alice")
        given(b.submit()).when(b.save_agenda(customer_id="bob", caller=ALICE)).refused(Forbidden, "customerId bob")
        given(b.submit()).when(b.save_agenda(progress_id="r2")).refused(BadRequest, "progressId to stay r1")
        given(b.submit()).when(b.save_agenda(customer_id="alice", progress_id="r1")).then(AgendaSaved)

    def test_the_same_key_again_stays_quiet(self) -> None:
        put = b.save_agenda(title="t", request="digest")
        given(b.submit(), put).when(put).then()


class TestProgress:
    def test_a_post_creates_with_pops_defaults(self) -> None:
        post = b.save_progress(must_exist=False, customer_id="alice", added_time=5, title="t")
        spec = given().when(post)
        spec.then(ProgressSaved, operations=None)
        row = spec.world.run().progress()
        assert row is not None
        assert (row.added_time, row.updated_time, row.maximum_attempts) == (NOW + 130, NOW + 130, 3)
        assert row.processing_state is None

    def test_a_post_of_a_known_id_merges_over_it(self) -> None:
        spec = given(b.submit()).when(b.save_progress(must_exist=False, customer_id="alice", title="t"))
        row = spec.world.run().progress()
        assert row is not None
        assert (row.title, row.agenda_id, row.processing_state) == ("t", "a1", WAITING)

    def test_an_agenda_can_be_submitted_onto_it(self) -> None:
        post = b.save_progress(must_exist=False, customer_id="alice", title="t")
        spec = given(post, b.submit(reuses_progress=True))
        row = spec.world.run().progress()
        assert row is not None
        assert (row.title, row.agenda_id) == ("t", "a1")

    def test_a_put_counts_a_completion_once_whatever_the_body_says(self) -> None:
        put = b.save_progress(processing_state=COMPLETE, attempts_completed=7)
        spec = given(b.submit()).when(put)
        assert spec.then(ProgressSaved).progress.attempts_completed == 1
        again = given(b.submit(), put).when(b.save_progress(id="p2", processing_state=COMPLETE, attempts_completed=7))
        assert again.then(ProgressSaved).progress.attempts_completed == 7

    def test_a_put_merges_operations_and_makes_those_that_are_missing(self) -> None:
        entries = [
            b.operation("x", EXECUTING, percent_complete=5.0),
            b.operation("new", None),
            b.operation("x", COMPLETE),
        ]
        spec = given(b.submit()).when(b.save_progress(*entries))
        spec.then(ProgressSaved)
        x, new = spec.world.run().operation("x"), spec.world.run().operation("new")
        assert x is not None
        assert new is not None
        assert (x.id, x.processing_state, x.percent_complete, x.added_time) == ("r1-x", COMPLETE, 5.0, NOW)
        assert (x.attempt_count, x.attempt_time) == (1, NOW + 130)
        assert (new.id, new.customer_id, new.agenda_progress_id, new.processing_state) == (
            "r1-new",
            "alice",
            "r1",
            WAITING,
        )
        assert new.attempt_count == 0

    def test_an_operation_without_a_name_is_pops_null(self) -> None:
        nameless = b.operation("x")
        nameless = type(nameless)(percent_complete=1.0)
        spec = given(b.submit()).when(b.save_progress(nameless))
        spec.then(ProgressSaved)
        assert spec.world.run().operation("null") is not None

    def test_an_attempt_is_counted_once_per_attempt(self) -> None:
        put = b.save_progress(b.operation("x", EXECUTING))
        spec = given(b.submit(), b.dispatch(), put).when(b.save_progress(b.operation("x"), id="p2"))
        spec.then(ProgressSaved)
        row = spec.world.run().operation("x")
        assert row is not None
        assert (row.attempt_count, row.attempt) == (1, 1)

    def test_a_sign_of_life_ends_the_wait_for_one_and_completion_the_attempt(self) -> None:
        spec = given(b.submit(), b.dispatch()).when(b.save_progress(processing_state=EXECUTING))
        assert (head_of(spec).dispatch, head_of(spec).open, head_of(spec).heard) == (None, True, NOW + 130)
        spec.when(b.save_progress(id="p2", processing_state=COMPLETE, processing_state_message="succeeded"))
        assert (head_of(spec).open, head_of(spec).heard, head_of(spec).failed) == (False, None, None)

    def test_a_failure_that_is_put_is_retried(self) -> None:
        failed = b.save_progress(processing_state=COMPLETE, processing_state_message="failed")
        assert head_of(given(b.submit(), b.dispatch()).when(failed)).failed == NOW + 130

    def test_a_reclaimed_attempt_of_which_a_state_is_put_was_not_lost(self) -> None:
        past = (b.submit(), b.dispatch(), b.report(500), b.reclaim())
        assert head_of(given(*past)).reclaimed
        assert head_of(given(*past).when(b.save_progress(title="t", now=NOW + 100_001))).reclaimed
        spec = given(*past).when(b.save_progress(processing_state=EXECUTING, now=NOW + 100_001))
        assert (head_of(spec).reclaimed, head_of(spec).heard, head_of(spec).failed) == (False, NOW + 100_001, None)

    def test_what_says_nothing_of_the_state_changes_nothing_of_the_attempt(self) -> None:
        before = head_of(given(b.submit(), b.dispatch()))
        assert head_of(given(b.submit(), b.dispatch()).when(b.save_progress(title="t"))) == before

    def test_a_put_leaves_a_cancelled_agenda_cancelled(self) -> None:
        spec = given(b.submit(), b.cancel()).when(b.save_progress(processing_state=EXECUTING))
        assert (head_of(spec).cancelled, head_of(spec).heard) == (True, None)

    def test_refuses_a_put_of_what_is_not_there_or_not_seen(self) -> None:
        text = "Unable to get object by id r1"
        given().when(b.save_progress()).refused(NotFound, text)
        given(b.submit()).when(b.save_progress(caller=MALLORY)).refused(NotFound, text)
        given(b.submit()).when(b.save_progress(customer_id="bob", caller=ALICE)).refused(Forbidden, "customerId bob")
        given(b.submit()).when(b.save_progress(customer_id="bob")).refused(BadRequest, "customerId to stay alice")

    def test_refuses_a_post_among_anothers_objects(self) -> None:
        post = b.save_progress(must_exist=False, customer_id="mallory", caller=MALLORY)
        given(b.submit()).when(post).refused(Forbidden, "this action for id r1")
        given(b.submit(), b.delete_progress()).when(post).refused(Forbidden, "agendaProgressId r1")
        alone = b.save_operation("odd", must_exist=False, customer_id="alice", agenda_progress_id="r1")
        given(alone).when(post).refused(Forbidden, "agendaProgressId r1")

    def test_the_same_key_again_stays_quiet_and_another_body_is_refused(self) -> None:
        put = b.save_progress(title="t", request="digest")
        given(b.submit(), put).when(put).then()
        given(b.submit(), put).when(b.save_progress(title="u", request="other")).refused(Invalid)


class TestSharedProgress:
    def test_an_agenda_onto_anothers_progress_finds_none(self) -> None:
        post = b.save_progress(must_exist=False, customer_id="bob")
        given(post).when(b.submit(reuses_progress=True)).refused(NotFound, "Unable to get object by id r1")


class TestOperation:
    def test_it_is_posted_alone_in_the_stream_of_a_progress_that_is_not_there(self) -> None:
        spec = given().when(b.save_operation("odd", must_exist=False, customer_id="alice", agenda_progress_id="r1"))
        event = spec.then(OperationSaved).operation
        assert (event.added_time, event.updated_time, event.attempt_count) == (NOW + 140, NOW + 140, 0)
        (row,) = spec.world.run().operations()
        assert row.id == "odd"
        assert progress_view(spec.world.run()) is None

    def test_it_is_shown_with_a_progress_of_its_customer_alone(self) -> None:
        def odd(identity: str, customer: str) -> Any:
            return b.save_operation(
                identity, id=identity, must_exist=False, customer_id=customer, agenda_progress_id="r1", operation="x"
            )

        view = progress_view(given(b.submit(), odd("odd", "alice"), odd("other", "bob")).world.run())
        assert view is not None
        assert {row.id for row in view.operations} == {"odd", "r1-x", "r1-y"}

    def test_a_put_merges_into_the_operations_own_row(self) -> None:
        spec = given(b.submit()).when(b.save_operation(processing_state=EXECUTING, processing_state_message="1 %"))
        spec.then(OperationSaved)
        row = spec.world.run().operation("x")
        assert row is not None
        assert (row.processing_state, row.processing_state_message, row.added_time) == (EXECUTING, "1 %", NOW)

    def test_a_post_of_a_known_id_keeps_its_count_of_attempts(self) -> None:
        spec = given(b.submit(), b.dispatch(), b.report(500, b.operation("x")))
        spec.when(b.save_operation(must_exist=False, customer_id="alice", title="t")).then(OperationSaved)
        row = spec.world.run().operation("x")
        assert row is not None
        assert (row.title, row.attempt_count, row.added_time) == ("t", 1, NOW + 140)

    def test_refuses_what_is_not_there_or_anothers(self) -> None:
        given().when(b.save_operation()).refused(NotFound, "Unable to get object by id r1-x")
        given(b.submit()).when(b.save_operation(caller=MALLORY)).refused(NotFound, "Unable to get object by id r1-x")
        given(b.submit()).when(b.save_operation(customer_id="bob")).refused(BadRequest, "customerId to stay alice")
        given(b.submit()).when(b.save_operation(agenda_progress_id="r2")).refused(BadRequest, "agendaProgressId")

    @pytest.mark.parametrize("identity", ["r1-new", "odd"])
    def test_nobody_posts_into_anothers_run(self, identity: str) -> None:
        post = b.save_operation(
            identity, must_exist=False, customer_id="mallory", agenda_progress_id="r1", caller=MALLORY
        )
        given(b.submit()).when(post).refused(Forbidden, "agendaProgressId r1")

    def test_the_same_key_again_stays_quiet(self) -> None:
        put = b.save_operation(title="t", request="digest")
        given(b.submit(), put).when(put).then()

    def test_cancelling_an_agenda_stops_its_own_operations_alone(self) -> None:
        odd = b.save_operation(
            "odd", must_exist=False, customer_id="alice", agenda_progress_id="r1", operation="z",
            processing_state=EXECUTING,
        )  # fmt: skip
        spec = given(b.submit(), odd).when(b.cancel())
        assert spec.world.run().operation("z") is None


class TestDeletion:
    def test_an_operation_is_deleted_and_the_last_of_a_run_leaves_a_tombstone(self) -> None:
        spec = given(b.submit()).when(b.delete_operation())
        spec.then(OperationDeleted)
        assert [row.operation for row in spec.world.run().operations()] == ["y"]
        head = spec.world.run().head
        assert head is not None
        assert head.deleted is None
        alone = b.save_operation("odd", must_exist=False, customer_id="alice")
        spec = given(alone).when(b.delete_operation("odd"))
        head = spec.world.run().head
        assert head is not None
        assert head.deleted == NOW + 210

    def test_a_run_whose_operations_are_left_is_not_gone(self) -> None:
        alone = b.save_operation("odd", must_exist=False, customer_id="alice", id="o", agenda_progress_id="r1")
        spec = given(b.submit(), b.delete_progress(), alone, b.delete_agenda())
        head = spec.world.run().head
        assert head is not None
        assert head.deleted is None
        assert decide(b.reap(), spec.world.run()) is None

    def test_refuses_anothers(self) -> None:
        given(b.submit()).when(b.delete_operation(caller=MALLORY)).refused(Forbidden, DENIED)

    def test_what_is_gone_stays_quiet(self) -> None:
        given().when(b.delete_operation()).then()
        given(b.submit(), b.delete_operation()).when(b.delete_operation(id="again")).then()

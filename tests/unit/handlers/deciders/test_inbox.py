"""What came by topic is decided once, however late Kafka delivers it again (design 4.9)."""

from eventstore.errors import Conflict, Invalid
from eventstore.events import AgendaSubmitted, ProgressReported, ReportSuperseded
from tests.builders import cancel, delete_agenda, report, submit
from tests.spec import given


def test_a_report_that_is_delivered_again_is_not_laid_over_newer_ones() -> None:
    first = report(500, percent=10.0, identity="one", inbox=(3, 7))
    newer = report(500, percent=20.0, identity="two")

    given(submit(), first, newer).when(first).then()


def test_nothing_older_of_the_same_inbox_partition_is_decided() -> None:
    later = report(500, percent=20.0, identity="two", inbox=(3, 8))

    given(submit(), later).when(report(500, percent=10.0, identity="one", inbox=(3, 7))).then()


def test_offsets_of_other_inbox_partitions_are_told_apart() -> None:
    later = report(500, percent=20.0, identity="two", inbox=(3, 8))

    given(submit(), later).when(report(500, percent=30.0, identity="one", inbox=(4, 7))).then(ProgressReported)


def test_a_submission_that_is_delivered_again_does_not_bring_a_deleted_agenda_back() -> None:
    first = submit(inbox=(3, 7))

    given(first, delete_agenda()).when(first).then()


def test_the_next_offset_is_decided() -> None:
    given(submit(inbox=(3, 7))).when(report(500, percent=1.0, inbox=(3, 8))).then(ProgressReported)


def test_nothing_is_known_of_a_run_that_is_new() -> None:
    given().when(submit(inbox=(3, 7))).then(AgendaSubmitted)


def test_an_id_that_is_published_twice_with_two_bodies_is_refused() -> None:
    first = report(500, percent=1.0, identity="one", inbox=(3, 7), request="a")

    given(submit(), first).when(report(500, percent=2.0, identity="one", inbox=(3, 8), request="b")).refused(Invalid)


def test_a_cancel_that_is_delivered_again_stays_quiet() -> None:
    given(submit(), cancel()).when(cancel()).then()


def test_a_late_report_whose_refusal_is_on_record_is_refused_again_not_taken_for_done() -> None:
    # Who died between the record and the place on `rejections` must come there after all.
    late = report(500, percent=90.0, identity="late", inbox=(3, 9), request="a")
    world = given(submit(), report(500), cancel())

    world.when(late).then(ReportSuperseded)
    world.when(late).refused(Conflict, "cancelled")

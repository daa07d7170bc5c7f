"""DeleteAgenda, DeleteProgress, ReapRun: each happens, is refused, stays quiet."""

from eventstore.errors import Forbidden
from eventstore.events import AgendaDeleted, AgendaSubmitted, ProgressDeleted, RunReaped
from tests.builders import MALLORY, NOW, delete_agenda, delete_progress, reap, report, submit
from tests.spec import given


def test_deletes_an_agenda_and_leaves_its_progress() -> None:
    spec = given(submit()).when(delete_agenda())
    spec.then(AgendaDeleted)
    assert spec.world.run().agenda("a1") is None
    assert spec.world.run().progress() is not None


def test_deletes_a_progress_with_its_operations() -> None:
    spec = given(submit(), report()).when(delete_progress())
    spec.then(ProgressDeleted)
    assert spec.world.run().progress() is None
    assert spec.world.run().operations() == []
    assert spec.world.run().agenda("a1") is not None


def test_refuses_to_delete_what_is_anothers() -> None:
    given(submit()).when(delete_agenda(caller=MALLORY)).refused(Forbidden, "customerId alice")
    given(submit()).when(delete_progress(caller=MALLORY)).refused(Forbidden, "customerId alice")


def test_deleting_what_is_gone_stays_quiet() -> None:
    given().when(delete_agenda()).then()
    given(submit(), delete_agenda()).when(delete_agenda(id="again")).then()
    given().when(delete_progress()).then()
    given(submit(), delete_progress()).when(delete_progress(id="again")).then()


def test_creation_goes_on_from_the_version_of_the_tombstone() -> None:
    spec = given(submit(), delete_agenda(), delete_progress()).when(submit("a2"))
    spec.then(AgendaSubmitted)
    head = spec.world.run().head
    assert head is not None
    assert (head.version, head.deleted) == (4, None)


def test_reaps_a_tombstone_a_day_after_its_deletion() -> None:
    spec = given(submit(), delete_agenda(), delete_progress()).when(reap())
    spec.then(RunReaped)
    assert spec.world.run().head is None


def test_reaping_stays_quiet_while_anything_is_there_or_too_early() -> None:
    given(submit(), delete_agenda()).when(reap()).then()
    given(submit(), delete_agenda(), delete_progress()).when(reap(now=NOW + 86_400_000)).then()
    given().when(reap()).then()

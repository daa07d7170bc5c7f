"""DispatchAgenda, ReturnDispatch, ExpireDispatch: each happens, is refused, stays quiet."""

from eventstore.errors import Conflict
from eventstore.events import AgendaDispatched, DispatchExpired, DispatchReturned
from tests.builders import NOW, delete_agenda, dispatch, expire, report, submit, take_back
from tests.spec import given


def test_dispatches_a_ready_agenda_and_opens_an_attempt() -> None:
    given(submit()).when(dispatch()).then(AgendaDispatched, attempt=1, expires=NOW + 10 + 5000)


def test_refuses_to_dispatch_what_is_not_ready() -> None:
    given(submit(do_not_run=True)).when(dispatch()).refused(Conflict, "to be ready, but it is not")
    given(submit(), dispatch()).when(dispatch(1)).refused(Conflict, "to be ready")
    given(submit(), report()).when(dispatch(1)).refused(Conflict, "to be ready")
    given(submit(), delete_agenda()).when(dispatch()).refused(Conflict, "to be ready")
    given().when(dispatch()).refused(Conflict, "to be ready")


def test_refuses_to_dispatch_what_was_seen_in_another_attempt() -> None:
    given(submit(), dispatch(), take_back()).when(dispatch(0, id="d", dispatch_id="d")).refused(Conflict, "attempt 0")


def test_refuses_to_begin_a_dispatch_after_its_deadline() -> None:
    given(submit()).when(dispatch(deadline=NOW)).refused(Conflict, "expected to dispatch")


def test_dispatching_twice_stays_quiet() -> None:
    given(submit(), dispatch()).when(dispatch()).then()


def test_returns_an_undelivered_dispatch_to_its_place_in_the_line() -> None:
    given(submit(), dispatch()).when(take_back()).then(DispatchReturned, ready=NOW, attempt=1)
    given(submit(), dispatch(), take_back()).when(dispatch(1)).then(AgendaDispatched, attempt=2)


def test_a_return_stays_quiet_once_something_was_heard() -> None:
    given(submit(), dispatch(), report()).when(take_back()).then()
    given(submit(), dispatch(), take_back()).when(take_back(id="again")).then()
    given(submit()).when(take_back()).then()


def test_expires_a_dispatch_of_which_nothing_was_heard() -> None:
    given(submit(), dispatch()).when(expire()).then(DispatchExpired, ready=NOW, attempt=1)


def test_expiry_stays_quiet_before_its_time_and_after_a_sign_of_life() -> None:
    given(submit(), dispatch()).when(expire(now=NOW + 20)).then()
    given(submit(), dispatch(), report()).when(expire()).then()
    given(submit(), dispatch(), take_back(), dispatch(1)).when(expire(1)).then()
    given().when(expire()).then()


def test_a_dispatch_says_by_which_rule_it_was_chosen() -> None:
    chosen = dispatch(algorithm="RoundRobin", basis={"ready": 2, "lastNumber": 7}, catalogue_offset=41)
    given(submit()).when(chosen).then(
        AgendaDispatched, algorithm="RoundRobin", basis={"ready": 2, "lastNumber": 7}, catalogue_offset=41
    )

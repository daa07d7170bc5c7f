"""What time alone brings about."""

from handlers.timers.due import BACKOFF_AT_MOST, again, expired, silent
from projections.queues.watched import Failed, Open, Running

NOW, AGE, GRACE = 1_000_000, 60_000, 30_000


def test_a_dispatch_expires_when_its_patience_and_the_owners_grace_are_over() -> None:
    early, late = Open("r1", "a1", 1, NOW - 1), Open("r2", "a2", 1, NOW + 1)

    assert [*expired([early, late], NOW, NOW - GRACE, GRACE)] == [early]
    assert [*expired([early, late], NOW, NOW - GRACE + 1, GRACE)] == []


def test_an_attempt_is_silent_since_it_was_heard_of_or_since_its_owner_listens_whichever_is_later() -> None:
    attempt = Running("r1", "a1", "alice", 1, NOW - AGE)

    assert [*silent([attempt], NOW, NOW - AGE, AGE)] == [attempt]
    assert [*silent([attempt], NOW, NOW - AGE + 1, AGE)] == []
    assert [*silent([attempt], NOW - 1, 0, AGE)] == []


def test_the_search_for_silence_ends_at_the_first_that_is_not() -> None:
    old, young = Running("r1", "a1", "alice", 1, NOW - AGE), Running("r2", "a2", "alice", 1, NOW)

    assert [*silent([young, old], NOW, 0, AGE)] == []
    assert [*silent([old, young], NOW, 0, AGE)] == [old]


def test_each_failure_doubles_the_wait_up_to_a_bound() -> None:
    def waits(failures: int) -> int:
        one = Failed("r1", "a1", failures, 0, failures)
        return next(ms for ms in range(0, 10**6, 1000) if [*again([one], ms, 1000)])

    assert [waits(count) for count in (1, 2, 3, 10)] == [1000, 2000, 4000, BACKOFF_AT_MOST]

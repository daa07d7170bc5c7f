"""What an agenda takes at least, and what a simple schedule of it takes."""

from typing import Any

import pytest

from eventstore.errors import Invalid
from handlers.converting.bound import Bound, bound
from handlers.converting.wfcommons import convert
from tests.unit.handlers.converting.workflows import document, ran, task


def agenda(**tasks: tuple[float, str]) -> dict[str, Any]:
    """An agenda of tasks, each with its seconds and the tasks that it waits for."""
    runs = [ran(name, seconds) for name, (seconds, _) in tasks.items()]
    return convert(document(*[task(name, *parents) for name, (_, parents) in tasks.items()], runs=runs))


FORK = agenda(a=(1, ""), b=(2, "a"), c=(3, "a"), d=(4, "a"), e=(1, "bcd"))


def test_with_slots_enough_the_longest_path_is_the_bound() -> None:
    assert bound(FORK, 3) == Bound(slots=3, critical_path_ms=6000, work_ms=11000, at_least_ms=6000, greedy_ms=6000)


def test_with_one_slot_everything_is_done_one_after_another() -> None:
    assert bound(FORK, 1) == Bound(slots=1, critical_path_ms=6000, work_ms=11000, at_least_ms=11000, greedy_ms=11000)


def test_the_longest_remaining_path_goes_first() -> None:
    assert bound(FORK, 2).greedy_ms == 1000 + 5000 + 1000
    assert bound(agenda(a=(1, ""), b=(1, ""), c=(1, ""), z=(1, ""), y=(2, "z")), 2).greedy_ms == 3000


def test_what_two_that_end_together_free_is_compared_before_a_slot_is_filled() -> None:
    together = agenda(a=(4, ""), b=(4, ""), c=(2, "b"), d=(3, "b"), e=(4, "b"), f=(1, ""))
    assert bound(together, 2).greedy_ms == 9000


def test_the_bound_on_work_is_rounded_up_to_a_whole_millisecond() -> None:
    assert bound(agenda(a=(0.001, ""), b=(0.001, ""), c=(0.001, "")), 2).at_least_ms == 2


def test_operations_that_take_no_time_still_have_their_turn() -> None:
    assert bound(agenda(a=(0, ""), b=(0, "a"), c=(1, "b")), 1).greedy_ms == 1000
    assert bound({"operations": []}, 1) == Bound(1, 0, 0, 0, 0)


@pytest.mark.parametrize("slots", [0, -1])
def test_refuses_to_run_on_no_slots(slots: int) -> None:
    with pytest.raises(Invalid, match="expected at least 1 slot"):
        bound(FORK, slots)


def test_refuses_an_agenda_that_cannot_end() -> None:
    unknown, cyclic = agenda(a=(1, "")), agenda(a=(1, ""), b=(1, "a"))
    unknown["operations"][0]["params"]["dependsOn"] = "x"
    cyclic["operations"][0]["params"]["dependsOn"] = "b"
    with pytest.raises(Invalid, match="expected operation 'a' to depend on operations of its agenda, found 'x'"):
        bound(unknown, 1)
    with pytest.raises(Invalid, match="found the cycle"):
        bound(cyclic, 1)

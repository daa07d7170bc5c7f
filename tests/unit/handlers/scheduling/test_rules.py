"""What holds for a queue, as its Insights say."""

from eventstore.model import Insight, Paused, SchedulingAlgorithm
from handlers.scheduling import fifo, round_robin
from handlers.scheduling.rules import ALGORITHMS, rule_of
from projections.catalogue.catalogue import queue_of
from tests.builders import catalogue, insight

FAIR, OLDEST = SchedulingAlgorithm


def rule(*insights: Insight) -> tuple[str, tuple[str, ...]]:
    found = rule_of(queue_of(insights[0]), catalogue(*insights))
    return found.algorithm, found.insights


def test_an_insight_says_how_its_queue_is_served_and_says_nothing_for_the_oldest_first() -> None:
    assert rule(insight()) == (fifo.NAME, ("i1",))
    assert rule(insight(scheduling_algorithm=OLDEST)) == (fifo.NAME, ("i1",))
    assert rule(insight(scheduling_algorithm=FAIR)) == (round_robin.NAME, ("i1",))


def test_one_that_wants_turns_is_enough_for_a_queue_of_several() -> None:
    for said in (None, OLDEST):
        mixed = (insight("i1", queue_name="q", scheduling_algorithm=said), insight("i2", queue_name="q"))
        assert rule(*mixed)[0] == fifo.NAME
        assert rule(*mixed, insight("i3", queue_name="q", scheduling_algorithm=FAIR))[0] == round_robin.NAME
        assert rule(*mixed, insight("i3", queue_name="other", scheduling_algorithm=FAIR))[0] == fifo.NAME


def test_every_algorithm_that_an_insight_can_name_is_there() -> None:
    assert set(ALGORITHMS) == {str(name) for name in SchedulingAlgorithm}


def test_what_is_paused_is_left_out_and_changes_nothing_of_how_the_others_are_served() -> None:
    paused = Paused(by="ada", why="broken", since=1)
    one = insight("i1", queue_name="q", scheduling_algorithm=FAIR, paused=paused)
    other = insight("i2", queue_name="q")
    assert rule(one, other) == (round_robin.NAME, ("i2",))
    assert rule(one) == (round_robin.NAME, ())


def test_pictures_show_every_customer_where_turns_are_served() -> None:
    fair = insight(scheduling_algorithm=FAIR)
    assert rule_of("q", catalogue(insight())).of("q")[1] is None
    assert rule_of(queue_of(fair), catalogue(fair)).of("q")[1] == "q"

"""Which partition new runs fall into."""

from collections import Counter

from handlers.routing.router import TURN_SECONDS, whose_turn

OWNED = [7, 0, 3]


def test_runs_that_come_together_go_together() -> None:
    begin = 1000 * TURN_SECONDS
    assert len({whose_turn(OWNED, begin + share * TURN_SECONDS) for share in (0.1, 0.5, 0.9)}) == 1


def test_every_partition_that_is_owned_has_its_turn_and_as_many() -> None:
    turns = Counter(whose_turn(OWNED, (number + 0.5) * TURN_SECONDS) for number in range(300))
    assert turns == {7: 100, 0: 100, 3: 100}

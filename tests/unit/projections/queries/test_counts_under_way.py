"""Counts and lists of operations that begin and go on while rows come, change, fly, land and go, many at a time."""

import random
from typing import Any

import pytest

from eventstore.model import ProcessingState
from tests.unit.projections.indexes.test_zones import Walk, World, small

__all__ = ["small"]  # a fixture

WHERES: list[dict[str, str]] = [{}, {"processingState": "WAITING"}, {"title": "t"}, {"customerId": "c1"}]


class Look:
    """A count or a list under way; what fitted all the while, and what did at any time since it began."""

    def __init__(self, world: World, where: dict[str, str], *, count: bool) -> None:
        self.walk: Walk = world.begin(where, limit=None, count=count)
        self.count = count
        self._world, self._where = world, where
        self._always = {*world.expected(where)}
        self._ever = {*self._always}

    def see(self) -> None:
        """What fits now."""
        fitting = self._world.expected(self._where)
        self._always.intersection_update(fitting)
        self._ever.update(fitting)

    def go_on(self, steps: int) -> bool:
        """Whether it goes on after so many steps; what it says at its end is true."""
        try:
            for _ in range(steps):
                next(self.walk)
        except StopIteration as done:
            found = [row.id for row in done.value.operations]
            assert len(found) == len({*found})
            number = done.value.count if self.count else len(found)
            assert len(self._always) <= number <= len(self._ever)
            return False
        return True


def change(world: World, chance: random.Random) -> None:
    n = chance.randint(0, 60)
    state: Any = chance.choice([None, *ProcessingState])
    if state is None:
        world.delete(n)
    else:
        world.put(n, processing_state=state, title="t" if n % 2 else "u", customer_id=f"c{n % 3}")


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.usefixtures("small")
def test_each_says_what_was_true_while_it_was_under_way(seed: int) -> None:
    chance, world, looks = random.Random(seed), World(), list[Look]()
    for n in range(40):
        world.put(n, processing_state=ProcessingState.WAITING, title="t" if n % 2 else "u", customer_id=f"c{n % 3}")
    world.land()
    for _ in range(120):
        match chance.choice("cccctalb"):
            case "c":
                change(world, chance)
            case "t":
                world.tear()
            case "a":
                world.alight()
            case "l":
                world.land()
            case _:
                looks.append(Look(world, chance.choice(WHERES), count=chance.random() < 0.6))
        for look in looks:
            look.see()
        looks = [look for look in looks if look.go_on(chance.randint(0, 4))]
    world.land()
    for where in WHERES:
        assert world.ask(where, limit=None, count=True).count == len(world.expected(where))

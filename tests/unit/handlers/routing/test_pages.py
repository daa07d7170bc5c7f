"""A list that is walked stops nobody, and says so when its partition is gone."""

import asyncio
from collections.abc import Generator

import pytest

from eventstore.errors import Moving
from handlers.routing.pages import walked
from projections.views import Answer


async def test_a_long_walk_lets_others_in_between() -> None:
    order: list[str] = []

    def walk() -> Generator[None, None, Answer]:
        for _ in range(3):
            order.append("walk")
            yield
        return Answer(count=7)

    async def other() -> None:
        order.append("other")

    found, _ = await asyncio.gather(walked(walk()), other())
    assert found.count == 7
    assert order == ["walk", "other", "walk", "walk"]


@pytest.mark.parametrize(("wrong", "kind"), [(LookupError("released"), Moving), (KeyError("x"), KeyError)])
async def test_a_partition_that_goes_away_is_moving_and_a_fault_a_fault(
    wrong: Exception, kind: type[Exception]
) -> None:
    def walk() -> Generator[None, None, Answer]:
        yield
        raise wrong

    with pytest.raises(kind):
        await walked(walk())

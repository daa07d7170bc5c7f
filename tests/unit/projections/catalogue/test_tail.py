"""The tail has caught up when it has folded what stood in the topic when it began, wherever it began."""

import asyncio
from collections.abc import Container

import pytest

from eventstore.errors import Unavailable
from eventstore.log import NewRecord
from eventstore.memory import InMemoryLog, MemorySource
from eventstore.reading import CATALOGUE_EVENTS, Classifier
from projections.catalogue import tail as module
from projections.catalogue.catalogue import Catalogue
from projections.catalogue.tail import CatalogueTail
from tests.golden.test_golden import golden

TOPIC = "catalogue"


def records(count: int) -> InMemoryLog:
    """So many copies of one event: only the first of them is applied."""
    log = InMemoryLog({TOPIC: 1})
    _, headers, value = golden("agendum.CustomerSaved.v1")
    for _ in range(count):
        log.put(TOPIC, 0, NewRecord(b"customer/a", value, headers))
    return log


@pytest.mark.parametrize("begin", [0, 2, 3])
async def test_it_has_caught_up_at_the_end_it_began_with(begin: int) -> None:
    log = records(3)
    catalogue = Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS))
    catalogue.begin(begin, {})
    tail = CatalogueTail(catalogue, log, TOPIC, MemorySource(log, TOPIC), 3)
    assert tail.caught_up == (begin == 3)
    running = asyncio.create_task(tail.run())
    async with asyncio.timeout(60):
        await tail.catch_up()
    assert tail.caught_up
    assert catalogue.verdicts.total() == 3 - begin, "what lies before is not read again"
    running.cancel()


async def test_it_has_not_caught_up_before_the_last_record_is_folded() -> None:
    log = records(2)
    tail = CatalogueTail(Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS)), log, TOPIC, MemorySource(log, TOPIC), 3)
    running = asyncio.create_task(tail.run())
    waiting = asyncio.create_task(tail.catch_up())
    async with asyncio.timeout(60):
        await tail.reach(2)
    assert not tail.caught_up
    assert not waiting.done()
    _, headers, value = golden("agendum.CustomerSaved.v1")
    log.put(TOPIC, 0, NewRecord(b"customer/a", value, headers))
    async with asyncio.timeout(60):
        await waiting
    assert tail.caught_up
    running.cancel()


async def test_its_age_is_that_of_the_last_end_it_was_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(module, "boottime", lambda: moment)
    monkeypatch.setattr(module, "END_SECONDS", 60.0)  # a busy machine may forget us for the 0.2 s that it is
    log = records(1)
    tail = CatalogueTail(Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS)), log, TOPIC, MemorySource(log, TOPIC), 1)
    running = asyncio.create_task(tail.run())
    async with asyncio.timeout(60):
        moment = 103.0
        assert tail.age == 3
        assert await tail.current()
        moment = 110.0
        assert tail.age == 7

        async def away(_: str) -> dict[int, int]:
            raise Unavailable("away")

        monkeypatch.setattr(log, "ends", away)
        assert not await tail.current()
    assert tail.age == 7
    running.cancel()


class SlowEnds:
    """Asked for the end, it says so, and answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Event] = []

    async def ends(self, _: str) -> dict[int, int]:
        self.asked.append(asyncio.Event())
        await self.asked[-1].wait()
        return {0: 0}

    async def until(self, questions: int) -> None:
        while len(self.asked) < questions:  # noqa: ASYNC110  # a turn of the loop each
            await asyncio.sleep(0)


def asking(log: SlowEnds) -> CatalogueTail:
    """A tail that only asks for the end."""
    return CatalogueTail(
        Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS)),
        log,  # type: ignore[arg-type]  # only asked for the end
        TOPIC,
        MemorySource(InMemoryLog({TOPIC: 1}), TOPIC),
        0,
    )


async def test_who_comes_together_shares_a_question_and_who_comes_later_gets_no_answer_to_an_earlier_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "END_SECONDS", 60.0)
    log = SlowEnds()
    tail = asking(log)
    async with asyncio.timeout(60):
        early = [asyncio.create_task(tail.current()) for _ in range(20)]
        await log.until(1)
        late = asyncio.create_task(tail.current())
        early.pop().cancel()  # who leaves takes nobody with him
        await log.until(2)
        log.asked[0].set()
        assert await asyncio.gather(*early) == [True] * 19
        assert not late.done()
        log.asked[1].set()
        assert await late
    assert len(log.asked) == 2


async def shared_once(log: SlowEnds, tail: CatalogueTail) -> None:
    """Two have shared a question: the next one may wait for company."""
    first = [asyncio.create_task(tail.current()) for _ in range(2)]
    await log.until(1)
    log.asked[0].set()
    assert await asyncio.gather(*first) == [True, True]


async def test_nobody_waits_for_company_while_nothing_else_is_to_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "END_SECONDS", 60.0)
    monkeypatch.setattr(module, "EACH_SECONDS", 3600.0)
    monkeypatch.setattr(module, "SHARED_SECONDS", 3600.0)
    monkeypatch.setattr(module, "TURN_SECONDS", 3600.0)  # on a busy machine a turn of the loop takes what it takes
    log = SlowEnds()
    tail = asking(log)
    async with asyncio.timeout(60):
        await shared_once(log, tail)
        alone = asyncio.create_task(tail.current())
        await log.until(2)
        log.asked[1].set()
        assert await alone


async def test_who_comes_while_others_are_served_shares_the_question_of_those_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "END_SECONDS", 60.0)
    monkeypatch.setattr(module, "EACH_SECONDS", 3600.0)
    monkeypatch.setattr(module, "SHARED_SECONDS", 3600.0)
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)  # there is always something to be done
    monkeypatch.setattr(module, "LULL_SECONDS", 0.0)
    log = SlowEnds()
    tail = asking(log)
    async with asyncio.timeout(60):
        await shared_once(log, tail)
        some = []
        for _ in range(21):
            some.append(asyncio.create_task(tail.current()))
            await asyncio.sleep(0)
        assert len(log.asked) == 1
        monkeypatch.setattr(module, "TURN_SECONDS", 3600.0)
        await log.until(2)
        log.asked[1].set()
        assert await asyncio.gather(*some) == [True] * 21
    assert len(log.asked) == 2


@pytest.mark.parametrize(
    ("busy", "turns"),
    [
        pytest.param(set(), 16, id="nothing to do for 150 us"),
        pytest.param({10}, 26, id="and again from what was done"),
        pytest.param(range(1000), 80, id="something to do all the time, for 8 ms at most"),
    ],
)
async def test_a_lull_is_a_while_with_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, busy: Container[int], turns: int
) -> None:
    now, count = 0.0, 0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    lull = asyncio.create_task(module._lull(0.008))
    async with asyncio.timeout(60):
        while not lull.done():
            count += 1
            now += 0.0001 if count in busy else 0.00001
            await asyncio.sleep(0)
    assert count == pytest.approx(turns, abs=3)

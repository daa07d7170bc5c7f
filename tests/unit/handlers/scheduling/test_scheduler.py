"""The scheduler against owners that decide for real, refuse, are slow, vanish and come back."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from eventstore.commands import SERVICE, DispatchAgenda, ReturnDispatch
from eventstore.errors import AgendumError, Conflict, Moving, OutcomeUnknown
from eventstore.model import Agenda
from handlers.gateway import Pull
from handlers.scheduling import fifo, round_robin
from handlers.scheduling import scheduler as scheduling
from handlers.scheduling.rules import Rule
from handlers.scheduling.scheduler import Scheduler
from projections.queues.ready import Picture, ReadyLine
from projections.queues.turns import by_turns
from projections.rows import AgendaHead, Head
from projections.views import Answer


class Owners:
    """Owners in memory: each keeps heads and a line, and decides as the real decider does."""

    def __init__(self, names: Iterable[str], chance: random.Random | None = None) -> None:
        self.chance = chance
        self.lines = {name: ReadyLine(name, lambda _: self.news.set()) for name in names}
        self.heads: dict[str, Head] = {}
        self.news = asyncio.Event()
        self.handed: list[str] = []
        self.returned: list[str] = []
        self.commands: list[DispatchAgenda] = []
        self.away: set[str] = set()
        #: answers that are lost, next
        self.loses = 0
        self.rule = Rule(fifo.NAME, ("i",))

    def add(self, owner: str, number: int) -> None:
        stream = f"{owner}/{number}"
        agenda = AgendaHead(customer_id=f"c{number % 3}", insight_id="i", added=number, ready=True)
        self._set(stream, Head(version=1, link="", last="", agendas={f"a-{stream}": agenda}))

    def all(self) -> set[str]:
        return set(self.lines)

    def of(self, stream: str) -> str | None:
        return stream.split("/", maxsplit=1)[0]

    async def ready(
        self, owner: str, insights: list[str], known: tuple[str, int], seconds: float, turns_of: str | None = None
    ) -> Picture:
        await self._suffer(owner)
        line = self.lines[owner]
        if (line.epoch, line.sequence(insights)) == known:
            self.news.clear()
            try:
                async with asyncio.timeout(min(seconds, 0.02)):
                    await self.news.wait()
            except TimeoutError:
                pass
        if turns_of is not None:
            return by_turns([line], insights, turns_of, (line.epoch, line.sequence(insights)))
        return line.picture(insights)

    async def dispatch(self, owner: str, commands: list[DispatchAgenda]) -> list[Answer | AgendumError]:
        await self._suffer(owner)
        self.commands += commands
        found = [self._decide(command) for command in commands]
        self.loses -= 1
        if self.loses >= 0 or (self.chance is not None and self.chance.random() < 0.1):
            raise OutcomeUnknown("decided, but the answer was lost")
        return found

    def take_back(self, command: ReturnDispatch) -> None:
        head = self.heads[command.stream]
        agenda = head.agendas[command.agenda_id]
        if agenda.dispatch == command.dispatch_id:
            self.returned.append(command.agenda_id)
            self._change(command.stream, command.agenda_id, agenda, ready=True, dispatch=None)

    def _decide(self, command: DispatchAgenda) -> Answer | AgendumError:
        agenda = self.heads[command.stream].agendas[command.agenda_id]
        if not agenda.ready or agenda.attempt != command.attempt:
            return Conflict("no longer ready")
        self._change(command.stream, command.agenda_id, agenda, ready=False, dispatch=command.dispatch_id)
        self.handed.append(command.agenda_id)
        return Answer(agendas=[Agenda(id=command.agenda_id, progress_id=command.stream)])

    def _change(self, stream: str, name: str, agenda: AgendaHead, *, ready: bool, dispatch: str | None) -> None:
        attempt = agenda.attempt + (0 if ready else 1)
        changed = AgendaHead(
            customer_id=agenda.customer_id,
            insight_id="i",
            added=agenda.added,
            ready=ready,
            attempt=attempt,
            dispatch=dispatch,
        )
        self._set(stream, Head(version=2, link="", last="", agendas={name: changed}))

    def _set(self, stream: str, head: Head) -> None:
        self.lines[stream.split("/", maxsplit=1)[0]].update(stream, self.heads.get(stream), head)
        self.heads[stream] = head
        self.news.set()

    async def _suffer(self, owner: str) -> None:
        if owner in self.away:
            raise Moving(f"{owner} is away")
        if self.chance is not None:
            await asyncio.sleep(self.chance.choice([0, 0, 0.001, 0.003]))


def scheduler_of(owners: Owners, name: str = "q") -> Scheduler:
    ids = itertools.count()
    return Scheduler(
        name,
        rule=lambda: owners.rule,
        owners=owners,
        now=lambda: 0,
        draw=lambda: f"{name}-{next(ids)}",
        patience=lambda _: 1000,
    )


@pytest.fixture
async def owners() -> Owners:
    return Owners("AB")


@pytest.fixture
async def scheduler(owners: Owners) -> AsyncIterator[Scheduler]:
    found = scheduler_of(owners)
    yield found
    await found.stop()


#: Whoever is to get something gets it at once: this bounds a hang.
LONG = 60.0


async def seen(scheduler: Scheduler, count: int) -> None:
    """Wait until the scheduler knows of so many that are ready."""
    async with asyncio.timeout(LONG):
        while len(scheduler._queue) < count:
            await scheduler.pull(pull(0, wait=0.01))  # it looks while somebody asks


def pull(count: int = 1, wait: float = LONG, insight: str = "i") -> Pull:
    return Pull(insight_id=insight, count=count, wait=wait, caller=SERVICE)


def asked_of(owners: Owners) -> list[str]:
    """The owners that are asked for dispatches from now on."""
    asked: list[str] = []
    dispatch = owners.dispatch

    async def note(owner: str, commands: list[DispatchAgenda]) -> list[Answer | AgendumError]:
        asked.append(owner)
        return await dispatch(owner, commands)

    owners.dispatch = note  # type: ignore[method-assign]
    return asked


def ids(answers: list[Answer]) -> list[str]:
    return [agenda.id or "" for answer in answers for agenda in answer.agendas]


async def test_hands_out_in_the_order_of_the_line_across_owners(owners: Owners, scheduler: Scheduler) -> None:
    for owner, number in (("A", 3), ("B", 1), ("A", 2)):
        owners.add(owner, number)
    await seen(scheduler, 3)
    assert ids(await scheduler.pull(pull(3))) == ["a-B/1", "a-A/2", "a-A/3"]


async def test_a_puller_that_waits_gets_what_comes(owners: Owners, scheduler: Scheduler) -> None:
    waiting = asyncio.create_task(scheduler.pull(pull()))
    await scheduler.pull(pull(wait=0.05))
    owners.add("A", 1)
    assert ids(await waiting) == ["a-A/1"]


async def test_a_wait_that_is_over_is_answered_with_nothing(scheduler: Scheduler) -> None:
    assert await scheduler.pull(pull(wait=0.05)) == []


async def test_one_agenda_goes_to_one_of_64_pullers(owners: Owners, scheduler: Scheduler) -> None:
    waiting = [asyncio.create_task(scheduler.pull(pull())) for _ in range(64)]
    await asyncio.sleep(0)
    owners.add("A", 1)
    await asyncio.wait(waiting, timeout=LONG, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait(waiting, timeout=0.1)  # so long the others may get what they must not
    await scheduler.stop()
    answers = [ids(await each) for each in waiting]
    assert sorted(answers) == [[]] * 63 + [["a-A/1"]]
    assert owners.handed == ["a-A/1"]


async def test_what_another_took_is_passed_over(owners: Owners) -> None:
    for number in range(20):
        owners.add("A", number)
    both = [scheduler_of(owners, "one"), scheduler_of(owners, "two")]
    got = await asyncio.gather(*(each.pull(pull(1)) for each in both for _ in range(10)))
    for each in both:
        await each.stop()
    taken = [identity for answers in got for identity in ids(answers)]
    assert sorted(taken) == sorted(set(taken)) == sorted(owners.handed)
    assert len(taken) == 20


async def test_what_an_owner_began_too_late_to_dispatch_is_offered_again(owners: Owners, scheduler: Scheduler) -> None:
    """It is as ready as before, in the same attempt: an owner under load refused the dispatch by its deadline."""
    owners.add("A", 1)
    decide, late = owners._decide, [Conflict("expected to dispatch a-A/1 by 5, but it is 6")]
    owners._decide = lambda command: late.pop() if late else decide(command)  # type: ignore[method-assign]
    assert ids(await scheduler.pull(pull())) == ["a-A/1"]
    assert not late


async def test_an_owner_that_is_away_is_not_waited_for(owners: Owners, scheduler: Scheduler) -> None:
    owners.away.add("A")
    owners.add("A", 1)
    owners.add("B", 2)
    assert ids(await scheduler.pull(pull())) == ["a-B/2"]
    owners.away.clear()
    assert ids(await scheduler.pull(pull())) == ["a-A/1"]


async def test_what_may_be_dispatched_without_an_answer_is_taken_back_and_handed_out_again(
    owners: Owners, scheduler: Scheduler
) -> None:
    owners.add("A", 1)
    owners.loses = 1
    assert ids(await scheduler.pull(pull(wait=LONG))) == ["a-A/1"]
    assert (owners.returned, owners.handed) == (["a-A/1"], ["a-A/1", "a-A/1"])


async def test_an_owner_that_went_while_nobody_asked_is_known_no_more(
    owners: Owners, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last picture would be asked for again every second, before everything that is younger."""
    monkeypatch.setattr(scheduling, "IDLE_SECONDS", 0.0)
    owners.add("A", 1)
    await scheduler.pull(pull(0, wait=0.05))
    loop = scheduler._loop
    assert loop is not None
    async with asyncio.timeout(30):
        await loop
    owners.lines.pop("A")
    owners.add("B", 2)
    asked = asked_of(owners)
    assert ids(await scheduler.pull(pull(wait=10))) == ["a-B/2"]
    assert asked == ["B"]


async def test_an_owner_whose_picture_made_us_fail_is_asked_again(owners: Owners, scheduler: Scheduler) -> None:
    owners.add("A", 1)
    ready, wrong = owners.ready, [RuntimeError("no picture of this release")]

    async def fail_once(owner: str, *rest: Any) -> Picture:
        if owner == "A" and wrong:
            raise wrong.pop()
        return await ready(owner, *rest)

    owners.ready = fail_once  # type: ignore[assignment, method-assign]
    assert ids(await scheduler.pull(pull(wait=10))) == ["a-A/1"]
    assert not wrong


async def test_an_owner_that_makes_us_fail_takes_nothing_away_from_the_others(
    owners: Owners, scheduler: Scheduler
) -> None:
    owners.add("A", 1)
    owners.add("B", 2)
    await scheduler.pull(pull(0, wait=0.05))
    dispatch, wrong = owners.dispatch, [RuntimeError("no answer of this release")]

    async def fail_once(owner: str, commands: list[DispatchAgenda]) -> list[Answer | AgendumError]:
        if owner == "A" and wrong:
            raise wrong.pop()
        return await dispatch(owner, commands)

    owners.dispatch = fail_once  # type: ignore[method-assign]
    assert ids(await scheduler.pull(pull(2, wait=10))) == ["a-B/2"]
    assert ids(await scheduler.pull(pull(wait=10))) == ["a-A/1"]


async def test_a_puller_that_goes_before_its_answer_gives_back(owners: Owners, scheduler: Scheduler) -> None:
    waiting = asyncio.create_task(scheduler.pull(pull()))
    await scheduler.pull(pull(0, wait=0.05))
    dispatch = owners.dispatch

    async def dispatch_and_lose(owner: str, commands: list[DispatchAgenda]) -> list[Answer | AgendumError]:
        found = await dispatch(owner, commands)
        waiting.cancel()
        await asyncio.sleep(0)
        return found

    owners.dispatch = dispatch_and_lose  # type: ignore[method-assign]
    owners.add("A", 1)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(LONG):
        while not owners.returned:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert owners.returned == ["a-A/1"]


async def test_a_change_of_the_rule_holds_for_the_next_who_asks(owners: Owners, scheduler: Scheduler) -> None:
    for number in (0, 3, 6, 1):
        owners.add("A", number)
    owners.rule = Rule(round_robin.NAME, ("i",), 5)
    await seen(scheduler, 4)
    assert ids(await scheduler.pull(pull(2))) == ["a-A/0", "a-A/1"]
    owners.rule = Rule(fifo.NAME, ("i",), 6)
    assert ids(await scheduler.pull(pull(2))) == ["a-A/3", "a-A/6"]
    assert [(each.algorithm, each.catalogue_offset) for each in owners.commands] == [
        ("RoundRobin", 5),
        ("RoundRobin", 5),
        ("FirstInFirstOut", 6),
        ("FirstInFirstOut", 6),
    ]
    assert [each.number for each in owners.commands] == [1, 2, 3, 4]


async def test_a_paused_insight_hands_out_nothing_and_goes_on_where_it_was(
    owners: Owners, scheduler: Scheduler
) -> None:
    owners.add("A", 1)
    await seen(scheduler, 1)
    owners.rule = Rule(fifo.NAME, ())
    assert await scheduler.pull(pull(wait=0.1)) == []
    waiting = asyncio.create_task(scheduler.pull(pull()))
    other = asyncio.create_task(scheduler.pull(pull(insight="other")))
    owners.rule = Rule(fifo.NAME, ("other",))
    await asyncio.sleep(0)
    owners.rule = Rule(fifo.NAME, ("i",))
    assert ids(await waiting) == ["a-A/1"]
    other.cancel()


async def test_stopping_answers_everyone_with_nothing(owners: Owners) -> None:
    scheduler = scheduler_of(owners)
    waiting = [asyncio.create_task(scheduler.pull(pull(wait=30))) for _ in range(5)]
    await asyncio.sleep(0.02)
    await scheduler.stop()
    assert [await each for each in waiting] == [[]] * 5


@pytest.mark.parametrize("seed", range(8))
async def test_under_any_trouble_everything_is_handed_out_and_nothing_twice(seed: int) -> None:
    chance = random.Random(seed)
    owners = Owners("ABC", chance)
    for number in range(60):
        owners.add(chance.choice("ABC"), number)
    schedulers = [scheduler_of(owners, "one"), scheduler_of(owners, "two")]
    got: list[str] = []

    async def puller() -> None:
        while len(got) < 60:
            owners.away = set(chance.sample("ABC", chance.choice([0, 0, 1])))
            task = asyncio.ensure_future(chance.choice(schedulers).pull(pull(chance.randint(1, 4), wait=0.2)))
            if chance.random() < 0.2:
                await asyncio.sleep(chance.random() * 0.02)
                task.cancel()
            try:
                got.extend(ids(await task))
            except asyncio.CancelledError:
                continue

    async with asyncio.timeout(2 * LONG):
        await asyncio.gather(*(puller() for _ in range(6)))
    for each in schedulers:
        await each.stop()
    assert sorted(got) == sorted(set(got))

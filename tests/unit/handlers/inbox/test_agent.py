"""The agent on the log in memory: what it commits, what it parks, what it refuses, what it starts again from."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from eventstore.errors import Forbidden, Moving, RangeGone, Unavailable
from eventstore.ids import partition_of
from eventstore.log import NewRecord, Record
from eventstore.memory import InMemoryLog, MemorySource
from eventstore.topics import Topics
from handlers.inbox import agent, delivery
from handlers.inbox.agent import Held, Inbox
from handlers.inbox.delivery import Delivery
from handlers.inbox.gauges import Gauges
from handlers.inbox.meaning import CANCEL, REPORT, Wish
from handlers.inbox.rejections import CommandRejected, read_rejection

P = 3
TOPICS = Topics("u", P)
INBOX = TOPICS.inbox.name


class MemoryPositions:
    def __init__(self) -> None:
        self.kept: dict[int, int] = {}
        self.away = False

    async def committed(self, numbers: frozenset[int]) -> dict[int, int | None]:
        return {number: self.kept.get(number) for number in numbers}

    async def commit(self, offsets: Mapping[int, int]) -> None:
        if self.away:
            raise Unavailable("planted")
        self.kept |= offsets


class Owner:
    """Decides as a test wants it to; `seen` is what was asked, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.done: list[str] = []
        self.at_once = self.most = 0
        self.answers: dict[str, Callable[[], Awaitable[None]]] = {}

    async def __call__(self, wish: Wish) -> None:
        self.seen.append(wish.id)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(0)
            if (answer := self.answers.get(wish.id)) is not None:
                await answer()
            self.done.append(wish.id)
        finally:
            self.at_once -= 1


class World:
    """An installation in memory."""

    def __init__(self) -> None:
        self.log = InMemoryLog({topic.name: topic.partitions for topic in TOPICS.all()})
        self.source = MemorySource(self.log, INBOX)
        self.positions = MemoryPositions()
        self.owner = Owner()
        self.held: Held = (1, frozenset({0, 1}))
        self.registry = CollectorRegistry()
        self.delivery = Delivery(self.owner, 4, P)

    def put(
        self, identity: str, target: str, *, partition: int = 0, key: str | None = None, kind: str = REPORT
    ) -> None:
        body = {"agendaProgress": {"id": target}, "agendaId": target}
        headers = {"specversion": "1.0", "type": kind, "source": "s", "id": identity}
        said = [(f"ce_{name}", text.encode()) for name, text in headers.items()]
        self.log.put(INBOX, partition, NewRecord((key or target).encode(), json.dumps(body).encode(), said))

    def garbage(self, partition: int = 0) -> None:
        self.log.put(INBOX, partition, NewRecord(b"k", b"\xff", []))

    def rejections(self) -> list[CommandRejected]:
        return [read_rejection(record) for record in self.log.records(TOPICS.rejections.name, 0)]

    def says(self, line: str) -> bool:
        return line in generate_latest(self.registry).decode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Inbox]:
        found = Inbox(
            source=self.source,
            positions=self.positions,
            log=self.log,
            topics=TOPICS,
            held=lambda: self.held,
            delivery=self.delivery,
            limit=1000,
            name="w",
            gauges=Gauges(self.registry),
        )
        task = asyncio.create_task(found.run())
        try:
            yield found
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await found.stop(0)
            self.registry = CollectorRegistry()


async def until(holds: Callable[[], Any], what: str) -> None:
    try:
        async with asyncio.timeout(60):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"expected {what}") from None


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(agent, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(agent, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.005, 0.005))


@pytest.fixture
def world() -> World:
    return World()


async def test_what_is_decided_is_committed(world: World) -> None:
    for number in range(20):
        world.put(f"{number}", f"r{number}", partition=number % 2)
    async with world.running():
        await until(lambda: world.positions.kept == {0: 10, 1: 10}, "all to be committed")
        assert sorted(world.owner.done, key=int) == [str(number) for number in range(20)]
        assert world.owner.most <= 4
        await until(lambda: world.says('agendum_inbox_lag_records{partition="0"} 0.0'), "no lag")
        assert world.says(f'agendum_inbox_decided_total{{type="{REPORT}"}} 20.0')


async def test_only_what_is_held_is_read(world: World) -> None:
    world.put("other", "r", partition=2)
    world.put("mine", "r", partition=1)
    async with world.running():
        await until(lambda: world.positions.kept.get(1) == 1, "what is held to be committed")
        assert world.owner.seen == ["mine"]
        world.held = (2, frozenset({2}))
        await until(lambda: world.positions.kept.get(2) == 1, "what is held now to be read")


async def test_the_lowest_unfinished_bounds_what_is_committed(world: World) -> None:
    gate = asyncio.Event()
    world.owner.answers["1"] = gate.wait  # type: ignore[assignment]
    for number in range(5):
        world.put(str(number), f"r{number}")
    async with world.running():
        await until(lambda: len(world.owner.done) == 4 and world.positions.kept.get(0) == 1, "all but one")
        assert world.says("agendum_inbox_under_way 1.0")
        await until(lambda: world.says('agendum_inbox_lag_records{partition="0"} 4.0'), "a lag")
        gate.set()
        await until(lambda: world.positions.kept.get(0) == 5, "the rest")


async def test_what_was_not_committed_is_delivered_again(world: World) -> None:
    world.positions.away = True
    world.put("1", "r")
    async with world.running():
        await until(lambda: world.owner.done, "the first delivery")
    world.positions.away = False
    async with world.running():
        await until(lambda: world.positions.kept.get(0) == 1, "the second")
    assert world.owner.done == ["1", "1"]
    async with world.running():
        world.put("2", "r")
        await until(lambda: world.positions.kept.get(0) == 2, "the next")
    assert world.owner.done == ["1", "1", "2"]


@pytest.mark.parametrize(("keys", "targets"), [(("k", "k"), ("r1", "r2")), (("k1", "k2"), ("r", "r"))])
async def test_commands_of_one_key_or_target_keep_their_order(
    world: World, keys: tuple[str, str], targets: tuple[str, str]
) -> None:
    gate = asyncio.Event()
    world.owner.answers["1"] = gate.wait  # type: ignore[assignment]
    for number, (key, target) in enumerate(zip(keys, targets, strict=True), start=1):
        world.put(str(number), target, key=key)
    world.put("free", "other")
    async with world.running():
        await until(lambda: world.owner.done == ["free"], "what shares nothing")
        assert world.owner.seen == ["1", "free"]
        gate.set()
        await until(lambda: world.owner.done == ["free", "1", "2"], "the second after the first")


async def test_a_target_that_is_away_parks_its_commands_and_nothing_else(world: World) -> None:
    back = False

    async def away() -> None:
        if not back:
            raise Moving("planted")

    lost = [f"x{n}" for n in range(200) if partition_of(f"x{n}", P) == 0][:20]
    here = [f"y{n}" for n in range(200) if partition_of(f"y{n}", P) == 1][:40]
    for target in lost:
        world.owner.answers[target] = away
        world.put(target, target)
    for target in here:
        world.put(target, target)
    async with world.running():
        await until(lambda: {*world.owner.done} == {*here}, "everything else to be decided")
        assert world.positions.kept.get(0) in (None, 0)
        assert world.delivery.away == {0}
        back = True
        await until(lambda: world.positions.kept.get(0) == 60, "the parked ones, once their target is back")
        assert world.delivery.away == set()
    assert not world.rejections()


async def test_what_is_refused_or_unreadable_lands_on_rejections_and_the_next_goes_on(world: World) -> None:
    async def refuse() -> None:
        raise Forbidden("not yours")

    async def fail() -> None:
        raise ZeroDivisionError("planted")

    world.owner.answers |= {"no": refuse, "bug": fail}
    world.garbage()
    world.put("no", "r1", kind=CANCEL)
    world.put("bug", "r2")
    world.put("good", "r3")
    async with world.running():
        await until(lambda: world.positions.kept.get(0) == 4, "all to be done")
        assert world.says('agendum_inbox_rejected_total{reason="UnauthorizedException"} 1.0')
    found = {each.offset: (each.reason, each.message) for each in world.rejections()}
    assert found[0][0] == "NoCloudEvent"
    assert found[1] == ("UnauthorizedException", "not yours")
    assert found[2][0] == "RuntimeException"
    assert "ZeroDivisionError" in found[2][1]
    assert world.owner.done == ["good"]


async def test_a_full_partition_is_held_back_and_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "WINDOW_RECORDS", 3)
    monkeypatch.setattr(agent, "FULL_SECONDS", 0.001)
    gate = asyncio.Event()
    world.owner.answers["first"] = gate.wait  # type: ignore[assignment]
    for name in ("first", "a", "b"):
        world.put(name, "r")
    async with world.running() as found:
        await until(lambda: found._paused == {0}, "partition 0 to be held back")
        world.put("later", "r2")
        world.put("other", "r3", partition=1)
        await until(lambda: world.owner.done == ["other"], "the other partition to go on")
        assert "later" not in world.owner.seen
        gate.set()
        await until(lambda: world.positions.kept.get(0) == 4, "the rest")


async def test_a_position_that_is_gone_is_read_from_what_is_left(world: World) -> None:
    for number in range(4):
        world.put(str(number), f"r{number}")
    world.log.cut(INBOX, 0, 2)
    world.positions.kept = {0: 1, 1: 99}
    async with world.running():
        await until(lambda: world.positions.kept.get(0) == 4, "what is left to be read")
    assert sorted(world.owner.done) == ["2", "3"]


async def test_a_kafka_that_is_away_while_a_position_is_looked_for_is_asked_again(world: World) -> None:
    starts, batches = world.log.starts, world.source.batches
    troubles: list[Exception] = []

    async def asked(topic: str) -> dict[int, int]:
        if troubles:
            raise troubles.pop()
        return await starts(topic)

    async def fetched(seconds: float) -> dict[int, Sequence[Record]]:
        if len(troubles) > 1:
            raise troubles.pop()
        return await batches(seconds)

    world.log.starts, world.source.batches = asked, fetched  # type: ignore[method-assign]
    troubles.append(Unavailable("planted"))
    world.put("1", "r")
    async with world.running():
        await until(lambda: world.positions.kept.get(0) == 1, "the first, asked for twice")
        troubles += [Unavailable("planted"), RangeGone("planted")]
        world.put("2", "r")
        await until(lambda: world.positions.kept.get(0) == 2, "what comes after the gap, asked for twice")
        assert not troubles

"""Alive and ready: of real holdings on a log in memory, whose Kafka, catalogue and heartbeats are told what to say."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from eventstore.errors import Unavailable
from eventstore.topics import Topics
from handlers.process import health
from handlers.process.health import Health
from tests.table_model import Model, ModelWorker

MOVING = "moving: the group is giving out partitions, or they are restored"
NO_PROOF = "no answered heartbeat proves ownership"


class Kafka:
    """Tells ends, unless it is away; counts how often it was asked."""

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def ends(self, _: str) -> dict[int, int]:
        self.asked += 1
        if self.away:
            raise Unavailable("away")
        return {0: 1}


class Scene:
    """A worker's health, and what it depends on."""

    def __init__(self, model: Model, worker: ModelWorker) -> None:
        self.model = model
        self.worker = worker
        self.kafka = Kafka()
        self.tail = SimpleNamespace(caught_up=True)
        self.broken: str | None = None
        self.left: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        group: Any = SimpleNamespace(broken=lambda: self.broken)
        log: Any = self.kafka
        tail: Any = self.tail
        self.health = Health(holdings=worker.holdings, group=group, tail=tail, log=log, topics=Topics("t", 1))

    def ready(self) -> tuple[int, list[str], list[int]]:
        """Status, reasons, and what is proved."""
        status, body, kind = self.health.ready()
        assert kind == "application/json"
        found = json.loads(body)
        assert found["ready"] == (status == 200) == (not found["reasons"])
        assert found["owned"] == [int(number) for number in found["ownerships"]]
        return status, found["reasons"], found["owned"]

    def leave(self, why: str) -> None:
        if not self.left.done():
            self.left.set_result(why)

    async def looked(self, times: int = 2) -> None:
        """Wait until Kafka was asked so often again: what is looked at is looked at."""
        want = self.kafka.asked + times
        await self.model.until(lambda: self.kafka.asked >= want, "looked at")


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(health, "TICK_SECONDS", 0.005)
    model = Model()
    worker = await model.start("A", {0})
    await model.until(worker.idle, "owned")
    found = Scene(model, worker)
    watching = asyncio.create_task(found.health.watch(found.leave))
    yield found
    watching.cancel()
    await worker.lose()


async def test_a_worker_that_owns_what_it_was_given_is_ready(scene: Scene) -> None:
    assert scene.ready() == (200, [], [0])
    assert scene.health.alive()[0] == 200


async def test_while_a_partition_moves_it_is_alive_and_not_ready(scene: Scene) -> None:
    await scene.worker.lose()
    assert scene.ready() == (503, [MOVING], [])
    assert scene.health.alive()[0] == 200

    await scene.worker.assign({0}, set())
    await scene.model.until(scene.worker.idle, "owned")
    assert scene.ready() == (200, [], [0])


async def test_what_is_assigned_and_not_folded_to_its_end_is_not_owned_yet(scene: Scene) -> None:
    scene.worker.holdings.owned[0].want = 99
    assert scene.ready() == (503, ["catching up: not folded to the end of the log"], [])


async def test_without_the_catalogue_it_is_not_ready(scene: Scene) -> None:
    scene.tail.caught_up = False
    assert scene.ready() == (503, ["catching up: the catalogue is not folded to its end"], [0])


async def test_kafka_away_makes_it_read_only_and_never_makes_it_leave(scene: Scene) -> None:
    scene.worker.holdings.lease.patience = 0.01
    scene.kafka.away = True
    scene.worker.holdings.lease.clock = lambda: 12.0  # nor is any heartbeat answered
    await scene.looked(40)

    status, reasons, owned = scene.ready()

    assert (status, owned) == (503, [])
    assert {"read-only: Kafka does not answer", NO_PROOF} <= {*reasons}
    assert scene.health.alive()[0] == 200
    assert not scene.left.done()
    scene.kafka.away = False
    scene.worker.holdings.lease.clock = lambda: 0.0
    await scene.looked()
    assert scene.ready() == (200, [], [0])


async def test_heartbeats_that_stay_away_although_kafka_answers_make_it_leave(scene: Scene) -> None:
    scene.worker.holdings.lease.patience = 0.01
    scene.worker.holdings.lease.clock = lambda: 12.0
    async with asyncio.timeout(60):
        assert await scene.left == "no heartbeat was answered for 12 s while Kafka answers"
    assert scene.ready()[0] == 503


async def test_a_group_that_is_broken_for_good_makes_it_leave(scene: Scene) -> None:
    scene.broken = "Faust crashed"
    async with asyncio.timeout(60):
        assert await scene.left == "Faust crashed"

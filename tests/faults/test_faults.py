"""A short storm in every run; the long ones by `pytest -m faults` (up to 30 minutes)."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from compose.kafka.cluster import LocalKafka
from tests.conftest import Broker
from tests.faults.arena import Arena, arena, storm
from tests.faults.blows import broker_dies, hand_over, kill, kill_for_long, sleep_past_the_session


@pytest.mark.kafka
async def test_nothing_is_lost_or_doubled_in_a_short_storm(kafka: Broker, prefix: str) -> None:
    faults = [kill, hand_over, sleep_past_the_session, kill_for_long]
    async with arena(kafka.bootstrap, prefix) as where:
        found, load = await storm(where, faults, seed=7)
    assert not found, found[:10]
    assert load.unmarked_checks > 20
    assert len(load.accepted) > 100


def crash_at(point: str, nth: int) -> Callable[[Arena], Awaitable[None]]:
    """A worker kills itself at the n-th passing of a failpoint, and is started again."""

    async def fault(where: Arena) -> None:
        victim, _ = where.next()
        victim.stop()
        victim.join()
        victim.start(failpoint=f"{point}:{nth}")
        await where.until(lambda: _dead(victim), f"{point}:{nth} to be passed", 60)
        victim.start()

    fault.__name__ = f"crash_at_{point}_{nth}"
    return fault


async def _dead(victim: object) -> bool:
    return not getattr(victim, "alive", True)


@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("compacting", [False, True], ids=["", "compacting"])
async def test_nothing_is_lost_or_doubled_in_a_long_storm(
    kafka: Broker, prefix: str, seed: int, *, compacting: bool
) -> None:
    faults = [kill, kill_for_long, sleep_past_the_session, hand_over] * 5
    random.Random(seed).shuffle(faults)
    settings = {"compaction_lag_ms": 0, "segment_ms": 1000} if compacting else {}
    async with arena(kafka.bootstrap, prefix, **settings) as where:
        found, _ = await storm(where, faults, seed=seed, pause=2.0)
    assert not found, found[:10]


@pytest.mark.faults
async def test_a_crash_between_any_two_steps_of_a_row_loses_nothing(kafka: Broker, prefix: str) -> None:
    points = [crash_at(point, nth) for point in ("folded", "acked", "written") for nth in (1, 7, 30)]
    async with arena(kafka.bootstrap, prefix) as where:
        found, _ = await storm(where, points, seed=3, pause=1.0)
    assert not found, found[:10]


@pytest.mark.faults
@pytest.mark.parametrize("nodes", [1, 3])
async def test_nothing_is_lost_or_doubled_when_brokers_die(tmp_path: Path, prefix: str, nodes: int) -> None:
    cluster = await asyncio.to_thread(LocalKafka(tmp_path, nodes).start)
    try:
        async with arena(cluster.bootstrap, prefix, replication=min(3, nodes)) as where:
            found, _ = await storm(where, [broker_dies(cluster)] * 10, seed=4, pause=4.0)
            assert [worker.restarts for worker in where.workers] == [0, 0]
    finally:
        cluster.stop()
    assert not found, found[:10]


@pytest.mark.faults
async def test_an_outage_of_three_minutes_stops_writes_alone(tmp_path: Path, prefix: str) -> None:
    seconds = float(os.environ.get("AGENDUM_OUTAGE_SECONDS", "180"))
    cluster = await asyncio.to_thread(LocalKafka(tmp_path).start)

    async def outage(where: Arena) -> None:
        known = await _any_progress(where)
        cluster.kill()
        ends = asyncio.get_running_loop().time() + seconds
        reads = 0
        while asyncio.get_running_loop().time() < ends:
            for worker in where.workers:
                async with where.session.get(f"{worker.url}/healthz") as answer:
                    assert answer.status == 200
                async with where.session.get(f"{worker.url}{known}", headers={"Authorization": "x"}) as answer:
                    assert answer.status == 200, await answer.text()
                    reads += 1
            await asyncio.sleep(1)
        assert reads > seconds
        cluster.start_node()
        await asyncio.to_thread(cluster.wait)

    try:
        async with arena(cluster.bootstrap, prefix) as where:
            found, _ = await storm(where, [outage], seed=5, pause=5.0, outage=seconds)
            assert [worker.restarts for worker in where.workers] == [0, 0]
    finally:
        cluster.stop()
    assert not found, found[:10]


async def _any_progress(where: Arena) -> str:
    """The path of some progress, as soon as there is one: the first fault may come before the first submission."""
    url = f"{where.workers[0].url}/pop/progress/agenda?bylimit=1"
    found: list[dict[str, str]] = []

    async def one() -> bool:
        async with where.session.get(url, headers={"Authorization": "x"}) as answer:
            found[:] = (await answer.json())["all"]
        return bool(found)

    await where.until(one, "a progress to read")
    return f"/pop/progress/agenda/{found[0]['id']}"

"""A short storm in every run; the long ones by `pytest -m faults` (up to 30 minutes each).

| variable | sets | default |
|---|---|---|
| AGENDUM_FAULT_MOMENTS | how often each kind of fault comes in a long storm, and how often brokers die | 10 |
| AGENDUM_OUTAGE_SECONDS | how long Kafka is away | 180 |
"""

import asyncio
import os
import random
from pathlib import Path

import pytest

from compose.kafka.cluster import START_SECONDS, LocalKafka
from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.blows import broker_dies, hand_over, kill, kill_for_long, sleep_past_the_session
from tests.faults.judge import compacted
from tests.faults.storm import storm

MOMENTS = int(os.environ.get("AGENDUM_FAULT_MOMENTS", "10"))
#: Settings of the workers under which the changelog is compacted all the time.
COMPACTING = {"compaction_lag_ms": 0, "segment_ms": 1000}
#: Of the workers here; and how long after the death of a broker one may believe, at the most, that it was answered.
SESSION_SECONDS, PROVEN_SECONDS = 6, 15
plain_and_compacting = pytest.mark.parametrize("settings", [{}, COMPACTING], ids=["plain", "compacting"])


@pytest.mark.kafka
async def test_nothing_is_lost_or_doubled_in_a_short_storm(kafka: Broker, prefix: str) -> None:
    faults = [kill, hand_over, sleep_past_the_session, kill_for_long]
    async with arena(kafka.bootstrap, prefix) as where:
        found, load = await storm(where, faults, seed=7, agendas=101, reads=21)
    assert not found, found[:10]
    assert load.known.checks > 20
    assert len(load.accepted) > 100


@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, 2])
@plain_and_compacting
async def test_nothing_is_lost_or_doubled_in_a_long_storm(
    kafka: Broker, prefix: str, seed: int, settings: dict[str, int]
) -> None:
    """Each kind AGENDUM_FAULT_MOMENTS times, in any order; one may come while the other worker is not back yet."""
    faults = [kill, kill_for_long, sleep_past_the_session, hand_over] * MOMENTS
    random.Random(seed).shuffle(faults)
    async with arena(kafka.bootstrap, prefix, **settings) as where:
        found, _ = await storm(where, faults, seed=seed, pause=2.0)
    assert not found, found[:10]
    await hold_to(settings, kafka.bootstrap, prefix)


async def hold_to(settings: dict[str, int], bootstrap: str, prefix: str) -> None:
    """Where the changelog was to be compacted, it was."""
    gone = await compacted(bootstrap, prefix)
    print(f"{gone} records of the changelog were compacted away")
    assert (gone > 0) == (settings == COMPACTING)


@pytest.mark.faults
@pytest.mark.parametrize("nodes", [1, 3])
@plain_and_compacting
async def test_nothing_is_lost_or_doubled_when_brokers_die(
    tmp_path: Path, prefix: str, nodes: int, settings: dict[str, int]
) -> None:
    """kill -9 and restart of a node, AGENDUM_FAULT_MOMENTS times, each time of one that leads something."""
    cluster = await asyncio.to_thread(LocalKafka(tmp_path, nodes).start)
    dies = broker_dies(cluster, prefix, random.Random(4))
    try:
        async with arena(cluster.bootstrap, prefix, replication=min(3, nodes), **settings) as where:
            # The only node may take that long to be there again, on a machine that does much else.
            outage = START_SECONDS if nodes == 1 else 0.0
            found, _ = await storm(where, [dies] * MOMENTS, seed=4, pause=4.0, outage=outage)
            assert [worker.restarts for worker in where.workers] == [0, 0]
        assert not found, found[:10]
        await hold_to(settings, cluster.bootstrap, prefix)
    finally:
        cluster.stop()


@pytest.mark.faults
async def test_an_outage_of_three_minutes_stops_writes_alone(tmp_path: Path, prefix: str) -> None:
    seconds = float(os.environ.get("AGENDUM_OUTAGE_SECONDS", "180"))
    cluster = await asyncio.to_thread(LocalKafka(tmp_path).start)

    async def outage(where: Arena) -> None:
        known = await _any_progress(where)
        cluster.kill()
        began = asyncio.get_running_loop().time()
        ends = began + seconds
        reads = 0
        while (now := asyncio.get_running_loop().time()) < ends:
            for worker in where.workers:
                async with where.session.get(f"{worker.url}/healthz") as answer:
                    assert answer.status == 200
                async with where.session.get(f"{worker.url}{known}", headers={"Authorization": "x"}) as answer:
                    assert answer.status == 200, await answer.text()
                    reads += 1
                    # Nobody can prove anything any more once a session is over, and has to say so.
                    age = int(answer.headers.get("Agendum-Stale", "-1"))
                    assert age >= 1000 * SESSION_SECONDS or now - began < PROVEN_SECONDS, (now - began, age)
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

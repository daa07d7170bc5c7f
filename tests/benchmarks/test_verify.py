"""How long a verification takes, and what a worker's callers feel of it; how fast a replay is."""

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest

from tests.benchmarks.events import prepare
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.commands import Ended, agendum

pytestmark = pytest.mark.benchmark
RUNS = 25_000  # of four rows each


async def latencies(session: aiohttp.ClientSession, url: str, running: "asyncio.Task[Ended]") -> list[float]:
    """Of one caller that asks for one progress after another (ms)."""
    found = []
    while not running.done():
        began = time.perf_counter()
        async with session.get(url, headers={"Authorization": "me"}) as answer:
            await answer.read()
        found.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.001)
    return sorted(found)


def shown(values: list[float]) -> str:
    return (
        f"p50 {values[len(values) // 2]:.1f} ms, p99 {values[len(values) * 99 // 100]:.1f} ms, max {values[-1]:.1f} ms"
    )


async def test_verifying_a_partition_of_100_000_rows(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    prepared = await prepare(kafka.bootstrap, prefix, RUNS, reports=True, partitions=1)
    await prepared.log.stop()
    worker = WorkerProcess("W", kafka.bootstrap, prefix, tmp_path, partitions=1)
    worker.start()
    options = ("--kafka", kafka.bootstrap, "--prefix", prefix)
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(300):
            while (health := await worker.health(session)) is None or not health["ready"] or health["unwritten"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            url = f"{worker.url}/pop/progress/agenda/nothing"
            idle = asyncio.ensure_future(agendum("replay", *options, "--partition", "0", "--until", "1"))
            quiet = await latencies(session, url, idle)
            began = time.perf_counter()
            running = asyncio.ensure_future(agendum("verify", "--url", worker.url, *options))
            busy = await latencies(session, url, running)
            spent = time.perf_counter() - began
            print(f"\nverify {4 * RUNS:,} rows, {prepared.events:,} events: {spent:.1f} s in all")
            print(f"a caller meanwhile: {shown(busy)}; beside another command: {shown(quiet)}")
            assert (await running).code == 0, (await running).err + (await running).out
    finally:
        worker.kill()
    for more in ([], ["--verdicts"], ["--fold"], ["--key", "00000010-0000-0000-0000-000000000001"]):
        began = time.perf_counter()
        ended = await agendum("replay", *options, *more)
        spent = time.perf_counter() - began
        print(
            f"replay {' '.join(more)}: {ended.out.count(chr(10)):,} lines, {len(ended.out) >> 20} MiB in {spent:.1f} s"
        )
        assert ended.code == 0, ended.err

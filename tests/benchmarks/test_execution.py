"""Whole agendas through one executor process: latency alone, throughput together, and who spends the CPU."""

import asyncio
import statistics
import time
from pathlib import Path

import psutil
import pytest

from handlers.client.client import Client, connect
from handlers.clock import draw
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, is_over, sample, submit, tenant

pytestmark = pytest.mark.benchmark
ALONE, TOGETHER, IN_FLIGHT = 200, 1000, 32
OPERATIONS = (sample("a"), sample("b", "a"), sample("c", "b"))


async def one(client: Client) -> float:
    """ms from submission to completion, as a client sees it that asks again and again."""
    began = time.perf_counter()
    agenda = await submit(client, "bench", *OPERATIONS)
    while True:
        progress = await client.progress(agenda.progress_id or "")
        if progress is not None and is_over(progress):
            assert progress.processing_state_message == "succeeded"
            return (time.perf_counter() - began) * 1000
        await asyncio.sleep(0.002)


async def many(client: Client, count: int, at_once: int) -> float:
    """Seconds until so many agendas are complete; asking for each all the time would cost more than the agendas do."""
    left = [*range(count)]
    runs: list[str] = []

    async def submitter() -> None:
        while left:
            left.pop()
            runs.append((await submit(client, "bench", *OPERATIONS)).progress_id or "")

    began = time.perf_counter()
    await asyncio.gather(*(submitter() for _ in range(at_once)))
    while runs:
        progress = await client.progress(runs[-1])
        if progress is not None and is_over(progress):
            runs.pop()
        else:
            await asyncio.sleep(0.02)
    return time.perf_counter() - began


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def test_execution(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    worker = WorkerProcess("bench", kafka.bootstrap, prefix, tmp_path, session=10, poll=5)
    worker.start()
    async with connect(worker.url, draw=draw, patience=60) as client:
        await tenant(client, "bench")
        executor = ExecutorProcess(
            worker.url, "bench", tmp_path, "--slots", str(IN_FLIGHT), "--log-level", "WARNING"
        ).start()
        try:
            for _ in range(20):
                await one(client)
            spent = sorted([await one(client) for _ in range(ALONE)])
            p50, p99 = statistics.median(spent), spent[int(ALONE * 0.99) - 1]
            print(f"\none 3-operation agenda alone: p50 {p50:.1f} ms (40), p99 {p99:.1f} ms")
            watched = {"worker": psutil.Process(worker.pid), "executor": psutil.Process(executor.pid)}
            watched["broker"] = next(each for each in psutil.process_iter(["name"]) if each.info["name"] == "java")
            before = {name: cpu(process) for name, process in watched.items()}
            seconds = await many(client, TOGETHER, IN_FLIGHT)
            used = {name: (cpu(each) - before[name]) / TOGETHER * 1000 for name, each in watched.items()}
            print(f"{TOGETHER} of them, {IN_FLIGHT} in flight: {TOGETHER / seconds:.0f}/s (300)")
            print("CPU ms per agenda: " + ", ".join(f"{name} {ms:.2f}" for name, ms in used.items()))
        finally:
            executor.stop()
    worker.stop()
    worker.join()

"""Submissions, reads, whole agendas and dispatches over HTTP, against bare aiohttp, in one run."""

import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import orjson
import psutil
import pytest

from compose.ports import free_ports
from eventstore.kafka.admin import make_topics
from eventstore.topics import Topic
from tests.benchmarks.bench import QUEUES, Bench, fill, report
from tests.benchmarks.client import load
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess

pytestmark = pytest.mark.benchmark
#: Ours and the bare server take turns: so many, of so many seconds each, after one that does not count. Kafka's JVM
#: compiles what it meets for some seconds, on the same two cores: whoever came first would pay for the other.
TURNS, SECONDS = 8, 1.0
PULLERS = (1, 8, 64)
#: Who asks, and whether the targets are meant for it: the strict one costs little, the other is what a user has.
CLIENTS = {"by hand": True, "aiohttp": False}
#: One round of dispatches: so many are ready at its begin, or many more; so many are handed out.
ROUND, HANDED_OUT, ROUNDS = 100, 90, 8
MANY = 100_000


async def test_http(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    await make_topics(kafka.bootstrap, [Topic(f"{prefix}-bare", 1, {"max.message.bytes": "8388608"})], 1)
    bare = subprocess.Popen(  # noqa: ASYNC220  # before anything is measured
        [sys.executable, "-m", "tests.benchmarks.bare", kafka.bootstrap, f"{prefix}-bare", str(port)],
        stdout=subprocess.PIPE,
    )
    worker = WorkerProcess("bench", kafka.bootstrap, prefix, tmp_path, session=10, patience_ms=600_000, poll=2)
    bench = Bench(worker, f"http://127.0.0.1:{port}")
    try:
        print(f"\nstart to ready, nothing there: {await start_to_ready(worker):.1f} s")
        await bench.set_up()
        await submissions_and_reads(bench)
        await whole_agendas(bench)
        await dispatches(bench)
        await starts(bench)
    finally:
        worker.stop()
        worker.join()
        bench.close()
        bare.kill()
        bare.wait()
        assert bare.stdout is not None
        bare.stdout.close()


async def start_to_ready(worker: WorkerProcess) -> float:
    """Seconds from the start of the process until it says that it is ready."""
    began = time.perf_counter()
    worker.start()
    async with aiohttp.ClientSession() as session:
        while not ((await worker.health(session)) or {}).get("ready"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return time.perf_counter() - began


async def submissions_and_reads(bench: Bench) -> None:
    """With 32 clients, and alone; each beside the bare server's answer to the same."""
    url, bare, body = bench.worker.url, bench.bare, orjson.dumps(bench.agenda(doNotRun=True))
    for kind, wanted in CLIENTS.items():
        aim = "at least 0.25, goal 0.5" if wanted else "no target: the client is the bottleneck"
        found = await beside(kind, (url, "/pop/agenda"), (bare, "/send"), body)
        print(f"submissions/s, client {kind}: {found} ({aim})")
    alone = await bench.alone(bench.submit_only)
    bare_alone = await bench.alone(lambda: bench.post("/send", bench.agenda(), bare))
    print(f"alone p50 {alone:.2f} ms; bare {bare_alone:.2f} ms: {alone / bare_alone:.1f}x (at most 5, goal 3)")
    path = f"/pop/progress/agenda/{(await bench.submit_only())['all'][0]['progressId']}"
    for kind, wanted in CLIENTS.items():
        aim = "at least 0.7" if wanted else "no target: the client is the bottleneck"
        found = await beside(kind, (url, path), (bare, "/constant"))
        print(f"GETs/s, client {kind}: {found} ({aim})")


async def beside(kind: str, ours: tuple[str, str], bare: tuple[str, str], body: bytes = b"") -> str:
    """Answers per second to 32 clients, of ours and of the bare server by turns, and how they compare: medians, and the
    lowest and the highest ratio of two neighbours.
    """

    async def turn(url: str, path: str) -> float:
        return await load("POST" if body else "GET", url, path, body, clients=32, seconds=SECONDS, kind=kind)

    pairs = [(await turn(*ours), await turn(*bare)) for _ in range(TURNS + 1)][1:]
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    rates = [statistics.median(each) for each in zip(*pairs, strict=True)]
    middle = statistics.median(ratios)
    return f"{rates[0]:,.0f}; bare {rates[1]:,.0f}: {middle:.3f}x ({ratios[0]:.2f} to {ratios[-1]:.2f})"


async def whole_agendas(bench: Bench, seconds: float = 8.0) -> None:
    """Submit, pull, three reports: how many come to their end, and what one costs the worker."""
    process = psutil.Process(bench.worker.pid)
    before = process.cpu_times()
    end, started, done = time.perf_counter() + seconds, 1000, 0

    async def submitter() -> None:
        while time.perf_counter() < end:
            await bench.submit()

    async def executor() -> None:
        nonlocal started, done
        while time.perf_counter() < end:
            for agenda in await bench.pull(2):
                started += 1
                await report(bench, agenda["progressId"], started)
                done += 1

    await asyncio.gather(*(submitter() for _ in range(6)), *(executor() for _ in range(24)))
    spent = process.cpu_times()
    used = spent.user + spent.system - before.user - before.system
    print(f"3-operation agendas/s {done / seconds:,.0f} (400), CPU {used / done * 1000:.2f} ms each")
    while await bench.pull(100):
        pass


async def dispatches(bench: Bench) -> None:
    """Dispatches of one queue, by number of waiting pullers and of ready agendas; memory with many of them.

    Of two queues, one with many ready, by turns: this machine's speed changes within a minute.
    """
    process = psutil.Process(bench.worker.pid)
    before = process.memory_info().rss
    await fill(bench, MANY, QUEUES[1])
    grown = process.memory_info().rss - before
    print(f"RSS {before >> 20} MB; {MANY:,} more agendas, all ready: {grown >> 20} MB more; 503s: {bench.refused}")
    for pullers in PULLERS:
        turns = [[await hand_out(bench, pullers, queue) for queue in QUEUES] for _ in range(ROUNDS)]
        few, many = (HANDED_OUT / statistics.median(spent) for spent in zip(*turns, strict=True))
        print(
            f"dispatches/s of one queue, {pullers} pullers: {ROUND} ready {few:,.0f}, {MANY:,} ready {many:,.0f}: "
            f"{max(many / few, few / many):.2f}x apart (at most 1.5)"
        )


async def hand_out(bench: Bench, pullers: int, queue: str) -> float:
    """Seconds in which a queue hands out HANDED_OUT agendas to so many who ask for one at a time."""
    await fill(bench, ROUND, queue)
    left, began = HANDED_OUT, time.perf_counter()

    async def puller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            assert await bench.pull(1, queue)

    await asyncio.gather(*(puller() for _ in range(pullers)))
    spent = time.perf_counter() - began
    # What is left of this round must not be there in the next, unless there are many anyhow.
    await bench.pull(ROUND - HANDED_OUT, queue)
    return spent


async def starts(bench: Bench) -> None:
    """How long a worker takes until it is ready, with everything on its disk and with an empty one."""
    worker = bench.worker
    worker.stop()
    worker.join()
    bench.close()
    for what in ("on disk", "from an empty disk"):
        seconds = await start_to_ready(worker)
        rss = psutil.Process(worker.pid).memory_info().rss >> 20
        print(f"start to ready, {MANY:,} agendas ready {what}: {seconds:.1f} s, RSS {rss} MB")
        worker.stop()
        worker.join()
        worker.wipe()

"""The service away for minutes: executors go on, keep what they have to say, and say it when it is back."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from eventstore.codec import decode
from handlers.client.client import Client, connect
from handlers.client.objects import AgendaProgress
from handlers.clock import draw, now
from tests.conftest import Broker
from tests.faults.judge import whole_log
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, is_over, sample, submit, tenant, until

pytestmark = pytest.mark.faults
#: Longer than any silence that is allowed while the service is there.
AWAY_SECONDS = 125.0
RECLAIM_MS, PATIENCE_MS = 20_000, 8_000
#: Begun before the service is gone, however long that takes, and at work when it is back.
LONG_MS = int(AWAY_SECONDS * 1000) + 40_000
#: What ends while nobody can be told: a chain, a fan, a failure; and what is still running when somebody can.
CHAIN = [sample(f"chain{n}", *([f"chain{n - 1}"] if n else []), ms=3000) for n in range(5)]
FAN = [sample("root"), *[sample(f"leaf{n}", "root", ms=2000) for n in range(12)]]
FAILS = [sample("good", ms=1000), sample("bad", "good", fail=True), sample("never", "bad")]
LONG = [sample("before"), sample("long", "before", ms=LONG_MS), sample("after", "long")]
RAN = {one["name"] for one in (*CHAIN, *FAN, *LONG)} | {"good"}


def begun(progress: AgendaProgress) -> bool:
    return any(row.started_time for row in progress.operation_progress or [])


async def begin(client: Client) -> dict[str, str]:
    """Submit the four and wait until an executor has each; name -> run."""
    agendas = {"long": LONG, "chain": CHAIN, "fan": FAN}
    runs = {name: (await submit(client, "acme", *what)).progress_id or "" for name, what in agendas.items()}
    once = {"maximumAttempts": 1}
    runs["fails"] = (await submit(client, "acme", *FAILS, params=once)).progress_id or ""
    for run in runs.values():
        await until(client, run, begun, 180)
    return runs


async def stay_away(began: float, *executors: ExecutorProcess) -> None:
    while (gone := time.monotonic() - began) < AWAY_SECONDS:
        for executor in executors:
            assert executor.alive, f"an executor gave up after {gone:.0f} s: {executor.log.read_text()[-2000:]}"
        await asyncio.sleep(0.5)


async def events(kafka: Broker, prefix: str) -> Counter[str]:
    """How often each kind of event stands in the log."""
    log = await whole_log(kafka.bootstrap, prefix)
    return Counter(type(decode(one.headers, one.value)[1]).__name__ for some in log.values() for one in some)


def ran(*executors: ExecutorProcess) -> Counter[str]:
    """How often each operation came to the end of what it does."""
    lines = [line for one in executors for line in one.log.read_text().splitlines() if "action='sample'" in line]
    return Counter(line.partition("operation='")[2].partition("'")[0] for line in lines)


async def test_reports_of_minutes_are_kept_and_nothing_runs_twice(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    worker = WorkerProcess(
        "W", kafka.bootstrap, prefix, tmp_path, reclaim_ms=RECLAIM_MS, prompt_patience_ms=PATIENCE_MS
    )
    worker.start()
    executors = []
    try:
        async with connect(worker.url, draw=draw, patience=60) as client:
            await tenant(client, "acme")
            executors.append(ExecutorProcess(worker.url, "acme", tmp_path, "--slots", "24").start())
            runs = await begin(client)
            worker.kill()
            left, began = now(), time.monotonic()
            # One that nobody has heard of yet finds no service, and waits for it.
            executors.append(ExecutorProcess(worker.url, "acme", tmp_path, "--slots", "4").start())
            await executors[0].says("operation='chain4'", seconds=60)
            await stay_away(began, *executors)
            back = now()
            worker.start()

            ended = {name: await until(client, run, is_over, 180) for name, run in runs.items()}

            silence = (back - left) / 1000
            assert executors[0].stop() == 0
            new = await submit(client, "acme", sample("new"))
            assert (await until(client, new.progress_id or "", is_over)).processing_state_message == "succeeded"
            assert "operation='new'" in executors[1].log.read_text(), "who came meanwhile works as well"
            assert executors[1].stop() == 0
    finally:
        for executor in executors:
            executor.kill()
        worker.kill()

    outcomes = {name: progress.processing_state_message for name, progress in ended.items()}
    assert outcomes == {"long": "succeeded", "chain": "succeeded", "fan": "succeeded", "fails": "failed"}
    assert ran(*executors) == Counter(RAN | {"new"})
    rows = {row.operation or "": row for one in ended.values() for row in one.operation_progress or []}
    assert {name: row.attempt_count for name, row in rows.items()} == dict.fromkeys(rows, 1) | {"never": 0}
    meanwhile = {name for name, row in rows.items() if left < (row.completed_time or 0) < back}
    assert meanwhile >= {"chain4", "leaf0", "leaf11"}, "the service knows when it was, although it was away"
    assert (rows["long"].completed_time or 0) > back
    found = await events(kafka, prefix)
    assert found["AgendaDispatched"] == len(runs) + 1, "each was handed out once"
    assert not {"AgendaReclaimed", "DispatchExpired", "AgendaRetried", "AgendaHandedBack"} & found.keys()
    print(f"  away for {silence:.0f} s: {len(meanwhile)} operations completed meanwhile; events {dict(found)}")

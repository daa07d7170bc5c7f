"""An executor killed at ten moments of a run: another finishes it, and what was acknowledged is not run again.

What the killed one had under way may still be taken in, after somebody looked: so what was kept is told by the log.
"""

from pathlib import Path

import pytest

from eventstore.codec import decode
from eventstore.events import ProgressReported
from eventstore.ids import partition_of
from handlers.client.client import Client, connect
from handlers.client.objects import AgendaProgress
from handlers.clock import draw, now
from tests.conftest import Broker
from tests.faults.judge import whole_log
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, is_over, sample, submit, tenant, until

pytestmark = pytest.mark.faults
#: Ways to be killed: so many operations acknowledged as begun, and so many as complete.
MOMENTS = [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3), (4, 4), (5, 4)]
CHAIN = [sample(f"o{n}", *([f"o{n - 1}"] if n else []), ms=400) for n in range(5)]


def states(progress: AgendaProgress) -> dict[str, str]:
    rows = progress.operation_progress or []
    return {row.operation or "": row.processing_state_message or "" for row in rows}


def count(progress: AgendaProgress, begun: int, complete: int) -> bool:
    rows = progress.operation_progress or []
    done = [row for row in rows if row.processing_state_message == "succeeded"]
    return len([row for row in rows if row.attempt_count]) >= begun and len(done) >= complete


async def kept_of(worker: WorkerProcess, run: str, until: int) -> set[str]:
    """The operations of a run whose success is on record, by an executor that began before a moment (epoch ms)."""
    found: set[str] = set()
    log = await whole_log(worker.bootstrap, worker.prefix)
    for record in log[partition_of(run, len(log))]:
        event = decode(record.headers, record.value)[1] if record.key == run.encode() else None
        if isinstance(event, ProgressReported) and (event.bound or 0) < until:
            rows = event.operations or []
            found |= {row.operation or "" for row in rows if row.processing_state_message == "succeeded"}
    return found


async def killed_at(client: Client, worker: WorkerProcess, folder: Path, begun: int, complete: int) -> tuple[int, int]:
    """Kill the first executor at a moment, have a second one finish; how many operations it ran, and did not run."""
    name = f"m{begun}{complete}"
    await tenant(client, name)
    first = ExecutorProcess(worker.url, name, folder).start()
    run = (await submit(client, name, *CHAIN)).progress_id or ""
    await until(client, run, lambda found: count(found, begun, complete))
    first.kill()
    killed = now()
    acknowledged = states(await until(client, run, lambda _: True))
    second = ExecutorProcess(worker.url, name, folder).start()
    try:
        progress = await until(client, run, is_over)
    finally:
        second.stop()
    assert progress.processing_state_message == "succeeded"
    attempts = {row.operation or "": row.attempt_count or 0 for row in progress.operation_progress or []}
    again = [one for one, message in acknowledged.items() if message == "succeeded" and attempts[one] != 1]
    assert not again, f"killed at {begun} begun and {complete} complete: {again} ran again after it was acknowledged"
    kept = await kept_of(worker, run, killed)
    assert kept >= {one for one, message in acknowledged.items() if message == "succeeded"}
    ran = second.log.read_text().count("action='sample'")
    assert ran == len(CHAIN) - len(kept), f"the second ran {ran} operations, {len(kept)} were done: it did not go on"
    return ran, len(kept)


async def test_a_run_is_finished_by_another_whenever_its_executor_is_killed(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    worker = WorkerProcess("W", kafka.bootstrap, prefix, tmp_path, reclaim_ms=7000, prompt_patience_ms=4000)
    worker.start()
    try:
        async with connect(worker.url, draw=draw, patience=60) as client:
            for begun, complete in MOMENTS:
                ran, kept = await killed_at(client, worker, tmp_path, begun, complete)
                print(
                    f"  killed with {begun} begun, {complete} complete acknowledged: {kept} kept, {ran} run by another"
                )
        worker.stop()
        worker.join()
    finally:
        worker.kill()

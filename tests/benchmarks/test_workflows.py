"""Real workflows: how long `agendum submit --wait` takes beside what no schedule can better, and where the rest goes.

AGENDUM_WORKFLOWS names a folder of WfFormat files (those of github.com/wfcommons/WfInstances, say); one of our own is
always run. Two executors of 4 slots; one agenda is one executor's, so its bound is that of 4 slots.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from handlers.converting.bound import bound
from handlers.converting.wfcommons import convert
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.workflow_runs import Place, Ran, judge, write_workflow

pytestmark = pytest.mark.benchmark
SLOTS = 4
#: Each is scaled to this bound (s), or to AGENDUM_WORKFLOW_SECONDS.
SECONDS = float(os.environ.get("AGENDUM_WORKFLOW_SECONDS", "12"))
FOLDER = os.environ.get("AGENDUM_WORKFLOWS")
NO_FOLDER = pytest.param(
    None, id="AGENDUM_WORKFLOWS", marks=pytest.mark.skip("AGENDUM_WORKFLOWS names no folder of workflows")
)


def workflows() -> list[Any]:
    found = sorted(Path(FOLDER).glob("*.json")) if FOLDER else []
    return ["ours", *(pytest.param(file, id=file.stem) for file in found), *([] if FOLDER else [NO_FOLDER])]


@pytest.mark.parametrize("workflow", workflows())
async def test_a_workflow(workflow: Path | str, worker: WorkerProcess, kafka: Broker, tmp_path: Path) -> None:
    file = write_workflow(tmp_path / "ours.json") if workflow == "ours" else Path(workflow)
    whole = bound(convert(file.read_bytes()), SLOTS)
    async with Place(worker, kafka, tmp_path, SLOTS) as place:
        done = await place.run(file, scale=round(SECONDS * 1000 / whole.at_least_ms, 6))
    judge(done)
    print(f"\n{file.stem}: {done.said}\n{shown(done)}")


def shown(done: Ran) -> str:
    """What it took, and where that went beyond the bound (ms)."""
    rows = done.rows.values()
    first, last = min(row["startedTime"] for row in rows), max(row["completedTime"] for row in rows)
    least, wide = bound(done.agenda, SLOTS), bound(done.agenda, 2 * SLOTS)
    total = done.ended - done.began
    parts = {
        "start of Python, reading, submission": done.served["addedTime"] - done.began,
        "the first pull": first - done.served["addedTime"],
        "first start to last end, beyond the bound": last - first - least.at_least_ms,
        "  of it any greedy schedule": least.greedy_ms - least.at_least_ms,
        "  of it operations that took longer than they sleep": longer(done),
        "last report, last look, the command's end": done.ended - last,
    }
    head = f"  {total:.0f} ms, {total / least.at_least_ms:.2f} of the bound of {SLOTS} slots (at most 1.3)"
    more = f"; {total / wide.at_least_ms:.2f} of that of {2 * SLOTS}; CPU of the command {done.cpu_ms:.0f} ms"
    return "\n".join([head + more, *(f"  {ms:6.0f}  {name}" for name, ms in parts.items())])


def longer(done: Ran) -> float:
    """ms per slot."""
    asked = {
        one["name"]: sum(action["paramsMap"]["sleepMilliseconds"] for action in one["payload"]["actions"])
        for one in done.agenda["operations"]
    }
    took = {name: row["completedTime"] - row["startedTime"] for name, row in done.rows.items()}
    return float(sum(took[name] - ms for name, ms in asked.items())) / SLOTS

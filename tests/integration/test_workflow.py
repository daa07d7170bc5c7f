"""A workflow in WfFormat, of our own, all the way: converted, submitted, run by two executors, and replayed."""

import json
import os
from pathlib import Path

from handlers.client.client import connect
from handlers.clock import draw
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, agendum, tenant
from tests.unit.handlers.converting.workflows import edges_of, ran, task, workflow
from tests.wire import Client

WIDTH = 10
#: A fork, a chain in each of its arms, and a join; names as workflows have them.
TASKS = [
    task("split_ID01", children=[f"map_ID{n}" for n in range(WIDTH)]),
    *[task(f"map_ID{n}", "split_ID01", children=[f"sort (ID {n})"]) for n in range(WIDTH)],
    *[task(f"sort (ID {n})", f"map_ID{n}", children=["merge/ID99"]) for n in range(WIDTH)],
    task("merge/ID99", *[f"sort (ID {n})" for n in range(WIDTH)]),
]
RUNS = [ran(one["id"], 1.0 + number % 4) for number, one in enumerate(TASKS)]


async def test_it_completes_in_order_and_its_replay_is_what_was_served(
    worker: WorkerProcess, kafka: Broker, tmp_path: Path
) -> None:
    name, file = f"w{os.urandom(4).hex()}", tmp_path / "workflow.json"
    file.write_text(json.dumps(workflow(*TASKS, runs=RUNS)))
    async with connect(worker.url, draw=draw, patience=60) as client:
        await tenant(client, name)
    executors = [ExecutorProcess(worker.url, name, tmp_path, "--slots", "4").start() for _ in range(2)]
    try:
        converted = agendum("convert", "wfcommons", str(file), "--scale", "0.02", "--customer", name, "--slots", "8")
        submitted = agendum("submit", "-", "--wait", "-o", "json", url=worker.url, input=converted.stdout)
    finally:
        codes = [executor.stop() for executor in executors]

    agenda = json.loads(converted.stdout)
    assert (converted.returncode, submitted.returncode, codes) == (0, 0, [0, 0]), submitted.stderr
    assert "with 8 slots at least" in converted.stderr
    run = json.loads(submitted.stdout)["id"]
    _, answer, _ = await Client(worker.url, name).ask("GET", f"/pop/progress/agenda/{run}")
    [served] = answer["all"]
    rows = {row["operation"]: row for row in served["operationProgress"]}
    assert len(rows) == len(TASKS) == 2 + 2 * WIDTH
    assert {(row["processingStateMessage"], row["attemptCount"]) for row in rows.values()} == {("succeeded", 1)}
    edges = edges_of(agenda)
    assert len(edges) == 3 * WIDTH
    early = [edge for edge in edges if rows[edge[0]]["completedTime"] > rows[edge[1]]["startedTime"]]
    assert early == [], "each operation begins after what it waits for has ended"
    place = ("--kafka", kafka.bootstrap, "--prefix", worker._settings["AGENDUM_PREFIX"])
    folded = agendum("replay", "--fold", "--key", run, *place)
    assert json.loads(folded.stdout)["progress"] == served

"""A workflow's whole way through the commands: converted, submitted and waited for, looked at over HTTP, and folded."""

import json
import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handlers.client.client import connect
from handlers.clock import draw
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.installation import COMMAND, ExecutorProcess, tenant
from tests.unit.handlers.converting.workflows import edges_of, ran, task, workflow
from tests.wire import Client

WIDTH = 10
SECONDS = 240


def write_workflow(file: Path) -> Path:
    """A fork, a chain in each of its arms, and a join; of our own, with names as workflows have them."""
    tasks = [
        task("split_ID01", children=[f"map_ID{n}" for n in range(WIDTH)]),
        *[task(f"map_ID{n}", "split_ID01", children=[f"sort (ID {n})"]) for n in range(WIDTH)],
        *[task(f"sort (ID {n})", f"map_ID{n}", children=["merge/ID99"]) for n in range(WIDTH)],
        task("merge/ID99", *[f"sort (ID {n})" for n in range(WIDTH)]),
    ]
    runs = [ran(one["id"], 1.0 + number % 4) for number, one in enumerate(tasks)]
    file.write_text(json.dumps(workflow(*tasks, runs=runs)))
    return file


@dataclass(frozen=True, slots=True)
class Ran:
    """One that was run; times in epoch ms, of this machine's one clock."""

    agenda: dict[str, Any]
    #: what `convert` said of it
    said: str
    began: float
    ended: float
    #: what the command `submit` spent
    cpu_ms: float
    #: the progress as HTTP serves it, and as the log's fold has it
    served: dict[str, Any]
    folded: dict[str, Any]

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["operation"]: row for row in self.served["operationProgress"]}

    @property
    def early(self) -> list[tuple[str, str]]:
        """Who began before what it waits for had ended."""
        rows = self.rows
        return [
            (first, then)
            for first, then in edges_of(self.agenda)
            if rows[first]["completedTime"] > rows[then]["startedTime"]
        ]


class Place:
    """A worker, a customer of our own, and two executors of so many slots, as `agendum up` would start them."""

    def __init__(self, worker: WorkerProcess, kafka: Broker, folder: Path, slots: int) -> None:
        self.name = f"w{os.urandom(4).hex()}"
        self.slots = slots
        self._url = worker.url
        self._log = ("--kafka", kafka.bootstrap, "--prefix", worker.prefix)
        self._executors = [ExecutorProcess(worker.url, self.name, folder, "--slots", str(slots)) for _ in range(2)]

    async def __aenter__(self) -> "Place":
        async with connect(self._url, draw=draw, patience=60) as client:
            await tenant(client, self.name)
        for executor in self._executors:
            executor.start()
        for executor in self._executors:
            await executor.says("runs operations of type")
        return self

    async def __aexit__(self, *_: object) -> None:
        codes = [executor.stop() for executor in self._executors]
        assert codes == [0, 0]

    async def run(self, file: Path, scale: float) -> Ran:
        """Carry a workflow out."""
        convert = ("convert", "wfcommons", str(file), "--scale", str(scale), "--slots", str(self.slots))
        converted = self._agendum(*convert, "--customer", self.name)
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.time() * 1000  # noqa: TID251  # beside the times of another process, on one machine
        done = self._agendum("submit", "-", "--wait", "-o", "json", "--url", self._url, given=converted.stdout)
        ended = time.time() * 1000  # noqa: TID251
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = json.loads(done.stdout)["id"]
        _, answer, _ = await Client(self._url, self.name).ask("GET", f"/pop/progress/agenda/{run}")
        folded = self._agendum("replay", "--fold", "--key", run, *self._log)
        return Ran(
            agenda=json.loads(converted.stdout),
            said=converted.stderr.strip(),
            began=began,
            ended=ended,
            cpu_ms=1000 * (used.ru_utime - spent.ru_utime + used.ru_stime - spent.ru_stime),
            served=answer["all"][0],
            folded=json.loads(folded.stdout)["progress"],
        )

    def _agendum(self, *arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [*COMMAND, *arguments], input=given, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done


def judge(done: Ran) -> None:
    """All of it succeeded, at the first attempt, in order, and the log says what HTTP does."""
    assert done.rows.keys() == {operation["name"] for operation in done.agenda["operations"]}
    assert {(row["processingStateMessage"], row["attemptCount"]) for row in done.rows.values()} == {("succeeded", 1)}
    assert done.served["processingStateMessage"] == "succeeded"
    assert done.early == [], "each operation begins after what it waits for has ended"
    assert done.folded == done.served

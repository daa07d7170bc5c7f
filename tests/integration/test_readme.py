"""What the README says to type does what it says: its tour of the API, its client, its handler, its registry file."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.cli.demo import NAME, put_catalogue
from handlers.client.client import connect
from handlers.clock import draw
from handlers.endpoints.routes import PATHS
from handlers.executor.operations.program import read_registry
from handlers.executor.operations.task import OperationFailed, Task
from handlers.process.settings import Settings
from tests.conftest import Broker, running
from tests.faults.processes import WorkerProcess

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
URL = "http://127.0.0.1:8080"
CURL = re.compile(r"^.*?curl -s?H .*", re.MULTILINE)
#: A `curl` on the path: every answer is shown as it would be, and kept besides. It asks again where a service under
#: load answers 503, as who types the commands would.
KEEPING = """#!/usr/bin/env bash
set -euo pipefail
{curl} --silent --show-error --fail --retry 60 --retry-delay 1 "$@" | tee -a "$ANSWERS"
"""


@pytest.fixture(scope="module")
def worker(kafka: Broker) -> Iterator[WorkerProcess]:
    """A worker with the time-outs that one gets who does what the README says; those of other tests are short."""
    times = {name: Settings.model_fields[name].default for name in ("session", "heartbeat", "patience_ms", "poll")}
    with running(kafka, **times) as found:
        yield found


def section(head: str) -> str:
    return README.split(f"\n## {head}\n")[1].split("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


async def answers(commands: str, worker: WorkerProcess, folder: Path) -> list[Any]:
    """What each `curl` of some commands was answered, in order; all of them must succeed."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the README's commands want bash and curl, which are not installed here")
    kept, keeping = folder / "answers", folder / "curl"
    keeping.write_text(KEEPING.format(curl=shutil.which("curl")))
    keeping.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-euo", "pipefail", "-c", commands.replace(URL, worker.url)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={**os.environ, "ANSWERS": str(kept), "PATH": path},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    # Each stands on a line of its own, as somebody who types the commands sees them.
    found = [json.loads(line) for line in kept.read_text().splitlines()]
    assert len(found) == len(CURL.findall(commands))
    assert [answer for answer in found if answer["error"]] == []
    return found


async def demo(worker: WorkerProcess) -> None:
    async with connect(worker.url, draw=draw) as client:
        await put_catalogue(client)


@pytest.mark.kafka
async def test_the_tour_runs_as_it_stands(worker: WorkerProcess, tmp_path: Path) -> None:
    commands = "".join(blocks(section("The API, a tour"), "sh"))

    found = await answers(commands, worker, tmp_path)

    asked = CURL.findall(commands)
    by = dict(zip(asked, found, strict=True))
    (run,) = (answer for question, answer in by.items() if "service/run" in question and "thumbnails" in question)
    assert run["agendas"][0]["operations"][0]["payload"] == {"size": 640}
    (agenda,) = (answer["all"][0]["id"] for question, answer in by.items() if question.startswith("AGENDA="))
    pulled = [answer for question, answer in zip(asked, found, strict=True) if "getAgenda" in question]
    assert [agenda in {one["id"] for one in answer["agendas"]} for answer in pulled] == [True, True]
    (prior,) = pulled[1]["agendaProgresses"]
    states = {row["operation"]: row["processingState"] for row in prior["operationProgress"]}
    assert states == {"encode": "COMPLETE", "check": "WAITING", "notify": "WAITING"}
    assert found[-1]["all"][0]["processingStateMessage"] == "cancelled"


def test_every_route_is_in_the_tour() -> None:
    tour = section("The API, a tour")
    assert [path for path in PATHS if f"`/{path}`" not in tour] == []


@pytest.mark.kafka
async def test_the_first_steps_run_as_they_stand(worker: WorkerProcess, tmp_path: Path) -> None:
    await demo(worker)
    commands = next(block for block in blocks(section("First steps"), "sh") if "curl" in block)

    submitted, listed = await answers(commands, worker, tmp_path)

    assert submitted["all"][0]["progressId"] in {one["id"] for one in listed["all"]}


@pytest.mark.kafka
async def test_the_client_is_used_as_it_is_shown(worker: WorkerProcess) -> None:
    await demo(worker)
    (code,) = blocks(section("First steps"), "python")

    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code.replace(URL, worker.url)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=ROOT,
    )

    assert done.returncode == 0, done.stderr
    assert f"{NAME} {NAME}" in done.stdout.splitlines()


async def test_the_handler_of_ten_lines_is_one() -> None:
    (code,) = blocks(section("Executors and operation handlers"), "python")
    made: dict[str, Any] = {}
    exec(code, made)  # noqa: S102  # it is ours
    said: list[Any] = []

    def task(payload: Any) -> Task:
        more = {"params": {}, "agenda_id": "a", "progress_id": "p", "customer_id": "c"}
        return Task(name="n", type="shout", payload=payload, advance=lambda *step: said.append(step), **more)  # type: ignore[arg-type]

    assert await made["shout"](task({"text": "loud"})) == {"text": "LOUD"}
    assert said == [(50.0, "half way", None)]
    with pytest.raises(OperationFailed):
        await made["shout"](task({}))


def test_the_registry_files_are_what_executors_read(tmp_path: Path) -> None:
    texts = blocks(section("Executors and operation handlers"), "json")
    file = tmp_path / "programs.json"
    for text in texts:
        file.write_text(text)
        assert read_registry(file).keys() == json.loads(text).keys()
    assert len(texts) == 2

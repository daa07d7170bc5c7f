"""POP's launch types through a real executor and worker: handler programs as processes and as containers."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from eventstore.model import ProcessingState
from handlers.client.client import Client, connect
from handlers.client.objects import AgendaProgress, OperationProgress
from handlers.clock import draw
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, is_over, sample, submit, tenant, until
from tests.integration.operations.fake_engine import FakeEngine
from tests.integration.operations.programs import is_alive, written
from tests.integration.operations.programs import until as true

pytestmark = pytest.mark.kafka
HANDLER = [sys.executable, "-S", "-u", str(Path(__file__).with_name("operations") / "pop_handler.py")]
WAITING, EXECUTING = ProcessingState.WAITING, ProcessingState.EXECUTING


class Site:
    """An executor's machine: its registry, its engine, and the processes that its handlers noted."""

    def __init__(self, launch_type: str, engine: FakeEngine, folder: Path) -> None:
        self.engine, self.folder, self.pids = engine, folder, folder / "pids"
        entry: dict[str, Any] = {"launchType": launch_type, "argv": HANDLER}
        if launch_type == "docker":
            entry["image"] = "handler:1"
        self.registry = folder / "registry.json"
        self.registry.write_text(json.dumps({"encode": entry, "hurry": {**entry, "timeoutSeconds": 1.5}}))

    def execute(self, url: str, insight: str, *more: str) -> ExecutorProcess:
        options = ("--registry", str(self.registry), "--engine", self.engine.url, *more)
        return ExecutorProcess(url, insight, self.folder, *options).start()

    def long(self, **more: Any) -> dict[str, Any]:
        """A step that does not end by itself."""
        return {"pid": str(self.pids), "sleep": 1000, **more}

    async def begun(self) -> None:
        await true(lambda: written(self.pids))

    def is_clean(self) -> bool:
        return not self.engine.containers and not any(is_alive(pid) for pid in written(self.pids))


@pytest.fixture(params=["local", "docker"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    async with FakeEngine() as engine:
        yield Site(request.param, engine, tmp_path)


def encode(payload: dict[str, Any], kind: str = "encode") -> dict[str, Any]:
    return {"name": "e", "type": kind, "payload": payload, "params": {}}


def row(progress: AgendaProgress, name: str = "e") -> OperationProgress:
    return next(one for one in progress.operation_progress or [] if one.operation == name)


def diagnosis(progress: AgendaProgress) -> dict[str, Any]:
    events = row(progress).diagnostic_events or []
    assert events[0] is not None
    return {"message": events[0].message, **(events[0].payload or {})}


async def test_a_handler_says_how_far_it_is_while_it_runs_and_its_result_is_known_to_those_that_wait(
    service: Client, name: str, worker: WorkerProcess, site: Site
) -> None:
    executor = site.execute(worker.url, name)
    go = site.folder / "go"
    half = {"say": "half", "percent": 50, "params": {"jobInfo": {"jobId": "7"}}, "until": str(go)}
    after = {"name": "b", "type": "sample", "payload": {"actions": [], "resultPayload": {"saw": "@<e.out::/of>"}}}
    agenda = await submit(service, name, encode({"steps": [half], "result": {"of": "ü"}}), after, sample("c"))
    run = agenda.progress_id or ""

    seen = row(await until(service, run, lambda found: row(found).percent_complete == 50))
    assert (seen.processing_state, seen.processing_state_message) == (EXECUTING, "half")
    assert seen.params == {"jobInfo": {"jobId": "7"}}
    go.touch()
    progress = await until(service, run, is_over)

    assert executor.stop() == 0
    assert progress.processing_state_message == "succeeded", progress.diagnostic_events
    assert json.loads(row(progress).result_payload or "") == {"of": "ü"}
    assert json.loads(row(progress, "b").result_payload or "") == {"saw": "ü"}
    assert site.is_clean()


async def test_a_handler_that_fails_leaves_its_exit_status_and_last_words_in_the_diagnostics(
    service: Client, name: str, worker: WorkerProcess, site: Site
) -> None:
    executor = site.execute(worker.url, name)
    agenda = await submit(service, name, encode({"exit": 3}), sample("c"), params={"maximumAttempts": 1})

    progress = await until(service, agenda.progress_id or "", is_over)

    executor.stop()
    found = diagnosis(progress)
    assert found["message"].endswith("to end with exit status 0, found 3")
    assert found["exitStatus"] == 3
    assert found["stdout"][-1].endswith("HandlerComplete")
    assert site.is_clean()


async def test_a_handler_that_takes_too_long_is_ended(
    service: Client, name: str, worker: WorkerProcess, site: Site
) -> None:
    executor = site.execute(worker.url, name)
    operation = encode({"steps": [site.long(say="long")]}, "hurry")
    agenda = await submit(service, name, operation, sample("c"), params={"maximumAttempts": 1})

    progress = await until(service, agenda.progress_id or "", is_over)

    executor.stop()
    assert "to end within 1.5 s, found it still running" in diagnosis(progress)["message"]
    assert site.is_clean()


async def test_a_cancelled_runs_handler_is_ended(service: Client, name: str, worker: WorkerProcess, site: Site) -> None:
    executor = site.execute(worker.url, name)
    agenda = await submit(service, name, encode({"steps": [site.long()]}), sample("c"))
    await site.begun()

    await service.cancel(agenda.id or "")

    await true(site.is_clean)
    executor.stop()


async def test_an_executor_that_is_asked_to_stop_leaves_nothing_behind_and_another_goes_on(
    service: Client, name: str, worker: WorkerProcess, site: Site
) -> None:
    first = site.execute(worker.url, name, "--grace", "0")
    go = site.folder / "go"
    agenda = await submit(service, name, encode({"steps": [{"pid": str(site.pids), "until": str(go)}]}), sample("c"))
    run = agenda.progress_id or ""
    await until(service, run, lambda found: row(found).processing_state is EXECUTING)
    await site.begun()

    first.signal(15)
    await true(site.is_clean)

    assert first.join() == 0
    await until(service, run, lambda found: found.processing_state is WAITING)
    go.touch()
    second = site.execute(worker.url, name)
    progress = await until(service, run, is_over)
    second.stop()
    assert progress.processing_state_message == "succeeded"
    assert row(progress).attempt_count == 2


async def test_a_killed_executor_leaves_nothing_behind_and_another_runs_its_operation_once_more(
    kafka: object, prefix: str, site: Site
) -> None:
    bootstrap = kafka.bootstrap  # type: ignore[attr-defined]
    worker = WorkerProcess("W", bootstrap, prefix, site.folder, reclaim_ms=7000)
    worker.start()
    async with connect(worker.url, draw=draw, patience=60) as service:
        await tenant(service, "solo")
        first = site.execute(worker.url, "solo")
        go = site.folder / "go"
        steps = [{"pid": str(site.pids), "percent": 40, "until": str(go)}]
        agenda = await submit(service, "solo", encode({"steps": steps, "echo": True}), sample("c"))
        run = agenda.progress_id or ""
        await until(service, run, lambda found: row(found).percent_complete == 40)

        first.kill()

        await true(site.is_clean)
        go.touch()
        second = site.execute(worker.url, "solo")
        progress = await until(service, run, is_over)
        second.stop()
        assert progress.processing_state_message == "succeeded"
        told = json.loads(row(progress).result_payload or "")
        assert told["last"]["percentComplete"] == 40, "what the first attempt said is LAST_PROGRESS of the second"
        assert len(written(site.pids)) == 2
    worker.stop()
    worker.join()


@pytest.mark.parametrize("kind", ["local", "docker"])
async def test_an_agenda_can_launch_nothing_that_the_executors_operator_did_not_name(
    service: Client, name: str, worker: WorkerProcess, tmp_path: Path, kind: str
) -> None:
    launch = {"launchType": kind, "image": "handler:1", "argv": HANDLER}
    wish = {"name": "e", "type": kind, "payload": launch, "params": launch}
    async with FakeEngine() as engine:
        executor = ExecutorProcess(worker.url, name, tmp_path, "--engine", engine.url).start()
        agenda = await submit(service, name, wish, sample("c", "e"), params={"maximumAttempts": 1})
        progress = await until(service, agenda.progress_id or "", is_over)
        executor.stop()
        assert not engine.asked
    said = diagnosis(progress)["message"]
    assert f"no handler for type {kind}; this executor has: agendaPost, " in said
    assert "; next: name its program in a --registry FILE" in said

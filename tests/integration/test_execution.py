"""Executors for real: processes that pull over HTTP, that are killed, stopped and told to stop."""

import json
import sys
from pathlib import Path

import pytest

from eventstore.model import ProcessingState
from handlers.client.client import Client, connect
from handlers.client.objects import AgendaProgress
from handlers.clock import draw
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, gate, gates, is_over, sample, submit, tenant, until
from tests.integration.test_verify import verify

pytestmark = pytest.mark.kafka
EXECUTING, COMPLETE = ProcessingState.EXECUTING, ProcessingState.COMPLETE


def states(progress: AgendaProgress) -> dict[str, str]:
    return {row.operation or "": row.processing_state_message or "" for row in progress.operation_progress or []}


def has_begun(progress: AgendaProgress, operation: str) -> bool:
    return any(row.operation == operation and row.attempt_count for row in progress.operation_progress or [])


async def equals_a_replay(worker: WorkerProcess) -> None:
    """The views are what a replay of the log comes to."""
    replayed = await verify(worker)
    assert replayed.code == 0, replayed


async def test_operations_run_after_what_they_need_and_see_its_results(
    service: Client, name: str, worker: WorkerProcess, tmp_path: Path
) -> None:
    executor = ExecutorProcess(worker.url, name, tmp_path).start()
    last = sample("c", "b", ms=10, result={"from": "@<a.out::/of>", "all": "@<b.out>", "in": "text @<b.out::/of>"})
    agenda = await submit(service, name, last, sample("b", "a", ms=300), sample("a", ms=300))

    progress = await until(service, agenda.progress_id or "", is_over)

    assert executor.stop() == 0
    assert progress.processing_state_message == "succeeded"
    rows = {row.operation: row for row in progress.operation_progress or []}
    assert rows["c"].result_payload == '{"from":"a","all":{"of":"b"},"in":"text b"}'
    for before, after in (("a", "b"), ("b", "c")):
        assert (rows[before].completed_time or 0) <= (rows[after].started_time or 0)
    assert [rows[one].attempt_count for one in "abc"] == [1, 1, 1]


async def test_a_failing_operation_fails_the_run_which_is_tried_again_and_what_is_done_stays_done(
    service: Client, name: str, worker: WorkerProcess, tmp_path: Path
) -> None:
    executor = ExecutorProcess(worker.url, name, tmp_path).start()
    params = {"maximumAttempts": 2}
    agenda = await submit(service, name, sample("a"), sample("b", "a", fail=True), sample("c", "b"), params=params)

    progress = await until(service, agenda.progress_id or "", is_over)

    executor.stop()
    assert (progress.processing_state_message, progress.attempts_completed) == ("failed", 2)
    rows = {row.operation: row for row in progress.operation_progress or []}
    assert (rows["a"].attempt_count, rows["b"].attempt_count, rows["c"].attempt_count) == (1, 2, 0)
    assert rows["c"].processing_state is ProcessingState.WAITING
    assert progress.diagnostic_events is not None
    assert "Failed to complete operation: b" in str(progress.diagnostic_events[0])


async def test_operations_that_wait_for_each_other_or_for_nothing_there_are_a_deadlock(
    service: Client, name: str, worker: WorkerProcess, tmp_path: Path
) -> None:
    executor = ExecutorProcess(worker.url, name, tmp_path).start()
    agenda = await submit(service, name, sample("a"), sample("b", "c"), sample("c", "b"), params={"maximumAttempts": 1})

    progress = await until(service, agenda.progress_id or "", is_over)

    executor.stop()
    assert "deadlock: b waits for c; c waits for b" in str(progress.diagnostic_events)
    assert states(progress)["a"] == "succeeded"


async def test_an_executor_that_is_asked_to_stop_hands_its_run_back_and_another_goes_on(
    service: Client, name: str, worker: WorkerProcess, tmp_path: Path
) -> None:
    first = ExecutorProcess(worker.url, name, tmp_path, "--grace", "0", *gates(tmp_path)).start()
    go = tmp_path / "go"
    agenda = await submit(service, name, sample("a"), gate("b", go, "a"), sample("c", "b"))
    run = agenda.progress_id or ""
    await until(service, run, lambda found: states(found)["a"] == "succeeded" and has_begun(found, "b"))

    assert first.stop() == 0

    waiting = await until(service, run, lambda found: found.processing_state is ProcessingState.WAITING)
    assert waiting.attempts_completed in (None, 0), "it was handed back, not found to be lost"
    go.touch()
    second = ExecutorProcess(worker.url, name, tmp_path, *gates(tmp_path)).start()
    progress = await until(service, run, is_over)
    second.stop()
    assert progress.processing_state_message == "succeeded"
    assert {row.operation: row.attempt_count for row in progress.operation_progress or []} == {"a": 1, "b": 2, "c": 1}


async def test_an_executor_within_its_grace_finishes_what_it_has(
    service: Client, name: str, worker: WorkerProcess, tmp_path: Path
) -> None:
    executor = ExecutorProcess(worker.url, name, tmp_path, "--grace", "100", *gates(tmp_path)).start()
    go = tmp_path / "go"
    agenda = await submit(service, name, gate("a", go), sample("b"))
    await until(service, agenda.progress_id or "", lambda found: has_begun(found, "a"))

    executor.signal(15)
    go.touch()
    assert executor.join() == 0

    progress = await service.progress(agenda.progress_id or "")
    assert progress is not None
    assert progress.processing_state_message == "succeeded"


async def test_a_cancelled_run_stops_its_operations_at_the_next_report(
    service: Client, name: str, worker: WorkerProcess, tmp_path: Path
) -> None:
    executor = ExecutorProcess(worker.url, name, tmp_path).start()
    agenda = await submit(service, name, sample("a", ms=60_000))
    await until(service, agenda.progress_id or "", lambda found: "a" in states(found) and found.is_complete is False)
    await until(service, agenda.progress_id or "", lambda found: found.processing_state is EXECUTING)

    await service.cancel(agenda.id or "")

    progress = await service.progress(agenda.progress_id or "")
    assert progress is not None
    assert (progress.processing_state, progress.processing_state_message) == (COMPLETE, "cancelled")
    await executor.says("the agenda was cancelled: stop working on it")
    other = await submit(service, name, sample("b"))
    await until(service, other.progress_id or "", is_over)
    executor.stop()
    await equals_a_replay(worker)


async def test_reports_are_kept_while_the_service_is_away(kafka: object, prefix: str, tmp_path: Path) -> None:
    bootstrap = kafka.bootstrap  # type: ignore[attr-defined]
    worker = WorkerProcess("W", bootstrap, prefix, tmp_path)
    worker.start()
    async with connect(worker.url, draw=draw, patience=60) as service:
        await tenant(service, "solo")
        executor = ExecutorProcess(worker.url, "solo", tmp_path, *gates(tmp_path)).start()
        go = tmp_path / "go"
        agenda = await submit(service, "solo", gate("a", go), sample("b", "a"))
        await until(service, agenda.progress_id or "", lambda found: has_begun(found, "a"))
        worker.kill()
        go.touch()
        await executor.says("action='sample'")  # it goes on without the service, to the end
        worker.start()

        progress = await until(service, agenda.progress_id or "", is_over)

        assert progress.processing_state_message == "succeeded"
        assert [row.attempt_count for row in progress.operation_progress or []] == [1, 1]
        assert executor.stop() == 0
    worker.stop()
    worker.join()


@pytest.mark.parametrize("moment", ["before the first operation ends", "between", "in the last"])
async def test_a_killed_executors_run_is_reclaimed_and_finished_by_another(
    kafka: object, prefix: str, tmp_path: Path, moment: str
) -> None:
    bootstrap = kafka.bootstrap  # type: ignore[attr-defined]
    worker = WorkerProcess("W", bootstrap, prefix, tmp_path, reclaim_ms=7000)
    worker.start()
    async with connect(worker.url, draw=draw, patience=60) as service:
        await tenant(service, "solo")
        first = ExecutorProcess(worker.url, "solo", tmp_path, *gates(tmp_path)).start()
        go = tmp_path / "go"
        last = {"before the first operation ends": "a", "between": "b", "in the last": "c"}[moment]
        chain = {"a": (), "b": ("a",), "c": ("b",)}
        operations = [gate(one, go, *needs) if one == last else sample(one, *needs) for one, needs in chain.items()]
        agenda = await submit(service, "solo", *operations)
        run = agenda.progress_id or ""
        await until(service, run, lambda found: has_begun(found, last))
        first.kill()
        acknowledged = states(await until(service, run, lambda _: True))
        assert [one for one, message in acknowledged.items() if message == "succeeded"] == [*"abc"[: "abc".index(last)]]

        go.touch()
        second = ExecutorProcess(worker.url, "solo", tmp_path, *gates(tmp_path)).start()
        progress = await until(service, run, is_over)

        second.stop()
        assert progress.processing_state_message == "succeeded"
        counts = {row.operation or "": row.attempt_count for row in progress.operation_progress or []}
        for operation, message in acknowledged.items():
            assert counts[operation] == 1 or message != "succeeded", f"{operation} ran again after it was acknowledged"
        await equals_a_replay(worker)
    worker.stop()
    worker.join()


async def test_programs_of_a_registry_and_handlers_of_other_packages_run_operations(
    service: Client, name: str, worker: WorkerProcess, tmp_path: Path
) -> None:
    # A package as a user would write it: ten lines, and a line in its entry points.
    (tmp_path / "shouting.py").write_text(
        "from handlers.executor.operations.task import OperationFailed, Task\n\n\n"
        "async def shout(task: Task) -> dict[str, str]:\n"
        "    if not task.payload.get('text'):\n"
        "        raise OperationFailed('expected payload.text, found nothing')\n"
        "    task.advance(50.0, 'half way')\n"
        "    return {'text': task.payload['text'].upper()}\n"
    )
    metadata = tmp_path / "shouting-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[agendum.operations]\nshout = shouting:shout\n")
    registry = tmp_path / "registry.json"
    program = "import json, sys; print('Payload: ' + json.dumps({'got': json.load(sys.stdin)['text']}))"
    registry.write_text(json.dumps({"measure": {"argv": [sys.executable, "-c", program]}}))
    executor = ExecutorProcess(
        worker.url, name, tmp_path, "--registry", str(registry), environment={"PYTHONPATH": str(tmp_path)}
    ).start()
    shout = {"name": "a", "type": "shout", "payload": {"text": "loud"}}
    measure = {"name": "b", "type": "measure", "payload": {"text": "@<a.out::/text>"}}
    agenda = await submit(service, name, shout, measure, sample("c"))

    progress = await until(service, agenda.progress_id or "", is_over)

    executor.stop()
    assert progress.processing_state_message == "succeeded", progress.diagnostic_events
    results = {row.operation: row.result_payload for row in progress.operation_progress or []}
    assert (results["a"], results["b"]) == ('{"text":"LOUD"}', '{"got":"LOUD"}')

"""Retry to the limit, rerun of chosen operations and expansion, end to end: a worker, executors as processes, and the
log replayed afterwards (spec 8, 9.1, 10.3, 10.4).
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from eventstore.model import ProcessingState
from handlers.client.client import Client, connect
from handlers.client.objects import AgendaProgress, OperationProgress
from handlers.clock import draw
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, gate, gates, is_over, sample, submit, tenant, until
from tests.integration.test_verify import verify

pytestmark = pytest.mark.kafka
GENERATOR = "agenda.operation.generator"


@pytest.fixture
async def executor(worker: WorkerProcess, name: str, tmp_path: Path) -> AsyncIterator[ExecutorProcess]:
    """An executor; when it has stopped, the views are what a replay of the log comes to."""
    found = ExecutorProcess(worker.url, name, tmp_path, *gates(tmp_path)).start()
    yield found
    found.stop()
    replayed = await verify(worker)
    assert replayed.code == 0, replayed


def rows(progress: AgendaProgress) -> dict[str, OperationProgress]:
    return {row.operation or "": row for row in progress.operation_progress or []}


def counts(progress: AgendaProgress) -> dict[str, int | None]:
    return {name: row.attempt_count for name, row in rows(progress).items()}


def succeeded(progress: AgendaProgress) -> bool:
    return progress.is_complete and progress.processing_state_message == "succeeded"


def generator(name: str, *made: dict[str, Any], **said: Any) -> dict[str, Any]:
    """An operation that answers others, and says so."""
    found = sample(name, result={"ops": [*made], "more": {"made": len(made)}})
    params = {GENERATOR: {"operationsJsonPointer": "/ops", "paramsJsonPointer": "/more", **said}}
    return {**found, "params": params}


async def test_a_failing_run_is_tried_to_the_limit_and_a_rerun_may_fail_again(
    service: Client, name: str, executor: ExecutorProcess
) -> None:
    agenda = await submit(service, name, sample("a"), sample("b", "a", fail=True), params={"maximumAttempts": 2})
    run = agenda.progress_id or ""
    progress = await until(service, run, is_over)
    assert (progress.attempts_completed, counts(progress)) == (2, {"a": 1, "b": 2})

    await service.rerun(agenda.id or "", operations=["b"])

    progress = await until(service, run, lambda found: found.attempts_completed == 3)
    assert (progress.processing_state_message, counts(progress)) == ("failed", {"a": 1, "b": 3})


async def test_a_rerun_of_chosen_operations_runs_those_and_what_depends_on_them(
    service: Client, name: str, executor: ExecutorProcess
) -> None:
    c = sample("c", result={"of": "@<b.out::/of>"})
    agenda = await submit(service, name, sample("a"), sample("b", "a"), c, sample("d"))
    run = agenda.progress_id or ""
    first = await until(service, run, succeeded)

    await service.rerun(agenda.id or "", operations=["b"])

    again = await until(service, run, lambda found: succeeded(found) and counts(found)["c"] == 2)
    assert counts(again) == {"a": 1, "b": 2, "c": 2, "d": 1}
    assert rows(again)["c"].result_payload == rows(first)["c"].result_payload == '{"of":"b"}'
    assert (again.attempts_completed, again.percent_complete) == (2, 100.0)


async def test_a_run_that_is_begun_again_while_it_executes_leaves_its_executor(
    service: Client, name: str, executor: ExecutorProcess, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    agenda = await submit(service, name, gate("a", go), sample("b", "a"))
    run = agenda.progress_id or ""
    await until(service, run, lambda found: rows(found)["a"].processing_state is ProcessingState.EXECUTING)

    await service.rerun(agenda.id or "")

    await executor.says("a later attempt superseded it: stop working on it")
    go.touch()
    progress = await until(service, run, succeeded)
    assert rows(progress)["a"].attempt_count == 2


async def test_what_an_operation_generates_is_added_run_and_made_anew_by_a_rerun(
    service: Client, name: str, executor: ExecutorProcess
) -> None:
    made = (sample("g"), sample("h", "g"))
    agenda = await submit(service, name, generator("a", *made), sample("b"), params={"mine": 1})
    run, identity = agenda.progress_id or "", agenda.id or ""

    progress = await until(service, run, succeeded)

    assert counts(progress) == {"a": 1, "b": 1, "g": 1, "h": 1}
    assert (progress.percent_complete, progress.params) == (100.0, {"mine": 1, "made": 2})
    grown = await service.agenda(identity)
    assert grown is not None
    assert [one.name for one in grown.operations] == ["a", "b", "g", "h"]
    assert {one.params.get("generatedOperationParent") for one in grown.operations[2:]} == {"a"}

    await service.rerun(identity, operations=["a"], skips_execution=True)
    shrunk = await until(service, run, lambda found: found.processing_state is ProcessingState.WAITING)
    assert counts(shrunk) == {"a": 1, "b": 1}

    await service.rerun(identity, continues=True)
    again = await until(service, run, succeeded)
    assert counts(again) == {"a": 2, "b": 1, "g": 1, "h": 1}


async def test_a_rerun_of_what_was_generated_does_not_run_its_generator(
    service: Client, name: str, executor: ExecutorProcess
) -> None:
    agenda = await submit(service, name, generator("a", sample("g"), sample("h")))
    run = agenda.progress_id or ""
    await until(service, run, succeeded)

    await service.rerun(agenda.id or "", operations=["h"])

    again = await until(service, run, lambda found: succeeded(found) and counts(found).get("h") == 2)
    assert counts(again) == {"a": 1, "g": 1, "h": 2}


async def test_a_failing_generated_operation_is_tried_again_and_nothing_else_is(
    service: Client, name: str, executor: ExecutorProcess
) -> None:
    made = (sample("g"), sample("h", "g", fail=True))
    agenda = await submit(service, name, generator("a", *made), params={"maximumAttempts": 3})

    progress = await until(service, agenda.progress_id or "", is_over)

    assert (progress.attempts_completed, counts(progress)) == (3, {"a": 1, "g": 1, "h": 3})


async def test_what_is_only_logged_runs_and_is_seen_but_is_not_added(
    service: Client, name: str, executor: ExecutorProcess
) -> None:
    agenda = await submit(service, name, generator("a", sample("g"), logOnly=True))
    progress = await until(service, agenda.progress_id or "", succeeded)
    assert counts(progress) == {"a": 1, "g": 1}
    same = await service.agenda(agenda.id or "")
    assert same is not None
    assert [one.name for one in same.operations] == ["a"]


async def test_an_agenda_updates_itself_and_posts_another(
    service: Client, name: str, executor: ExecutorProcess
) -> None:
    update = {"name": "u", "type": "updateAgenda", "payload": {"operations": [sample("g")], "params": {"n": 1}}}
    child = {"operations": [sample("c")], "linkId": f"link-{name}"}
    post = {"name": "p", "type": "agendaPost", "payload": {"agendas": [child]}}
    agenda = await submit(service, name, update, post, sample("first"))

    progress = await until(service, agenda.progress_id or "", succeeded)

    assert counts(progress) == {"u": 1, "p": 1, "first": 1, "g": 1}
    assert progress.params == {"n": 1}
    (posted,) = await service.progresses(linkId=f"link-{name}")
    assert posted.customer_id == name
    assert succeeded(await until(service, posted.id or "", is_over))
    assert str(posted.id) in str(rows(progress)["p"].result_payload)


async def test_a_killed_executors_generator_is_run_again_and_what_it_made_once(
    kafka: object, prefix: str, tmp_path: Path
) -> None:
    bootstrap = kafka.bootstrap  # type: ignore[attr-defined]
    worker = WorkerProcess("W", bootstrap, prefix, tmp_path, reclaim_ms=7000)
    worker.start()
    async with connect(worker.url, draw=draw, patience=60) as service:
        await tenant(service, "solo")
        first = ExecutorProcess(worker.url, "solo", tmp_path).start()
        agenda = await submit(service, "solo", generator("a", sample("g", ms=300), sample("h", "g", ms=900)))
        run = agenda.progress_id or ""
        await until(service, run, lambda found: counts(found).get("g") == 1)
        first.kill()
        known = rows(await until(service, run, lambda _: True))

        second = ExecutorProcess(worker.url, "solo", tmp_path).start()
        progress = await until(service, run, is_over)

        second.stop()
        assert progress.processing_state_message == "succeeded"
        for one, row in known.items():
            assert counts(progress)[one] == 1 or not row.succeeded, f"{one} ran again after it was acknowledged"
        grown = await service.agenda(agenda.id or "")
        assert grown is not None
        assert [one.name for one in grown.operations] == ["a", "g", "h"]
        replayed = await verify(worker)
        assert replayed.code == 0, replayed
    worker.stop()
    worker.join()


async def test_templates_and_batches_through_the_client(service: Client, name: str, executor: ExecutorProcess) -> None:
    agenda = {"customerId": name, "title": "t", "operations": [sample("a", result={"n": "@<pop.payload::/n>"})]}
    template = {"id": f"t-{name}", "customerId": name, "title": "t", "agenda": agenda}
    await service.save("agendatemplate", template)

    made = await service.run_template(f"t-{name}", {"n": 7})
    batch = await service.create([{"customerId": name, "operations": [sample("b")]}, {"customerId": name}])

    assert rows(await until(service, made.progress_id or "", succeeded))["a"].result_payload == '{"n":7}'
    (one,) = batch.agendas
    assert batch.error_response is not None
    assert batch.error_response.description == "[ValidationException : No operations specified in Agenda.]"
    await until(service, one.progress_id or "", succeeded)

"""A Java program that was written for POP's local launch runs as it is, as POP's handlers are (spec 10.1, 10.6)."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compose.kafka.java import NotInstalled, demand, java
from eventstore.model import ProcessingState
from handlers.client.client import Client
from handlers.client.objects import AgendaProgress, OperationProgress
from handlers.executor.operations.local import local
from handlers.executor.operations.program import Program
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, is_over, sample, submit, until
from tests.tasks import Said, task

HANDLER = Path(__file__).with_name("operations") / "PopHandler.java"
LOCAL = ["-launchType", "local", "-externalLaunchType", "local"]
#: A JVM that compiles its program first takes seconds, and many where others have the machine.
PATIENCE = 600.0
WAITING = ProcessingState.WAITING

Begin = Callable[..., ExecutorProcess]


@pytest.fixture(scope="module", autouse=True)
def _java() -> None:
    try:
        demand()
    except NotInstalled as why:
        pytest.skip(f"needs a Java that runs single-file programs: {why}")


@pytest.fixture
def argv(tmp_path: Path) -> list[str]:
    """The program with an argument of its own."""
    properties = tmp_path / "external.properties"
    properties.write_text("pop.title=its own\n")
    return [java(), "-XX:TieredStopAtLevel=1", str(HANDLER), "-propFile", str(properties)]


@pytest.fixture
def begin(argv: list[str], worker: WorkerProcess, name: str, tmp_path: Path) -> Begin:
    """Starts an executor that knows it."""
    registry = tmp_path / "registry.json"
    entry = {"launchType": "local", "argv": argv, "timeoutSeconds": PATIENCE}
    registry.write_text(json.dumps({"encode": entry}))

    def start(*more: str) -> ExecutorProcess:
        return ExecutorProcess(worker.url, name, tmp_path, "--registry", str(registry), *more).start()

    return start


def encode(name: str, *actions: dict[str, Any], result: Any = None, **more: Any) -> dict[str, Any]:
    payload = {"actions": [*actions], "resultPayload": result or {}, **more}
    return {"name": name, "type": "encode", "payload": payload}


def action(kind: str = "log", **params: Any) -> dict[str, Any]:
    return {"action": kind, "paramsMap": params}


def row(progress: AgendaProgress, name: str) -> OperationProgress:
    return next(one for one in progress.operation_progress or [] if one.operation == name)


def result(progress: AgendaProgress, name: str) -> Any:
    assert progress.processing_state_message == "succeeded", progress
    return json.loads(row(progress, name).result_payload or "")


@pytest.mark.kafka
async def test_it_is_told_what_pops_handlers_are_and_its_result_is_the_operations(
    service: Client, name: str, begin: Begin, argv: list[str]
) -> None:
    executor = begin()
    noise = random.Random(1).randbytes(150_000).hex()  # compressed, it is more than one variable holds
    first = encode("a", action(logMessage="begun"), result={"url": "s3://ü"})
    second = encode("b", action(), result={"of": "@<a.out::/url>"}, noise=noise)
    # An Insight takes agendas by a type that it knows.
    agenda = await submit(service, name, first, second, sample("c"), cid="c1")
    progress = await until(service, agenda.progress_id or "", is_over, PATIENCE)
    assert executor.stop() == 0

    short, long = result(progress, "a"), result(progress, "b")
    told = short["told"]
    assert (short["url"], long["of"]) == ("s3://ü", "s3://ü")
    assert told["arguments"] == [*argv[3:], *LOCAL]
    assert told["property"] == "its own"
    assert (told["type"], json.loads(told["payload"])) == ("envVar", first["payload"])
    run = agenda.progress_id
    assert [told[each] for each in ("OPERATION_NAME", "AGENDA_ID", "OPERATION_ID")] == ["a", agenda.id, f"{run}-a"]
    assert [told[each] for each in ("CUSTOMER_ID", "PROGRESS_ID", "CID")] == [name, run, "c1"]
    told = long["told"]
    assert told["arguments"][:-1] == [*argv[3:], *LOCAL, "-payloadFile"]
    assert (told["type"], json.loads(told["payload"])["noise"]) == ("compressedEnvVar", noise)


@pytest.mark.kafka
async def test_what_it_says_went_wrong_is_in_the_diagnostics(service: Client, name: str, begin: Begin) -> None:
    executor = begin()
    fails = encode("a", action("exception", exceptionMessage="no disk"))
    agenda = await submit(service, name, fails, sample("c"), params={"maximumAttempts": 1})
    progress = await until(service, agenda.progress_id or "", is_over, PATIENCE)
    executor.stop()

    assert progress.processing_state_message == "failed"
    (event,) = row(progress, "a").diagnostic_events or []
    assert event is not None
    assert "found COMPLETE failed" in (event.message or "")
    assert (event.payload or {})["complaints"] == ["no disk"]


@pytest.mark.kafka
async def test_a_job_that_an_earlier_attempt_began_is_picked_up_where_it_was(
    service: Client, name: str, begin: Begin
) -> None:
    first = begin("--grace", "0")
    long = action(sleepMilliseconds=10_000_000)
    agenda = await submit(service, name, encode("a", action(), long), sample("c"))
    run = agenda.progress_id or ""
    seen = row(await until(service, run, lambda found: row(found, "a").percent_complete == 50, PATIENCE), "a")
    job = (seen.params or {})["jobInfo"]["jobId"]
    assert seen.processing_state_message == "action 1"

    first.stop()
    await until(service, run, lambda found: found.processing_state is WAITING)
    second = begin()
    progress = await until(service, run, is_over, PATIENCE)
    second.stop()

    assert result(progress, "a")["told"]["pickedUp"] == job
    assert row(progress, "a").attempt_count == 2


async def test_all_letters_come_through_where_nobody_said_what_language_it_is(
    argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under systemd: a JVM reads its environment, and writes its log, in the letters that LANG names."""
    monkeypatch.delenv("LANG", raising=False)
    monkeypatch.setenv("LC_ALL", "C")  # no program is told
    said: Said = []
    payload = {"actions": [action()], "resultPayload": {"of": "ü, €, 𝄞"}}
    program = Program(launch_type="local", argv=argv, timeout_seconds=PATIENCE)

    found = await local(program)(task(payload, said=said))

    assert found["of"] == "ü, €, 𝄞"
    assert json.loads(found["told"]["payload"]) == payload
    assert [words for _, words, _ in said] == ["action 0", "succeeded"]

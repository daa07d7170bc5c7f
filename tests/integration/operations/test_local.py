"""`local` against a program that was written for POP: what it is told, what of its log counts, how it ends."""

import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from handlers.client.objects import OperationProgress
from handlers.executor.operations.local import local
from handlers.executor.operations.program import Program
from handlers.executor.operations.task import OperationFailed, Task
from tests.integration.operations.programs import children, is_alive, until, written
from tests.tasks import Said, task

HANDLER = [sys.executable, "-S", "-u", str(Path(__file__).with_name("pop_handler.py"))]


def handler(**more: Any) -> Program:
    return Program(launch_type="local", argv=HANDLER, **more)


async def run(what: Task, grace: float = 5.0, **more: Any) -> Any:
    before = children()
    try:
        return await local(handler(**more), grace=grace)(what)
    finally:
        assert children() <= before


async def fails(payload: Any, **more: Any) -> OperationFailed:
    with pytest.raises(OperationFailed) as failed:
        await run(task(payload), **more)
    return failed.value


async def test_a_handler_of_pops_runs_and_says_how_far_it_is_and_what_came_of_it() -> None:
    said: Said = []
    steps = [{"say": "begun", "percent": 25.5, "params": {"jobInfo": {"jobId": "7"}}}, {"say": "half", "percent": 50}]

    result = await run(task({"steps": steps, "result": {"of": "ü"}}, said=said))

    assert result == {"of": "ü"}
    assert said == [
        (25.5, "begun", {"jobInfo": {"jobId": "7"}}),
        (50.0, "half", None),
        (None, "succeeded", None),
    ]


async def test_it_is_told_its_operation_as_pops_handlers_are() -> None:
    told = await run(task({"echo": True}, cid="c1"), environment={"LOG_LEVEL": "DEBUG"})

    assert told["arguments"] == ["-launchType", "local", "-externalLaunchType", "local"]
    environment = told["environment"]
    assert json.loads(environment["PAYLOAD"]) == {"echo": True}
    expected = {
        "POP_PAYLOAD_TYPE": "envVar",
        "OPERATION_NAME": "op",
        "AGENDA_ID": "a1",
        "OPERATION_ID": "p1-op",
        "CUSTOMER_ID": "acme",
        "PROGRESS_ID": "p1",
        "CID": "c1",
        "LOG_LEVEL": "DEBUG",
    }
    assert {name: environment[name] for name in expected} == expected
    assert told["stdin"] == ""
    assert told["last"] is None


async def test_it_sees_no_secret_of_the_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENDUM_TOKEN", "secret")
    told = await run(task({"echo": True}))
    assert "secret" not in told["environment"].values()


async def test_it_is_given_what_an_earlier_attempt_said() -> None:
    prior = OperationProgress(operation="op", percent_complete=40.0, params={"jobInfo": {"jobId": "7"}})
    told = await run(task({"echo": True}, prior=prior))
    assert told["last"]["params"] == {"jobInfo": {"jobId": "7"}}


@pytest.mark.parametrize(("size", "kind"), [(150_000, "compressedEnvVar"), (3_000_000, None)])
async def test_a_long_payload_and_a_long_earlier_progress_come_in_files_that_are_gone_afterwards(
    size: int, kind: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    noise = random.Random(1).randbytes(size // 2).hex()  # of which compression makes half
    prior = OperationProgress(operation="op", params={"seen": "x" * size})

    told = await run(task({"echo": True, "noise": noise}, prior=prior))

    assert all(found > size for found in told["sizes"])
    assert "PAYLOAD" not in told["environment"]
    assert "LAST_PROGRESS" not in told["environment"]
    assert told["environment"].get("POP_PAYLOAD_TYPE") == kind
    assert [word for word in told["arguments"] if word.endswith("File")] == ["-payloadFile", "-lastProgressFile"]
    assert not [*tmp_path.iterdir()]


async def test_a_handler_that_said_it_failed_fails_though_it_ends_with_0() -> None:
    failed = await fails({"fail": "no disk"})
    assert "found COMPLETE failed" in str(failed)
    assert failed.details["exitStatus"] == 0
    assert failed.details["complaints"] == ["no disk"]


async def test_what_an_exception_said_in_the_payload_is_a_complaint() -> None:
    failed = await fails({"exception": "it broke"})
    assert failed.details["complaints"] == ["it broke"]


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"quiet": True}, "found none"),
        ({"quiet": True, "steps": [{"say": "so far", "percent": 50}]}, "found EXECUTING so far"),
    ],
)
async def test_a_handler_that_ends_without_saying_that_it_succeeded_failed(payload: Any, found: str) -> None:
    failed = await fails(payload)
    assert "to say at last a progress of COMPLETE succeeded" in str(failed)
    assert str(failed).endswith(found)
    assert failed.details["stdout"][-1].endswith("HandlerComplete")


async def test_an_exit_status_fails_the_operation_with_the_end_of_what_was_said() -> None:
    failed = await fails({"exit": 3})
    assert "exit status 0, found 3" in str(failed)
    assert failed.details["stdout"][-1].endswith("HandlerComplete")


async def test_a_program_that_refuses_pops_arguments_fails_with_its_own_words(tmp_path: Path) -> None:
    program = Program(launch_type="local", argv=[*HANDLER, "-unknown"])
    with pytest.raises(OperationFailed, match="found 1") as failed:
        await local(program)(task({}))
    assert failed.value.details["stderr"] == ["Unrecognized option: -unknown"]


async def test_a_handler_that_said_it_is_complete_is_not_waited_for_longer_than_the_grace(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    payload = {"result": 7, "linger": True, "deaf": True, "steps": [{"pid": str(pids)}]}
    async with asyncio.timeout(60):
        assert await run(task(payload), grace=0.2, timeout_seconds=600) == 7
    assert [is_alive(pid) for pid in written(pids)] == [False]


async def test_a_time_out_ends_the_handler(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    payload = {"steps": [{"say": "long", "pid": str(pids), "sleep": 1000}]}
    failed = await fails(payload, timeout_seconds=5)
    assert "to end within 5 s, found it still running" in str(failed)
    assert failed.details["exitStatus"] is None
    assert [is_alive(pid) for pid in written(pids)] == [False]


async def test_a_handler_that_is_asked_to_end_may_do_so_in_its_own_way(tmp_path: Path) -> None:
    pids, touched = tmp_path / "pids", tmp_path / "touched"
    payload = {"touched": str(touched), "steps": [{"pid": str(pids), "sleep": 1000}]}
    running = asyncio.ensure_future(run(task(payload), grace=1000, timeout_seconds=2000))
    await until(lambda: written(pids))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert touched.exists()


async def test_a_cancellation_ends_the_handler(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    payload = {"deaf": True, "steps": [{"pid": str(pids), "sleep": 1000}]}
    running = asyncio.ensure_future(run(task(payload), grace=0.1))
    await until(lambda: written(pids))

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert [is_alive(pid) for pid in written(pids)] == [False]


async def test_a_program_that_is_not_there_fails_the_operation() -> None:
    with pytest.raises(OperationFailed, match="expected a program no-such-program"):
        await local(Program(launch_type="local", argv=["no-such-program"]))(task())


async def test_an_error_of_whoever_hears_the_progress_is_not_lost() -> None:
    def deaf(*_: Any) -> None:
        raise LookupError("deaf")

    what = task({})
    what._advance = deaf
    with pytest.raises(LookupError, match="deaf"):
        await run(what)

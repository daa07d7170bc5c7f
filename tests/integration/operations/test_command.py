"""`command` against real programs: what they are told, what of their words counts, how they fail."""

import asyncio
import base64
import json
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
import uvloop

from handlers.client.objects import OperationProgress
from handlers.executor.operations.command import command
from handlers.executor.operations.program import Program
from handlers.executor.operations.task import OperationFailed, Task
from tests.integration.operations.programs import children, script
from tests.tasks import Said, task

TELL = """
import json, os, sys
print("Payload: " + json.dumps({"environment": dict(os.environ), "stdin": sys.stdin.read()}))
"""


async def run(program: Program, what: Task | None = None, grace: float = 5.0) -> Any:
    before = children()
    try:
        return await command(program, grace=grace)(what or task())
    finally:
        assert children() <= before


async def fails(program: Program, what: Task | None = None) -> OperationFailed:
    with pytest.raises(OperationFailed) as failed:
        await run(program, what)
    return failed.value


async def test_a_program_is_told_its_operation_in_the_environment_and_its_payload_on_stdin_too(tmp_path: Path) -> None:
    prior = OperationProgress(operation="op", percent_complete=40.0)

    told = await run(script(tmp_path, TELL), task({"a": "ü"}, cid="c1", prior=prior))

    environment = told["environment"]
    assert json.loads(told["stdin"]) == json.loads(environment["PAYLOAD"]) == {"a": "ü"}
    assert environment["POP_PAYLOAD_TYPE"] == "envVar"
    assert json.loads(environment["LAST_PROGRESS"]) == {"operation": "op", "percentComplete": 40.0}
    expected = {
        "OPERATION_NAME": "op",
        "AGENDA_ID": "a1",
        "OPERATION_ID": "p1-op",
        "CUSTOMER_ID": "acme",
        "PROGRESS_ID": "p1",
        "CID": "c1",
    }
    assert {name: environment[name] for name in expected} == expected


async def test_a_program_sees_no_secret_of_the_executor_and_what_the_registry_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENDUM_TOKEN", "secret")
    monkeypatch.setenv("TZ", "UTC")

    told = await run(script(tmp_path, TELL, environment={"K": "V"}, directory=str(tmp_path)))

    environment = told["environment"]
    assert "AGENDUM_TOKEN" not in environment
    assert environment["K"] == "V"
    assert environment["TZ"] == "UTC"
    assert "LAST_PROGRESS" not in environment
    assert "CID" not in environment


async def test_a_program_runs_in_the_directory_that_the_registry_says(tmp_path: Path) -> None:
    text = "import json, os\nprint('Payload: ' + json.dumps(os.getcwd()))"
    assert await run(script(tmp_path, text, directory=str(tmp_path))) == str(tmp_path)


async def test_a_payload_over_100000_bytes_comes_compressed_in_parts(tmp_path: Path) -> None:
    text = base64.b64encode(random.Random(1).randbytes(120_000)).decode()

    told = await run(script(tmp_path, TELL), task(text))

    environment = told["environment"]
    assert environment["POP_PAYLOAD_TYPE"] == "compressedEnvVar"
    parts = [environment[f"POP_COMPRESSED_PAYLOAD_{number}"] for number in range(2)]
    assert len(parts[0]) == 100_000
    assert json.loads(zlib.decompress(base64.b64decode("".join(parts)))) == json.loads(told["stdin"]) == text


async def test_a_payload_that_no_environment_can_hold_comes_on_stdin_alone(tmp_path: Path) -> None:
    noise = base64.b64encode(random.Random(1).randbytes(3_000_000)).decode()
    text = (
        "import json, os, sys\nprint('Payload: ' + json.dumps([os.environ['POP_PAYLOAD_TYPE'], len(sys.stdin.read())]))"
    )
    assert await run(script(tmp_path, text), task(noise)) == ["stdin", len(noise) + 2]


async def test_an_environment_that_the_kernel_does_not_take_fails_and_says_so(tmp_path: Path) -> None:
    failed = await fails(script(tmp_path, TELL, environment={"K": "v" * 200_000}))
    assert "Argument list too long" in str(failed)


async def test_the_last_payload_line_is_the_result(tmp_path: Path) -> None:
    text = "print('Payload: {broken')\nprint('hello')\nprint('Payload: {\"n\": 2}')"
    assert await run(script(tmp_path, text)) == {"n": 2}


async def test_a_program_without_a_payload_line_has_no_result(tmp_path: Path) -> None:
    assert await run(script(tmp_path, "print('Payload of something')")) is None


async def test_a_payload_line_without_an_end_of_line_counts(tmp_path: Path) -> None:
    assert await run(script(tmp_path, "print('Payload: 3', end='')")) == 3


async def test_a_payload_line_that_is_no_json_fails_the_operation(tmp_path: Path) -> None:
    failed = await fails(script(tmp_path, "print('Payload: {\"a\": NaN}')"))
    assert str(failed).startswith("expected JSON after `Payload:`, found ' {\"a\": NaN}'")


async def test_a_result_over_its_limit_fails_the_operation(tmp_path: Path) -> None:
    failed = await fails(script(tmp_path, "print('Payload: \"' + 'x' * 2_000_000 + '\"')"))
    assert str(failed) == "expected a line `Payload: …` of at most 1048576 bytes, found a longer one"


async def test_progress_lines_advance_the_operation(tmp_path: Path) -> None:
    said: Said = []
    text = """
print('Progress: {"percentComplete": 50, "processingStateMessage": "half", "params": {"jobId": 7}, "unknown": 1}')
print('Progress: {no json')
"""
    await run(script(tmp_path, text), task(said=said))
    assert said == [(50.0, "half", {"jobId": 7})]


async def test_progress_is_heard_while_the_program_still_runs(tmp_path: Path) -> None:
    heard = asyncio.Event()
    seen = tmp_path / "seen"
    text = """
import os, sys, time
print('Progress: {"percentComplete": 1}')
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
"""
    what = task()
    what._advance = lambda *_: heard.set()
    running = asyncio.create_task(run(script(tmp_path, text, str(seen)), what))
    await heard.wait()
    assert not running.done()
    seen.touch()
    await running


async def test_an_error_of_whoever_hears_the_progress_is_not_lost(tmp_path: Path) -> None:
    def deaf(*_: Any) -> None:
        raise LookupError("deaf")

    what = task()
    what._advance = deaf
    with pytest.raises(LookupError, match="deaf"):
        await run(script(tmp_path, "print('Progress: {}')"), what)


async def test_a_last_progress_that_says_failed_fails_the_operation_whatever_the_exit_status(tmp_path: Path) -> None:
    event = {"diagnosticEvents": [None, {"message": "no disk"}]}
    last = json.dumps({"processingState": "COMPLETE", "processingStateMessage": "failed", **event})
    failed = await fails(script(tmp_path, f"print('Progress: {last}')\nprint('Payload: 1')"))
    assert "its last progress says it did not" in str(failed)
    assert failed.details["complaints"] == ["no disk"]


async def test_an_exit_status_fails_the_operation_with_the_end_of_what_was_said(tmp_path: Path) -> None:
    text = r"""
import os, sys
for n in range(100): print("line", n)
os.write(2, b"bad \xff byte\n" + b"y" * 5000 + b"\nlast words")
sys.exit(3)
"""
    failed = await fails(script(tmp_path, text))

    assert "exit status 0, found 3" in str(failed)
    assert failed.details["exitStatus"] == 3
    assert failed.details["stdout"] == [f"line {number}" for number in range(80, 100)]
    assert failed.details["stderr"] == ["bad � byte", "y" * 1024 + "…", "last words"]


async def test_a_signal_fails_the_operation_by_its_name(tmp_path: Path) -> None:
    failed = await fails(script(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"))
    assert "found it ended by SIGSEGV" in str(failed)


async def test_a_program_that_is_not_there_fails_the_operation() -> None:
    failed = await fails(Program(argv=["no-such-program"]))
    assert "expected a program no-such-program, found no no-such-program" in str(failed)


async def test_a_program_that_may_not_be_executed_fails_the_operation(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    failed = await fails(Program(argv=[str(tmp_path / "text")]))
    assert "to be a program that may be executed" in str(failed)


async def test_a_directory_that_is_not_there_fails_the_operation(tmp_path: Path) -> None:
    failed = await fails(script(tmp_path, TELL, directory=str(tmp_path / "none")))
    assert "expected the directory" in str(failed)


async def test_a_name_that_no_environment_can_hold_fails_the_operation(tmp_path: Path) -> None:
    failed = await fails(script(tmp_path, TELL), task(name="a\0b"))
    assert "to start, found embedded null byte" in str(failed)


def test_a_program_runs_under_uvloop_as_well(tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(run(script(tmp_path, "print('Payload: 1')"))) == 1

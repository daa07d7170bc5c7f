"""`docker` against an engine that runs processes: what it asks for, what of the log counts, what it leaves behind."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.executor.operations import engine as engines
from handlers.executor.operations.docker import docker
from handlers.executor.operations.program import Image
from handlers.executor.operations.task import OperationFailed, Task
from handlers.executor.operations.warden import Warden
from tests.integration.operations.fake_engine import FakeEngine
from tests.integration.operations.programs import is_alive, until, written
from tests.tasks import Said, task

HANDLER = [sys.executable, "-S", "-u", str(Path(__file__).with_name("pop_handler.py"))]


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine() as found:
        yield found


@pytest.fixture
def warden(engine: FakeEngine) -> Iterator[Warden]:
    found = Warden(engine.url)
    yield found
    found.close()


def image(**more: Any) -> Image:
    return Image(**{"launch_type": "docker", "image": "handler:1", "argv": HANDLER, **more})


async def run(engine: FakeEngine, warden: Warden, what: Task, grace: float = 5.0, **more: Any) -> Any:
    try:
        return await docker(image(**more), warden, grace=grace)(what)
    finally:
        assert not engine.containers
        assert not warden._names


async def fails(engine: FakeEngine, warden: Warden, payload: Any, **more: Any) -> OperationFailed:
    with pytest.raises(OperationFailed) as failed:
        await run(engine, warden, task(payload), **more)
    return failed.value


async def test_a_handler_runs_in_a_container_and_says_how_far_it_is_and_what_came_of_it(
    engine: FakeEngine, warden: Warden
) -> None:
    said: Said = []
    steps = [{"say": "begun", "percent": 25.5, "params": {"jobInfo": {"jobId": "7"}}}, {"say": "ü" * 5000}]

    result = await run(engine, warden, task({"steps": steps, "result": {"of": "ü"}}, said=said))

    assert result == {"of": "ü"}
    assert said == [
        (25.5, "begun", {"jobInfo": {"jobId": "7"}}),
        (None, "ü" * 5000, None),
        (None, "succeeded", None),
    ]
    assert engine.asked[0] == "GET version"
    assert engine.asked[-1].startswith("DELETE agendum-")


async def test_it_is_told_its_operation_and_nothing_of_the_executors_environment(
    engine: FakeEngine, warden: Warden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENDUM_TOKEN", "secret")

    told = await run(engine, warden, task({"echo": True}, cid="c1"), environment={"LOG_LEVEL": "DEBUG"})

    assert told["arguments"] == ["-launchType", "local", "-externalLaunchType", "local"]
    assert json.loads(told["environment"].pop("PAYLOAD")) == {"echo": True}
    told["environment"].pop("LC_CTYPE", None)  # Python's own
    assert told["environment"] == {
        "POP_PAYLOAD_TYPE": "envVar",
        "OPERATION_NAME": "op",
        "AGENDA_ID": "a1",
        "OPERATION_ID": "p1-op",
        "CUSTOMER_ID": "acme",
        "PROGRESS_ID": "p1",
        "CID": "c1",
        "LOG_LEVEL": "DEBUG",
    }


async def test_a_container_has_the_limits_of_its_entry_and_can_gain_no_rights(
    engine: FakeEngine, warden: Warden
) -> None:
    limits: dict[str, Any] = {"memory_mib": 64, "cpus": 1.5, "network": "none", "binds": ["/media:/media:ro"]}

    await run(engine, warden, task({}), user="1000", directory="/inside", **limits)

    config = engine.created[0]
    assert (config["User"], config["WorkingDir"]) == ("1000", "/inside")
    assert config["Labels"] == {"agendum.operation": "p1-op"}
    host = config["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (64 << 20, 64 << 20, 1_500_000_000)
    assert (host["NetworkMode"], host["Binds"]) == ("none", ["/media:/media:ro"])
    assert (host["Init"], host["SecurityOpt"]) == (True, ["no-new-privileges"])
    assert "Privileged" not in host


async def test_a_long_payload_is_put_into_the_container(engine: FakeEngine, warden: Warden) -> None:
    noise = random.Random(1).randbytes(1_500_000).hex()
    told = await run(engine, warden, task({"echo": True, "noise": noise}))
    assert told["sizes"][0] > len(noise)
    assert "POP_PAYLOAD_TYPE" not in told["environment"]


async def test_an_image_without_argv_runs_its_own_command_and_is_refused_what_it_could_not_be_told(
    engine: FakeEngine, warden: Warden
) -> None:
    failed = await fails(engine, warden, random.Random(1).randbytes(1_500_000).hex(), argv=None)
    assert "as handler:1 has no argv" in str(failed)
    assert not engine.asked


async def test_an_image_that_is_missing_is_pulled(engine: FakeEngine, warden: Warden) -> None:
    engine.remote = {"far.example/handler:2", "far.example/handler:latest"}
    assert await run(engine, warden, task({"result": 1}), image="far.example/handler:2") == 1
    assert await run(engine, warden, task({"result": 2}), image="far.example/handler") == 2
    assert await run(engine, warden, task({"result": 3}), image="far.example/handler") == 3
    assert engine.asked.count("POST create") == 3 + 3 + 1, "asked, pulled, asked again; what is there is not pulled"


async def test_an_image_that_is_nowhere_fails_the_operation(engine: FakeEngine, warden: Warden) -> None:
    failed = await fails(engine, warden, {}, image="none:1")
    assert "expected the engine to run a container of none:1, found" in str(failed)
    assert "pull access denied" in str(failed)


async def test_a_pull_that_takes_too_long_fails_the_operation(
    engine: FakeEngine, warden: Warden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PREPARE_SECONDS", 0.3)
    engine.hold.clear()
    failed = await fails(engine, warden, {}, image="slow:1")
    assert "expected a container of slow:1 within 0.3 s, found none" in str(failed)


async def test_a_program_that_is_not_in_the_image_fails_the_operation(engine: FakeEngine, warden: Warden) -> None:
    failed = await fails(engine, warden, {}, argv=["no-such-program"])
    assert 'exec: "no-such-program": executable file not found' in str(failed)


async def test_an_engine_that_is_not_there_fails_the_operation(tmp_path: Path) -> None:
    nowhere = Warden(f"unix://{tmp_path}/none")
    try:
        with pytest.raises(OperationFailed, match="expected the engine to run a container of handler:1, found"):
            async with asyncio.timeout(60):  # it does not insist on removing what nobody made
                await docker(image(), nowhere)(task({}))
        assert not nowhere._names
    finally:
        nowhere.close()


async def test_an_engine_that_goes_away_fails_the_operation_and_its_container_is_removed_when_it_is_back(
    engine: FakeEngine, warden: Warden, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    running = asyncio.ensure_future(
        run(engine, warden, task({"steps": [{"pid": str(pids), "sleep": 1000}]}), timeout_seconds=600)
    )
    await until(lambda: written(pids))

    await engine.leave()
    done, _ = await asyncio.wait([running], timeout=0.5)
    assert not done, "it is over when its container is"
    await engine.listen()

    with pytest.raises(OperationFailed, match="expected the engine to run a container of handler:1, found"):
        await running
    assert [is_alive(pid) for pid in written(pids)] == [False]


async def test_a_handler_that_said_it_failed_fails_though_it_ends_with_0(engine: FakeEngine, warden: Warden) -> None:
    failed = await fails(engine, warden, {"fail": "no disk"})
    assert "expected handler:1 to say at last a progress of COMPLETE succeeded, found COMPLETE failed" in str(failed)
    assert failed.details["complaints"] == ["no disk"]


async def test_an_exit_status_fails_the_operation_with_the_end_of_what_was_said(
    engine: FakeEngine, warden: Warden
) -> None:
    text = "import os, sys; print('out'); os.write(2, b'bad \\xff byte\\nerr'); sys.exit(3)"
    failed = await fails(engine, warden, {}, argv=[sys.executable, "-c", text])
    assert "expected handler:1 to end with exit status 0, found 3" in str(failed)
    assert failed.details["exitStatus"] == 3
    assert failed.details["stdout"] == ["out"]
    assert failed.details["stderr"] == ["bad  byte", "err"]


async def test_a_container_that_took_too_much_memory_says_so(
    engine: FakeEngine, warden: Warden, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    payload = {"steps": [{"pid": str(pids), "sleep": 1000}]}
    running = asyncio.ensure_future(run(engine, warden, task(payload), memory_mib=64, timeout_seconds=600))
    await until(lambda: written(pids))
    next(iter(engine.containers.values())).starve()
    with pytest.raises(OperationFailed, match="expected handler:1 to do with 64 MiB, found it took more") as failed:
        await running
    assert failed.value.details["exitStatus"] == 137


async def test_a_handler_that_said_it_is_complete_is_not_waited_for_longer_than_the_grace(
    engine: FakeEngine, warden: Warden, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    payload = {"result": 7, "linger": True, "deaf": True, "steps": [{"pid": str(pids)}]}
    async with asyncio.timeout(60):
        assert await run(engine, warden, task(payload), grace=0.2, timeout_seconds=600) == 7
    assert [is_alive(pid) for pid in written(pids)] == [False]


async def test_a_time_out_ends_the_container_with_what_it_said(
    engine: FakeEngine, warden: Warden, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    payload = {"deaf": True, "steps": [{"say": "long", "pid": str(pids), "sleep": 1000}]}
    failed = await fails(engine, warden, payload, timeout_seconds=5, grace=0.2)
    assert "expected handler:1 to end within 5 s, found it still running" in str(failed)
    assert failed.details["exitStatus"] is None
    assert "Operation metadata" in failed.details["stdout"][0]
    assert [is_alive(pid) for pid in written(pids)] == [False]


async def test_a_handler_that_is_asked_to_end_may_do_so_in_its_own_way(
    engine: FakeEngine, warden: Warden, tmp_path: Path
) -> None:
    pids, touched = tmp_path / "pids", tmp_path / "touched"
    payload = {"touched": str(touched), "steps": [{"pid": str(pids), "sleep": 1000}]}
    running = asyncio.ensure_future(run(engine, warden, task(payload), grace=1000, timeout_seconds=2000))
    await until(lambda: written(pids))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert touched.exists()


async def test_a_cancellation_ends_the_container(engine: FakeEngine, warden: Warden, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    payload = {"deaf": True, "steps": [{"pid": str(pids), "sleep": 1000}]}
    running = asyncio.ensure_future(run(engine, warden, task(payload), grace=0.2))
    await until(lambda: written(pids))

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert [is_alive(pid) for pid in written(pids)] == [False]


async def test_a_cancellation_while_an_image_is_pulled_leaves_nothing(engine: FakeEngine, warden: Warden) -> None:
    engine.hold.clear()
    running = asyncio.ensure_future(run(engine, warden, task({}), image="slow:1"))
    await until(lambda: engine.asked.count("POST create") == 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_error_of_whoever_hears_the_progress_is_not_lost(engine: FakeEngine, warden: Warden) -> None:
    def deaf(*_: Any) -> None:
        raise LookupError("deaf")

    what = task({})
    what._advance = deaf
    with pytest.raises(LookupError, match="deaf"):
        await run(engine, warden, what)

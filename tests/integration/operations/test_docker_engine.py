"""`docker` against a real engine, where there is one: what the fake one of the other tests takes for granted."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from handlers.executor.operations.docker import docker
from handlers.executor.operations.engine import ENGINE_ERRORS, reach
from handlers.executor.operations.program import Image
from handlers.executor.operations.task import OperationFailed, Task
from handlers.executor.operations.warden import Warden
from handlers.executor.registry import ENGINE
from tests.tasks import Said, task

URL = os.environ.get("DOCKER_HOST", ENGINE)
PYTHON = "python:3.11.14-slim-bookworm"
#: The program travels in its own arguments: an engine may be on another machine.
HANDLER = ["python", "-u", "-c", Path(__file__).with_name("pop_handler.py").read_text()]


@pytest.fixture
async def warden() -> AsyncIterator[Warden]:
    try:
        async with asyncio.timeout(10), reach(URL) as engine:
            await engine.version()
    except (*ENGINE_ERRORS, TimeoutError) as wrong:
        pytest.skip(f"a Docker engine is needed at {URL} (DOCKER_HOST), found {wrong}")
    found = Warden(URL)
    yield found
    found.close()


async def run(warden: Warden, what: Task, **more: Any) -> Any:
    image = Image(**{"launch_type": "docker", "image": PYTHON, "argv": HANDLER, "memory_mib": 128, **more})
    try:
        return await docker(image, warden, grace=1)(what)
    finally:
        assert not await left(what)


async def left(what: Task) -> list[Any]:
    async with reach(URL) as engine:
        label = f"agendum.operation={what.progress_id}-{what.name}"
        return await engine.containers.list(all=True, filters=f'{{"label":["{label}"]}}')


async def test_a_handler_runs_says_how_far_it_is_and_has_a_result(warden: Warden) -> None:
    said: Said = []
    told = await run(warden, task({"steps": [{"say": "ü", "percent": 50}], "echo": True}, said=said), user="1000")
    assert told["arguments"] == ["-launchType", "local", "-externalLaunchType", "local"]
    assert told["environment"]["OPERATION_ID"] == "p1-op"
    assert said == [(50.0, "ü", None), (None, "succeeded", None)]


async def test_a_long_payload_can_be_read_by_a_user_that_is_not_root(warden: Warden) -> None:
    noise = random.Random(1).randbytes(1_500_000).hex()
    told = await run(warden, task({"echo": True, "noise": noise}), user="1000:1000")
    assert told["sizes"][0] > len(noise)


async def test_a_failure_brings_its_exit_status_and_last_words(warden: Warden) -> None:
    with pytest.raises(OperationFailed, match="exit status 0, found 3") as failed:
        await run(warden, task({"exit": 3}))
    assert failed.value.details["stdout"][-1].endswith("HandlerComplete")


async def test_what_takes_too_long_or_too_much_is_ended(warden: Warden) -> None:
    with pytest.raises(OperationFailed, match="within 5 s, found it still running"):
        await run(warden, task({"deaf": True, "steps": [{"sleep": 1000}]}), timeout_seconds=5)
    with pytest.raises(OperationFailed, match="found it took more"):
        await run(warden, task({}), argv=["python", "-c", "x = b'x' * (1 << 30)"])


async def test_a_cancellation_ends_it(warden: Warden) -> None:
    begun = asyncio.Event()
    what = task({"deaf": True, "steps": [{"sleep": 1000}]})
    what._advance = lambda *_: begun.set()
    running = asyncio.ensure_future(run(warden, what, timeout_seconds=600))
    async with asyncio.timeout(300):
        await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

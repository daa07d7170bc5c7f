"""Containers of an executor that is killed, whatever else is killed or away."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from handlers.executor.operations.warden import Warden
from tests.integration.operations.fake_engine import FakeEngine
from tests.integration.operations.programs import children, is_alive, until, written

HANDLER = [sys.executable, "-S", "-u", str(Path(__file__).with_name("pop_handler.py"))]
EXECUTOR = """
import asyncio, sys
from handlers.executor.operations.docker import docker
from handlers.executor.operations.program import Image
from handlers.executor.operations.warden import Warden
from tests.tasks import task
image = Image(launch_type="docker", image="handler:1", argv=sys.argv[3:], timeout_seconds=600)
payload = {"deaf": True, "steps": [{"pid": sys.argv[2], "sleep": 1000}]}
asyncio.run(docker(image, Warden(sys.argv[1]))(task(payload)))
"""


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine() as found:
        yield found


@asynccontextmanager
async def executor(engine: FakeEngine, pids: Path) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """One with a container that runs; it is killed at the end."""
    start = [sys.executable, "-c", EXECUTOR, engine.url, str(pids), *HANDLER]
    with subprocess.Popen(start, cwd=Path(__file__).parents[3]) as running:  # noqa: ASYNC220  # it is killed at once
        await until(lambda: written(pids))
        assert len(engine.containers) == 1
        yield running
        running.send_signal(signal.SIGKILL)


async def test_a_container_does_not_outlive_an_executor_that_is_killed(engine: FakeEngine, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    async with executor(engine, pids):
        pass
    await until(lambda: not engine.containers)
    assert [is_alive(pid) for pid in written(pids)] == [False]
    await until(lambda: not children())


async def test_an_engine_that_was_away_when_an_executor_was_killed_is_asked_again(
    engine: FakeEngine, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    async with executor(engine, pids) as running:
        running.send_signal(signal.SIGSTOP)  # so that it does not look after its container by itself
        await engine.leave()
    assert len(engine.containers) == 1
    await engine.listen()
    await until(lambda: not engine.containers)
    assert [is_alive(pid) for pid in written(pids)] == [False]


async def test_a_warden_that_was_killed_is_replaced_and_knows_all_that_is_left(engine: FakeEngine) -> None:
    warden = Warden(engine.url)
    warden.watch("one")
    warden.watch("gone")
    first = warden._process
    assert first is not None
    first.kill()
    first.wait()
    warden.watch("other")
    warden.forget("gone")
    assert warden._process is not first
    await asyncio.to_thread(warden.close)
    assert {path for path in engine.asked if path.startswith("DELETE")} == {"DELETE one", "DELETE other"}


async def test_a_warden_outlives_the_signals_that_end_an_executor_and_its_family(engine: FakeEngine) -> None:
    warden = Warden(engine.url)
    warden.watch("one")
    process = warden._process
    assert process is not None
    ignored = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    await until(lambda: ignored <= _ignored(process.pid))
    for number in ignored:
        os.kill(process.pid, number)
    await asyncio.to_thread(warden.close)
    assert process.returncode == 0
    assert "DELETE one" in engine.asked


async def test_an_executor_without_containers_has_no_warden() -> None:
    before = children()
    warden = Warden("unix:///none")
    warden.close()
    assert children() == before


def _ignored(pid: int) -> set[int]:
    found = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn"))
    mask = int(found.split()[1], 16)
    return {number for number in range(1, 65) if mask & 1 << number - 1}

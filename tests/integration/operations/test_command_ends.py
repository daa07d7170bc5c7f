"""However a program behaves, `command` comes to an end, and so does all that it started."""

import asyncio
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import psutil
import pytest
import uvloop

from handlers.executor.operations.command import command
from handlers.executor.operations.task import OperationFailed
from tests.integration.operations.programs import children, is_alive, script, until, written
from tests.tasks import task

#: A program, its child and its grandchild, all deaf to SIGTERM; each writes its number into the file it is given.
DEAF = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def note():
    with open(sys.argv[1], "a") as file: file.write(f"{os.getpid()}\\n")
note()
if os.fork() == 0:
    note()
    if os.fork() == 0: note()
time.sleep(1000)
"""


async def test_a_time_out_ends_the_whole_group_though_it_ignores_sigterm(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    seconds = 1
    while len(written(pids)) < 3:  # a slow machine has not begun them all within a second
        pids.unlink(missing_ok=True)
        with pytest.raises(OperationFailed, match=f"to end within {seconds} s, found it still running") as failed:
            await command(script(tmp_path, DEAF, str(pids), timeout_seconds=seconds), grace=0.1)(task())
        assert failed.value.details["exitStatus"] is None
        await until(lambda: not [pid for pid in written(pids) if is_alive(pid)])  # killed: gone as soon as it is reaped
        assert not children()
        seconds *= 4


def test_a_time_out_ends_the_whole_group_under_uvloop_as_well(tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_a_time_out_ends_the_whole_group_though_it_ignores_sigterm(tmp_path))


async def test_a_cancellation_ends_the_whole_group(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    running = asyncio.ensure_future(command(script(tmp_path, DEAF, str(pids)), grace=0.1)(task()))
    await until(lambda: len(written(pids)) == 3)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not [pid for pid in written(pids) if is_alive(pid)])  # killed: gone as soon as it is reaped
    assert not children()


async def test_a_second_cancellation_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    running = asyncio.ensure_future(command(script(tmp_path, DEAF, str(pids)), grace=1000)(task()))
    await until(lambda: len(written(pids)) == 3)

    running.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()

    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await running
    await until(lambda: not [pid for pid in written(pids) if is_alive(pid)])
    assert not children()


async def test_a_program_that_is_asked_to_end_may_do_so_in_its_own_way(tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    text = """
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path(sys.argv[2]).touch()
    sys.exit()
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1]).touch()
time.sleep(1000)
"""
    running = asyncio.ensure_future(command(script(tmp_path, text, str(begun), str(ended)), grace=1000)(task()))
    await until(begun.exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.exists()


async def test_a_group_does_not_outlive_an_executor_that_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = script(tmp_path, DEAF, str(pids))
    executor = f"""
import asyncio
from handlers.executor.operations.command import command
from handlers.executor.operations.program import Program
from tests.tasks import task
asyncio.run(command(Program(argv={program.argv!r}))(task()))
"""
    start = [sys.executable, "-c", executor]
    with subprocess.Popen(start, cwd=Path(__file__).parents[3]) as running:  # noqa: ASYNC220  # it is killed at once
        await until(lambda: len(written(pids)) == 3)
        family = {child.pid for child in psutil.Process(running.pid).children(recursive=True)}
        assert len(family) == 4, "the three, and the guard"
        running.send_signal(signal.SIGKILL)
    await until(lambda: not [pid for pid in family if is_alive(pid)])


async def test_a_program_that_closes_its_stdout_is_waited_for(tmp_path: Path) -> None:
    go = tmp_path / "go"
    text = """
import os, sys, time
print("Payload: 1")
os.close(1); os.close(2)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
os._exit(4)
"""
    running = asyncio.ensure_future(command(script(tmp_path, text, str(go)))(task()))
    done, _ = await asyncio.wait([running], timeout=0.3)
    assert not done
    go.touch()
    with pytest.raises(OperationFailed, match="found 4"):
        await running


@pytest.mark.parametrize("pipe", [1, 2])
@pytest.mark.parametrize("piece", ["x" * 65536, "x\\n" * 32768])
async def test_a_program_that_never_stops_talking_fills_no_memory(tmp_path: Path, pipe: int, piece: str) -> None:
    text = f'import os\nwhile True: os.write({pipe}, b"{piece}")'
    tracemalloc.start()
    try:
        with pytest.raises(OperationFailed, match="still running"):
            await command(script(tmp_path, text, timeout_seconds=0.7))(task())
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert not children()


async def test_a_program_that_never_reads_its_stdin_hangs_nobody(tmp_path: Path) -> None:
    assert await command(script(tmp_path, "print('Payload: 1')"))(task("x" * 3_000_000)) == 1
    sleeper = script(tmp_path, "import time\ntime.sleep(1000)", timeout_seconds=0.3)
    with pytest.raises(OperationFailed, match="still running"):
        await command(sleeper)(task("x" * 3_000_000))
    assert not children()


async def test_a_child_that_is_left_behind_with_the_pipes_is_ended_with_the_program(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    text = """
import os, sys, time
child = os.fork()
if child == 0: time.sleep(1000)
with open(sys.argv[1], "w") as file: file.write(f"{child}\\n")
print("Payload: 1", flush=True)
os._exit(0)
"""
    assert await command(script(tmp_path, text, str(pids)))(task()) == 1
    (left,) = written(pids)
    await until(lambda: not is_alive(left))  # it was killed: gone as soon as it is reaped


async def test_a_child_that_leaves_the_group_with_the_pipes_is_not_waited_for(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    text = """
import os, sys, time
child = os.fork()
if child == 0:
    os.setsid()
    with open(sys.argv[1], "w") as file: file.write(f"{os.getpid()}\\n")
    time.sleep(1000)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
print("Payload: 1", flush=True)
os._exit(0)
"""
    async with asyncio.timeout(60):
        assert await command(script(tmp_path, text, str(pids)))(task()) == 1
    (escaped,) = await until(lambda: written(pids))
    os.kill(escaped, signal.SIGKILL)


async def test_waiting_for_a_stubborn_group_costs_no_processor_time(tmp_path: Path) -> None:
    text = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0: time.sleep(1000)
os._exit(0)
"""
    before = os.times()
    await command(script(tmp_path, text), grace=2.0)(task())
    used = os.times()
    spent = used.user + used.system - before.user - before.system
    assert spent < 0.8

"""No process that a run of the tests starts outlives it, however it ends: not the broker, no worker, no executor."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import Broker

pytestmark = pytest.mark.kafka
SECONDS = 60
#: What stands where pytest does: it starts what tests start, says which processes they are, and waits to be killed.
CODE = """
import sys, time
from pathlib import Path
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess

bootstrap, prefix, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
worker = WorkerProcess("W", bootstrap, prefix, folder)
worker.start()
executor = ExecutorProcess("http://127.0.0.1:1", "i", folder).start()
print(worker.pid, executor.pid, flush=True)  # and the two that they were forked from
time.sleep(600)
"""
LAUNCHER = [sys.executable, "-m", "compose.kafka", "--nodes", "3"]


def orphans(command: list[str], count: int, generations: int = 1) -> list[psutil.Process]:
    """What is left of a command's children after a while, once it has said something, has so many, and is killed."""
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=os.environ)
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline()
        parent.stdout.close()
        # Theirs come and go: what Python asks the system while it starts.
        family = [[psutil.Process(parent.pid)]]
        for _ in range(generations):
            family.append([child for one in family[-1] for child in one.children()])
        children = [child for generation in family[1:] for child in generation]
        assert len(children) == count
        assert all(child.is_running() for child in children)
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    left: list[psutil.Process] = psutil.wait_procs(children, timeout=SECONDS)[1]
    for child in left:
        child.kill()
    return left


def test_workers_and_executors_end_with_the_run_that_is_killed(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    assert orphans([sys.executable, "-c", CODE, kafka.bootstrap, prefix, str(tmp_path)], 4, generations=2) == []


def test_every_node_ends_with_its_launcher_that_is_killed(tmp_path: Path) -> None:
    assert orphans([*LAUNCHER, "--data", str(tmp_path)], 3) == []

"""Processes that are forked: each is one of its own, and ends as one that was started."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests import nursery
from tests.integration.installation import COMMAND


def test_it_says_and_ends_as_a_fresh_interpreter_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["openapi"], ["list", "nothing"], ["settings", "--into", "none.md"]):
        environment = {**os.environ, "NO_COLOR": "1"}
        mine = subprocess.run([*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False)
        forked = nursery.run(arguments, environment)
        assert (forked.returncode, forked.stdout, forked.stderr) == (mine.returncode, mine.stdout, mine.stderr)


def test_one_that_is_killed_says_so_and_another_lives_on(tmp_path: Path) -> None:
    arguments = ["execute", "--insight", "i", "--url", "http://127.0.0.1:9"]
    with (tmp_path / "log").open("wb") as log:
        first, second = (nursery.start(arguments, os.environ, log) for _ in range(2))
    assert first.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        first.wait(0.01)
    first.kill()
    assert first.wait(30) == -signal.SIGKILL
    assert second.poll() is None
    second.kill()
    assert (first.poll(), second.wait(30)) == (-signal.SIGKILL, -signal.SIGKILL)


def test_what_only_an_interpreter_reads_is_refused() -> None:
    with pytest.raises(AssertionError, match="start a fresh one"):
        nursery.run(["settings"], {**os.environ, "PYTHONUTF8": "0"})

"""Each house rule catches a planted violation: a rule that cannot fail holds nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("eventstore", "projections", "handlers", "pyproject.toml")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code to plant things in."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).parent / command[0]
    return subprocess.run(
        [str(tool), *command[1:]], cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("eventstore/ids.py", "import handlers.clock", "handlers -> projections -> eventstore BROKEN"),
        ("projections/table/digest.py", "import handlers.clock", "handlers -> projections -> eventstore BROKEN"),
        ("eventstore/codec.py", "import time", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("projections/partition.py", "import asyncio", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/deciders/reports.py", "import random", "the pure core knows no I/O, no clock, no chance BROKEN"),
        (
            "handlers/deciders/reruns.py",
            "import handlers.clock",
            "the pure core knows no I/O, no clock, no chance BROKEN",
        ),
        ("handlers/scheduling/fifo.py", "import logging", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/converting/bound.py", "import time", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/intake/sealed.py", "import socket", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/inbox/cloud_events.py", "import os", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/inbox/meaning.py", "import asyncio", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/inbox/rejections.py", "import time", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/inbox/window.py", "import logging", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/documents/asyncapi.py", "import os", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/documents/openapi.py", "import time", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/documents/manual.py", "import os", "the pure core knows no I/O, no clock, no chance BROKEN"),
        ("handlers/inbox/agent.py", "import aiokafka", "aiokafka has one door BROKEN"),
        ("handlers/inbox/delivery.py", "import handlers.deciders.registry", "only the command path decides BROKEN"),
        ("handlers/routing/router.py", "import handlers.deciders.registry", "only the command path decides BROKEN"),
        (
            "handlers/cli/commands/replay.py",
            "import handlers.deciders.registry",
            "replay and verification reach no decision BROKEN",
        ),
        ("handlers/wire/unsealing.py", "import handlers.app", "replay and verification reach no decision BROKEN"),
        ("handlers/routing/router.py", "import aiokafka", "aiokafka has one door BROKEN"),
        ("projections/table/feed.py", "import aiokafka", "aiokafka has one door BROKEN"),
        ("handlers/app.py", "import faust", "Faust is known to projections.group alone BROKEN"),
        ("projections/table/feed.py", "import faust", "Faust is known to projections.group alone BROKEN"),
        (
            "projections/partition.py",
            "import projections.queries.listing",
            "the packages of projections stand one above the other BROKEN",
        ),
        ("projections/planted.py", "", "the packages of projections stand one above the other BROKEN"),
        (
            "handlers/edge/acceptance.py",
            "import handlers.endpoints.ask",
            "the packages of handlers stand one above the other BROKEN",
        ),
        ("handlers/planted.py", "", "the packages of handlers stand one above the other BROKEN"),
        ("handlers/executor/operations/task.py", "import handlers.executor.graph", "imports in a circle BROKEN"),
        ("handlers/worker.py", "import handlers.assembly.keeping", "only the composition root assembles BROKEN"),
    ],
)
def test_import_linter_names_a_planted_import(copy: Path, module: str, line: str, contract: str) -> None:
    with (copy / module).open("a") as planted:
        planted.write(f"\n{line}\n")
    done = run(copy, "lint-imports", "--no-cache")
    assert done.returncode == 1
    assert contract in done.stdout


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("import datetime\nNOW = datetime.datetime.now(datetime.UTC)", "TID251"),
        ("import time\nNOW = time.time()", "TID251"),
        ("import time\nNOW = time.time_ns()", "TID251"),
        ("import datetime\nNOW = datetime.datetime.utcnow()", "TID251"),
        ("import uuid\nID = uuid.uuid4()", "TID251"),
        ("print('here')", "T201"),
        ("def helper(x):\n    return x", "ANN"),
    ],
)
def test_ruff_names_a_planted_line(copy: Path, line: str, rule: str) -> None:
    planted = copy / "eventstore" / "planted.py"
    planted.write_text(f'"""Planted."""\n\n{line}\n')
    done = run(copy, "ruff", "check", "--no-cache", str(planted))
    assert done.returncode == 1
    assert rule in done.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('COUNT: int = "three"', "Incompatible types in assignment"),
        # What only `strict` sees, as pyproject.toml has it.
        ("def count(things):\n    return len(things)", "Function is missing a type annotation"),
        ("THINGS: list = []", "Missing type arguments for generic type"),
    ],
)
def test_mypy_names_a_planted_type_error(copy: Path, line: str, said: str) -> None:
    planted = copy / "eventstore" / "planted.py"
    planted.write_text(f'"""Planted."""\n\n{line}\n')
    done = run(copy, "mypy", str(planted))
    assert done.returncode == 1
    assert said in done.stdout

"""The commands by their names: all are there, and only what is asked for is loaded."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from handlers.cli.main import COMMANDS, app

#: What a worker needs, and a client does not.
HEAVY = {"faust", "aiokafka", "rocksdict", "handlers.app"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_says_what_it_does(name: str) -> None:
    said = CliRunner().invoke(app, [name, "--help"])

    assert said.exit_code == 0, said.output
    assert "Usage: " in said.output


def test_all_of_them_are_listed() -> None:
    said = CliRunner().invoke(app, ["--help"])

    assert [name for name in COMMANDS if f"│ {name} " not in said.output] == []


def test_a_command_that_is_mistyped_is_named_with_its_like() -> None:
    said = CliRunner().invoke(app, ["wach"])

    assert said.exit_code == 2
    assert "'watch'" in said.output


def test_its_version_is_that_of_the_distribution() -> None:
    said = CliRunner().invoke(app, ["--version"])

    assert (said.exit_code, said.output) == (0, f"agendum {version('agendum')}\n")


@pytest.mark.parametrize("name", ["submit", "watch", "list"])
def test_a_command_that_speaks_http_loads_no_worker(name: str) -> None:
    code = f"import sys; from handlers.cli.main import loaded; loaded({name!r}); print(*sys.modules)"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert HEAVY & {*seen} == set()

"""How compose/run and compose/test make their environment, with programs in the place of Python's venv and pip."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
#: Makes an environment with our pip in it; for all else it is Python.
PYTHON = """#!/bin/sh
case "$*" in
*ctypes*) exec {python} "$@" ;;
*venv.main*) echo venv >>said; rm -rf .venv; mkdir -p .venv/bin; cp pip .venv/bin/pip ;;
*) exec {python} "$@" ;;
esac
"""
PIP = """#!/bin/sh
echo pip >>said
if [ -e slow ]; then exec sleep 600; fi
"""
#: What is run for one: pip is made the locked one, which then installs everything else, and then us.
MADE = ["venv", "pip", "pip", "pip"]


class Checkout:
    """A checkout with no more than what compose/environment reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "compose").mkdir(parents=True)
        (folder / "compose" / "environment").write_text((ROOT / "compose" / "environment").read_text())
        for name, text in {"requirements.lock": "", "pyproject.toml": "", "pip": PIP}.items():
            (folder / name).write_text(text)
        (folder / "pip").chmod(0o755)
        self.program("python3.11", PYTHON.format(python=sys.executable))

    def program(self, name: str, text: str) -> None:
        (self.folder / "bin").mkdir(exist_ok=True)
        (self.folder / "bin" / name).write_text(text)
        (self.folder / "bin" / name).chmod(0o755)

    def begin(self) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AGENDUM_")}
        return subprocess.Popen(
            ["sh", "-euc", ". compose/environment; echo made"],
            cwd=self.folder,
            env={**environment, "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def make(self) -> tuple[int, str, str]:
        making = self.begin()
        out, err = making.communicate(timeout=120)
        return making.returncode, out, err

    @property
    def said(self) -> list[str]:
        found = self.folder / "said"
        return found.read_text().split() if found.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def child(of: subprocess.Popen[str], name: str) -> psutil.Process:
    """A process below one, as soon as it is a program of this name."""
    deadline = time.monotonic() + 120
    while of.poll() is None and time.monotonic() < deadline:
        with suppress(psutil.NoSuchProcess):  # one that ended while it was looked at
            for found in psutil.Process(of.pid).children(recursive=True):
                if found.name() == name:
                    return found
    raise TimeoutError(f"expected {name}: {of.communicate(timeout=1) if of.poll() is not None else 'nothing'}")


def test_it_is_made_once(checkout: Checkout) -> None:
    assert checkout.make()[:2] == (0, "made\n")
    assert checkout.make() == (0, "made\n", "")
    assert checkout.said == MADE


def test_it_is_made_anew_for_another_lock(checkout: Checkout) -> None:
    checkout.make()
    (checkout.folder / "requirements.lock").write_text("# other\n")

    assert checkout.make()[0] == 0
    assert checkout.said == MADE * 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_ends_it_half_way_ends_pip_too_and_the_next_start_begins_anew(
    checkout: Checkout, number: signal.Signals
) -> None:
    (checkout.folder / "slow").touch()
    making = checkout.begin()
    pip = child(making, "sleep")

    # A terminal's Ctrl-C is for the whole group, a kill for the script alone.
    (os.killpg if number is signal.SIGINT else os.kill)(making.pid, number)

    making.communicate(timeout=120)
    assert making.returncode != 0
    assert psutil.wait_procs([pip], timeout=60)[1] == []
    (checkout.folder / "slow").unlink()
    assert checkout.make()[:2] == (0, "made\n")
    assert checkout.said == ["venv", "pip", *MADE]


def test_two_that_start_together_make_it_once(checkout: Checkout) -> None:
    making = [checkout.begin() for _ in range(4)]

    assert [each.communicate(timeout=120)[0] for each in making] == ["made\n"] * 4
    assert checkout.said == MADE


def test_what_it_needs_is_said_where_no_python_is_new_enough(checkout: Checkout) -> None:
    for name in ("python3.11", "python3", "python3.12", "python3.13", "python3.14"):
        checkout.program(name, "#!/bin/sh\nexit 1\n")

    code, _, err = checkout.make()

    assert code == 2
    assert "expected Python 3.11 or newer" in err
    assert "AGENDUM_PYTHON" in err
    assert not (checkout.folder / ".venv").exists()


def test_another_python_is_taken_where_the_first_does_not_run(checkout: Checkout) -> None:
    """As pyenv leaves a program behind for each version that it has, whether it is chosen or not."""
    checkout.program("python3.11", "#!/bin/sh\nexit 127\n")
    checkout.program("python3", PYTHON.format(python=sys.executable))

    assert checkout.make()[:2] == (0, "made\n")

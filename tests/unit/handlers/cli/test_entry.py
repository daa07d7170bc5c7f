"""The program's first second: what it needs is still being loaded."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_an_interrupt_while_it_loads_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    script = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["agendum"]
    module, function = script.split(":")

    ended = subprocess.run(
        [sys.executable, "-c", f"from {module} import {function}; {function}()", "up"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (130, "")

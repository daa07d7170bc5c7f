"""Every variable that can be set stands in one table, and the README has that table."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pexpect
import pytest

from handlers.cli import variables
from handlers.cli.variables import Variable
from handlers.process.settings import Settings
from tests.integration.installation import COMMAND, agendum

ROOT = Path(__file__).parents[4]
README = ROOT / "README.md"
#: Read by what starts tests, not by a worker or a command.
OF_TESTS = {"AGENDUM_TEST_KAFKA"}


def settings(**given: Any) -> Settings:
    return Settings(**given)


def test_the_readme_has_the_table_as_it_is_now() -> None:
    text = README.read_text()
    is_so = variables.put_into(text, agendum("settings").stdout.splitlines()) == text
    assert is_so, "the README's settings are not those of the code; remake them: agendum settings --into README.md"


def test_every_setting_and_every_variable_that_the_code_reads_is_in_it() -> None:
    listed = {one["name"] for one in json.loads(agendum("settings", "-o", "json").stdout)}
    read = {
        name
        for part in ("handlers", "eventstore", "projections", "compose")
        for path in (ROOT / part).rglob("*.py")
        for name in re.findall(r"AGENDUM_[A-Z][A-Z_]+[A-Z]", path.read_text())
    }
    assert {f"AGENDUM_{name.upper()}" for name in Settings.model_fields} <= listed
    assert read - OF_TESTS <= listed
    assert {"AGENDUM_URL", "AGENDUM_TOKEN"} <= listed


def test_a_file_is_remade_between_the_marks_and_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"before\n\n{variables.BEGIN}\nold\n{variables.END}\n\nafter\n")
    done = agendum("settings", "--into", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    table = agendum("settings").stdout
    assert file.read_text() == f"before\n\n{variables.BEGIN}\n{table}{variables.END}\n\nafter\n"


@pytest.mark.parametrize("text", ["no marks", f"{variables.BEGIN}\nhalf", f"{variables.END} {variables.BEGIN}"])
def test_a_file_without_both_marks_is_refused_and_stays_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "page.md"
    file.write_text(text)
    done = agendum("settings", "--into", str(file))
    assert (done.returncode, file.read_text()) == (4, text)
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error", "why", "next"]


def test_a_row_is_one_line_of_three_cells_whatever_stands_in_it() -> None:
    rows = variables.markdown([Variable("A", "x|y", "one | or the other"), Variable("B", "", "nothing")])
    assert rows[2:] == ["| `A` | `x\\|y` | one \\| or the other |", "| `B` |  | nothing |"]


def test_defaults_stand_as_the_environment_would_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AGENDUM_")]:
        monkeypatch.delenv(name)
    bare = settings()
    for one in variables.of_workers():
        if one.default:
            monkeypatch.setenv(one.name, one.default)
    assert settings() == bare


@pytest.mark.parametrize("more", [{}, {"NO_COLOR": "1"}])
def test_on_a_terminal_of_80_columns_names_and_addresses_stand_whole(more: dict[str, str]) -> None:
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", **more}
    child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], "settings"], env=environment, encoding="utf8", dimensions=(24, 80))
    child.expect(pexpect.EOF, timeout=120)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", str(child.before))
    assert max(map(len, shown.splitlines())) <= 80
    for one in variables.of_workers():
        assert one.name in shown
    assert "http://127.0.0.1:8080" in shown
    assert "\x1b[3" not in str(child.before)

"""How the code is shaped: sizes, names, and an import that does nothing."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for part in ("eventstore", "projections", "handlers") for path in (ROOT / part).rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= 220, f"{path.name} has {lines} lines: it has two jobs"
    long = {function: size for function, size in functions(path) if size > 40}
    assert not long, f"{path.name} has functions that do more than one thing: {long}"


def test_the_median_module_and_function_are_short() -> None:
    sizes = [size for path in MODULES for _, size in functions(path)]
    assert statistics.median(sizes) <= 8
    assert statistics.median(len(path.read_text().splitlines()) for path in MODULES) <= 100


def test_no_name_says_nothing() -> None:
    vague = re.compile(r"(utils?|helpers?|misc|managers?|services?)\.py$")
    assert not [str(path) for path in MODULES if vague.search(path.name)]


def test_nothing_happens_on_import() -> None:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in MODULES]
    code = (
        "import sys, threading, importlib\n"
        "import croniter  # Faust's, and it asks `file` about the interpreter on import\n"
        "seen = []\n"
        "watched = ('socket.connect', 'socket.bind', 'subprocess.Popen', 'os.system')\n"
        "sys.addaudithook(lambda event, _: seen.append(event) if event in watched else None)\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "assert not seen, seen\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_file_names_a_package_registry_or_a_home() -> None:
    wrong = re.compile(r"https?://[\w.-]*(pypi|pythonhosted|npmjs|maven\.org)[\w.-]*|/(home|Users)/\w+|/root/|/work/")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    here = str(Path(__file__).relative_to(ROOT))
    assert not [name for name in tracked if name != here and wrong.search((ROOT / name).read_text(errors="replace"))]

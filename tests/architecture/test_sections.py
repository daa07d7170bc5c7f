"""Every section of the spec has its tests: none can vanish, and none is made up."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pop import SECTIONS

FILES = sorted(Path(__file__).parents[1].glob("pop/test_*.py"))


def classes(path: Path) -> Iterator[tuple[str, str]]:
    """The classes of a file that hold tests, and the first line of what each says of itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and any("test_" in getattr(part, "name", "") for part in node.body):
            yield node.name, (ast.get_docstring(node) or "").split("\n")[0]


def test_every_section_has_a_class() -> None:
    said = {line for path in FILES for _, line in classes(path)}
    assert not [number for number, title in SECTIONS.items() if f"{number} {title}." not in said]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_of_one_section_and_its_classes_name_sections_that_there_are(path: Path) -> None:
    lines = {f"{number} {title}.": number for number, title in SECTIONS.items()}
    chapter = str(int(path.stem.split("_")[1]))
    for name, line in classes(path):
        assert line in lines, f"{name} says {line!r}: expected a section and its title, as in tests/pop/__init__.py"
        assert lines[line].split(".")[0] == chapter, f"{name} of {path.name} shows {line!r}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_test_stands_outside_of_a_section(path: Path) -> None:
    lines = path.read_text().splitlines()
    tree = ast.parse(path.read_text())
    assert not [node for node in tree.body if getattr(node, "name", "").startswith("test_")]
    assert len(lines) <= 220, f"{path.name} has {len(lines)} lines: split it by its sub-sections"

"""Every section of the spec has its tests: none can vanish, and none is made up."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.pop import SECTIONS

FILES = sorted(Path(__file__).parents[1].glob("pop/test_*.py"))
LINES = {f"{number} {title}.": number for number, title in SECTIONS.items()}


def classes(path: Path) -> Iterator[tuple[str, str]]:
    """The classes of a file that hold tests, and the first line of what each says of itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and any(getattr(part, "name", "").startswith("test_") for part in node.body):
            yield node.name, (ast.get_docstring(node) or "").split("\n")[0]


def missing(paths: Iterable[Path]) -> list[str]:
    """Sections that no class shows."""
    said = {LINES.get(line) for path in paths for _, line in classes(path)}
    return [number for number in SECTIONS if number not in said]


def misplaced(path: Path) -> list[str]:
    """What is wrong with a file: classes of no section or of another chapter's, and tests outside of all."""
    chapter = str(int(path.stem.split("_")[1]))
    found = [
        f"{name} says {line!r}: expected a section of chapter {chapter} and its title, as in tests/pop/__init__.py"
        for name, line in classes(path)
        if LINES.get(line, "").split(".")[0] != chapter
    ]
    alone = [getattr(node, "name", "") for node in ast.parse(path.read_text()).body]
    return found + [f"{name} stands in no class" for name in alone if name.startswith("test_")]


def test_every_section_has_a_class() -> None:
    assert missing(FILES) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_of_one_chapter_and_its_classes_name_sections_that_there_are(path: Path) -> None:
    assert misplaced(path) == []
    lines = len(path.read_text().splitlines())
    assert lines <= 220, f"{path.name} has {lines} lines: split it by its sub-sections"


def test_a_section_that_vanishes_is_named() -> None:
    assert missing(path for path in FILES if not path.stem.startswith("test_06")) == ["6"]
    assert missing([]) == [*SECTIONS]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('class TestX:\n    """6 Scheduling."""\n\n    def test_a(self): ...\n', 0),
        ('class TestX:\n    """6 Another title."""\n\n    def test_a(self): ...\n', 1),
        ('class TestX:\n    """7.1 getAgenda."""\n\n    def test_a(self): ...\n', 1),
        ("class TestX:\n    def test_a(self): ...\n", 1),
        ("async def test_a(): ...\n", 1),
        ("class Other:\n    pass\n\n\ndef helping(): ...\n", 0),
    ],
)
def test_a_planted_class_of_no_section_is_found(tmp_path: Path, text: str, wrong: int) -> None:
    planted = tmp_path / "test_06_planted.py"
    planted.write_text(text)
    assert len(misplaced(planted)) == wrong
    assert ("6" in missing([planted])) is (text.count("6 Scheduling.") == 0)

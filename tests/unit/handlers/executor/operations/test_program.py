"""The registry of programs: what it says, and where a mistake in it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.executor.operations.program import NotARegistry, Program, read_registry


def read(folder: Path, text: str) -> dict[str, Program]:
    (folder / "registry.json").write_text(text)
    return read_registry(folder / "registry.json")


def test_each_operation_type_has_its_program(tmp_path: Path) -> None:
    entry = {"argv": ["ffmpeg", "-i"], "timeoutSeconds": 9, "environment": {"CIDR": "V"}, "directory": "/tmp"}  # noqa: S108
    found = read(tmp_path, json.dumps({"encode": entry, "small": {"argv": ["x"], "directory": None}}))
    assert found == {
        "encode": Program(argv=["ffmpeg", "-i"], timeout_seconds=9.0, environment={"CIDR": "V"}, directory="/tmp"),  # noqa: S108
        "small": Program(argv=["x"], timeout_seconds=60.0, environment={}, directory=None),
    }


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        ([], "$: expected an object of operation types, found list"),
        ({"a": 1}, "$.a: Expected `object`, got `int`"),
        ({"a": {}}, "$.a: Object missing required field `argv`"),
        ({"a": {"argv": []}}, "$.a.argv: Expected `array` of length >= 1"),
        ({"a": {"argv": ["x", 1]}}, "$.a.argv[1]: Expected `str`, got `int`"),
        ({"a": {"argv": [""]}}, "$.a.argv[0]: expected the name of a program, found an empty text"),
        ({"a": {"argv": ["x\0"]}}, "$.a: expected texts that a system call takes, found one with a NUL"),
        ({"a": {"argv": ["x"], "timeoutSeconds": 0}}, "$.a.timeoutSeconds: Expected `float` > 0.0"),
        ({"a": {"argv": ["x"], "timeout": 1}}, "$.a: Object contains unknown field `timeout`"),
        ({"a": {"argv": ["x"], "environment": {"A=B": ""}}}, "$.a.environment: expected names that are free to use"),
        ({"a": {"argv": ["x"], "environment": {"": ""}}}, "$.a.environment: expected names that are free to use"),
        ({"a": {"argv": ["x"], "environment": {"PAYLOAD": ""}}}, "free to use, found 'PAYLOAD'"),
        ({"a": {"argv": ["x"], "environment": {"POP_COMPRESSED_PAYLOAD_7": ""}}}, "free to use"),
        ({"a": {"argv": ["x"], "environment": {"K": 1}}}, "$.a.environment[...]: Expected `str`, got `int`"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, registry: Any, said: str) -> None:
    with pytest.raises(NotARegistry) as wrong:
        read(tmp_path, json.dumps(registry))
    assert said in str(wrong.value)
    assert str(wrong.value).startswith(str(tmp_path / "registry.json"))


def test_a_file_that_is_not_there_or_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotARegistry, match="expected a registry file, found No such file or directory"):
        read_registry(tmp_path / "none.json")
    with pytest.raises(NotARegistry, match="expected JSON, found something else"):
        read(tmp_path, "{")

"""The registry of programs: what it says, and where a mistake in it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.executor.operations.program import Entry, Image, NotARegistry, Program, read_registry


def read(folder: Path, text: str) -> dict[str, Entry]:
    (folder / "registry.json").write_text(text)
    return read_registry(folder / "registry.json")


def test_each_operation_type_has_its_program(tmp_path: Path) -> None:
    entry = {"argv": ["ffmpeg", "-i"], "timeoutSeconds": 9, "environment": {"CIDR": "V"}, "directory": "/tmp"}  # noqa: S108
    found = read(tmp_path, json.dumps({"encode": entry, "small": {"argv": ["x"], "directory": None}}))
    assert found == {
        "encode": Program(argv=["ffmpeg", "-i"], timeout_seconds=9.0, environment={"CIDR": "V"}, directory="/tmp"),  # noqa: S108
        "small": Program(argv=["x"], timeout_seconds=60.0, environment={}, directory=None),
    }


def test_an_entry_says_how_it_is_launched(tmp_path: Path) -> None:
    local = {"launchType": "local", "argv": ["java", "-jar", "probe.jar"]}
    image = {"launchType": "docker", "image": "merge:1.2", "argv": [], "memoryMiB": 512, "cpus": 1.5, "network": "none"}
    image |= {"user": "1000:1000", "directory": "/inside", "binds": ["/media:/media:ro"], "timeoutSeconds": 9}
    found = read(tmp_path, json.dumps({"probe": local, "merge": image, "own": {"launchType": "docker", "image": "x"}}))
    assert found == {
        "probe": Program(launch_type="local", argv=["java", "-jar", "probe.jar"]),
        "merge": Image(
            launch_type="docker",
            image="merge:1.2",
            argv=[],
            memory_mib=512,
            cpus=1.5,
            network="none",
            user="1000:1000",
            directory="/inside",
            binds=["/media:/media:ro"],
            timeout_seconds=9.0,
        ),
        "own": Image(launch_type="docker", image="x", argv=None),
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
        ({"a": {"launchType": "kubernetes"}}, "launchType: expected local, docker, or none at all, found 'kubernetes'"),
        ({"a": {"launchType": "Local", "argv": ["x"]}}, "found 'Local'"),
        ({"a": {"launchType": [], "argv": ["x"]}}, "found []"),
        ({"a": {"launchType": "local", "argv": ["x"], "image": "y"}}, "$.a: Object contains unknown field `image`"),
        ({"a": {"launchType": "docker"}}, "$.a: Object missing required field `image`"),
        ({"a": {"launchType": "docker", "image": ""}}, "$.a.image: Expected `str` of length >= 1"),
        ({"a": {"launchType": "docker", "image": "x", "memoryMiB": 5}}, "$.a.memoryMiB: Expected `int` >= 6"),
        ({"a": {"launchType": "docker", "image": "x", "cpus": 0}}, "$.a.cpus: Expected `float` > 0.0"),
        ({"a": {"launchType": "docker", "image": "x", "privileged": True}}, "unknown field `privileged`"),
        ({"a": {"launchType": "docker", "image": "x", "environment": {"CID": ""}}}, "free to use, found 'CID'"),
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

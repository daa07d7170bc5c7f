"""What is no workflow is refused with the place in the file, what was expected there and what was found."""

import json
from itertools import pairwise
from typing import Any

import pytest

from eventstore.errors import Invalid, NotAWorkflow
from handlers.converting.wfcommons import convert
from tests.unit.handlers.converting.workflows import document, ran, task, workflow

TASKS, FILES, RUNS = "$.workflow.specification.tasks", "$.workflow.specification.files", "$.workflow.execution.tasks"


def refusal(body: bytes) -> str:
    with pytest.raises(NotAWorkflow) as refused:
        convert(body)
    return str(refused.value)


def without(*path: str) -> bytes:
    """A good file from which one part is gone."""
    whole = workflow(task("a"))
    part: dict[str, Any] = whole
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return json.dumps(whole).encode()


def test_a_mistake_in_a_file_is_a_validation_error_of_pop() -> None:
    assert issubclass(NotAWorkflow, Invalid)
    assert (NotAWorkflow.code, NotAWorkflow.title) == (422, "ValidationException")


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": 1e999}', b'"\xff"', b"[" * 100_000, document(task("a"))[:-9]])
def test_refuses_what_is_no_json(body: bytes) -> None:
    assert refusal(body).startswith("$: expected JSON, found something else: ")


def test_says_where_json_ends_to_be_json() -> None:
    assert refusal(b'{"name": "x",\n "a"}').endswith("line 2, column 5: Expecting ':' delimiter")


@pytest.mark.parametrize("version", ["1.4", "1.6", "", "1.50"])
def test_refuses_a_version_it_was_not_tested_with(version: str) -> None:
    said = refusal(document(task("a"), schemaVersion=version))
    assert said == f"$.schemaVersion: expected a version this converter knows (1.5), found {version!r}"


def test_names_the_version_first_as_other_versions_have_other_parts() -> None:
    assert refusal(document(schemaVersion="1.3", workflow={"tasks": []})).startswith("$.schemaVersion: ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[]", "$: Expected `object`, got `array`"),
        (document(task("a"), name=5), "$.name: Expected `str`, got `int`"),
        (without("schemaVersion"), "$: Object missing required field `schemaVersion`"),
        (without("workflow", "specification"), "$.workflow: Object missing required field `specification`"),
        (document(task("a"), workflow=[]), "$.workflow: Expected `object`, got `array`"),
        (
            document(task("a"), workflow={"specification": {"tasks": "none"}}),
            f"{TASKS}: Expected `array`, got `str`",
        ),
        (document(task("a"), 7, runs=[ran("a")]), f"{TASKS}[1]: Expected `object`, got `int`"),
        (document(task("a"), {"id": "b"}), f"{TASKS}[1]: Object missing required field `name`"),
        (
            document(task("a"), {"id": "b", "name": "b", "parents": []}),
            f"{TASKS}[1]: Object missing required field `children`",
        ),
        (document(task("a"), task("b") | {"parents": ["a", 3]}), f"{TASKS}[1].parents[1]: Expected `str`, got `int`"),
        (document(task("a", outputFiles=[None])), f"{TASKS}[0].outputFiles[0]: Expected `str`, got `null`"),
        (
            document(task("a"), files=[{"id": "f", "sizeInBytes": "3"}]),
            f"{FILES}[0].sizeInBytes: Expected `int`, got `str`",
        ),
        (document(task("a"), runs=[ran("a", "1 s")]), f"{RUNS}[0].runtimeInSeconds: Expected `float`, got `str`"),
        (document(task("a"), runs=[{"id": "a"}]), f"{RUNS}[0]: Object missing required field `runtimeInSeconds`"),
    ],
)
def test_refuses_a_wrong_type_with_its_place(body: bytes, said: str) -> None:
    assert refusal(body) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (document(), f"{TASKS}: expected 1 to 10000 tasks, found 0"),
        (document(*[task(str(n)) for n in range(10_001)]), f"{TASKS}: expected 1 to 10000 tasks, found 10001"),
        (
            document(task("a"), task("b"), task("a")),
            f"{TASKS}[2].id: expected an id that stands here once, found 'a' again",
        ),
        (
            document(task("a"), task("b", "a", "x")),
            f"{TASKS}[1].parents[1]: expected the id of a task, found unknown task 'x'",
        ),
        (
            document(task("a", children="x")),
            f"{TASKS}[0].children[0]: expected the id of a task, found unknown task 'x'",
        ),
        (
            document(task("a"), files=[{"id": "f", "sizeInBytes": 1}, {"id": "f", "sizeInBytes": 2}]),
            f"{FILES}[1].id: expected an id that stands here once, found 'f' again",
        ),
        (
            document(task("a"), files=[{"id": "f", "sizeInBytes": -1}]),
            f"{FILES}[0].sizeInBytes: expected 0 or more, found -1",
        ),
        (
            document(task("a"), files=[{"id": name, "sizeInBytes": 2**52} for name in "fgh"]),
            f"{FILES}: expected at most {2**53} bytes in all, found {3 * 2**52}",
        ),
        (document(task("a"), runs=[]), f"{RUNS}: expected the runtime of task 'a' ({TASKS}[0]), found none"),
        (
            without("workflow", "execution"),
            f"{RUNS}: expected the runtime of task 'a' ({TASKS}[0]), found none",
        ),
        (
            document(task("a"), runs=[ran("a"), ran("b")]),
            f"{RUNS}[1].id: expected the id of a task of the specification, found unknown task 'b'",
        ),
        (
            document(task("a"), runs=[ran("a"), ran("a", 2)]),
            f"{RUNS}[1].id: expected an id that stands here once, found 'a' again",
        ),
        (
            document(task("a"), task("b"), runs=[ran("b"), ran("a", -0.5)]),
            f"{RUNS}[1].runtimeInSeconds: expected 0 to 1000000000 seconds, found -0.5",
        ),
        (
            document(task("a"), runs=[ran("a", 1e12)]),
            f"{RUNS}[0].runtimeInSeconds: expected 0 to 1000000000 seconds, found 1000000000000.0",
        ),
    ],
)
def test_refuses_a_broken_rule_with_its_place(body: bytes, said: str) -> None:
    assert refusal(body) == said


def test_names_one_cycle() -> None:
    said = refusal(document(task("start"), task("a", "start", "c"), task("b", "a"), task("c", "b")))
    place, _, cycle = said.partition(": expected a task that does not wait for itself, found the cycle ")
    names = [name.strip("'") for name in cycle.split(" -> ")]
    assert place == f"{TASKS}[{['start', 'a', 'b', 'c'].index(names[0])}]"
    assert names[0] == names[-1]
    assert {*pairwise(names)} == {("a", "b"), ("b", "c"), ("c", "a")}


def test_a_cycle_of_one_and_a_cycle_that_the_children_close_are_cycles() -> None:
    assert refusal(document(task("a", "a"))).endswith("found the cycle 'a' -> 'a'")
    assert "found the cycle" in refusal(document(task("a", children="b"), task("b", children="a")))


def test_a_long_cycle_and_a_long_id_are_shown_in_part() -> None:
    ring = [task(str(n), str((n + 1) % 10_000)) for n in range(10_000)]
    assert "(9993 more)" in refusal(document(*ring))
    assert len(refusal(document(task("a", "x" * 100_000)))) < 300

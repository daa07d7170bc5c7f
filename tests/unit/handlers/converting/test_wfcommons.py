"""A workflow becomes an agenda of the same shape, which POP takes."""

import json
from typing import Any

import pytest

from eventstore.errors import Invalid
from handlers.converting.wfcommons import convert
from handlers.intake.validation import validate
from handlers.wire.parsing import parse
from handlers.wire.requests import OpenAgenda
from tests.unit.handlers.converting.workflows import document, edges_of, ran, task

DIAMOND = (task("a", children="bc"), task("b", "a", children="d"), task("c", "a", children="d"), task("d", *"bc"))


def operations(body: bytes, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = convert(body, **more)["operations"]
    return found


def test_an_agenda_has_an_operation_per_task_which_waits_for_the_same_tasks() -> None:
    agenda = convert(document(*DIAMOND), customer_id="acme")
    assert (agenda["customerId"], agenda["title"]) == ("acme", "wf")
    assert [operation["name"] for operation in agenda["operations"]] == [*"abcd"]
    assert {operation["type"] for operation in agenda["operations"]} == {"sample"}
    assert [operation["params"].get("dependsOn") for operation in agenda["operations"]] == [None, "a", "a", "b,c"]
    assert agenda["params"] == {
        "source": "WfCommons",
        "schemaVersion": "1.5",
        "scale": 1.0,
        "tasks": 4,
        "dependencies": 4,
    }


def test_an_operation_sleeps_as_long_as_its_task_ran_and_says_what_the_task_is() -> None:
    runs = [ran("a", 1.2345, command={"program": "sort", "arguments": ["-u"]})]
    files = [{"id": "in", "sizeInBytes": 5}, {"id": "out", "sizeInBytes": 7}]
    (operation,) = operations(document(task("a", inputFiles=["in"], outputFiles=["out"]), runs=runs, files=files))
    assert operation == {
        "name": "a",
        "type": "sample",
        "payload": {
            "actions": [{"action": "log", "paramsMap": {"sleepMilliseconds": 1234, "logMessage": "sort"}}],
            "resultPayload": {"task": "a", "outputs": ["out"], "outputCount": 1},
        },
        "params": {"inputBytes": 5, "outputBytes": 7, "runtimeSeconds": 1.2345},
    }


def test_the_scale_changes_the_sleep_and_not_what_is_said_of_the_original() -> None:
    (operation,) = operations(document(task("a"), runs=[ran("a", 100)]), scale=0.01)
    assert operation["payload"]["actions"][0]["paramsMap"] == {"sleepMilliseconds": 1000, "logMessage": "a"}
    assert operation["params"]["runtimeSeconds"] == 100


@pytest.mark.parametrize("scale", [-1, 1001, float("nan"), float("inf")])
def test_refuses_a_scale_that_is_none(scale: float) -> None:
    with pytest.raises(Invalid, match="expected a scale from 0 to 1000"):
        convert(document(task("a")), scale=scale)


def test_an_edge_that_only_one_side_names_survives() -> None:
    assert edges_of(convert(document(task("a"), task("b", "a")))) == {("a", "b")}
    assert edges_of(convert(document(task("a", children="b"), task("b")))) == {("a", "b")}


def test_an_edge_that_is_named_twice_is_one() -> None:
    (_, second) = operations(document(task("a", children="bb"), task("b", *"aa")))
    assert second["params"]["dependsOn"] == "a"


def test_a_task_whose_id_has_a_comma_is_still_waited_for() -> None:
    (first, second) = operations(document(task("a,1"), task("b", "a,1")))
    assert first["name"] == second["params"]["dependsOn"] == "a_1"


def test_a_file_counts_once_and_a_file_of_unknown_size_leaves_the_sum_open() -> None:
    files = [{"id": "x", "sizeInBytes": 3}]
    (operation,) = operations(document(task("a", inputFiles=["x", "x"], outputFiles=["x", "?"]), files=files))
    assert operation["params"] == {"inputBytes": 3, "runtimeSeconds": 1.0}


def test_a_payload_stays_small_and_refers_to_nothing() -> None:
    many = [f"f{number}" for number in range(1000)]
    runs = [ran("a", command={"program": "cat @<b.out>" + "x" * 10_000})]
    (operation,) = operations(document(task("a", outputFiles=many, name="@<pop.agendaId>"), runs=runs))
    assert len(json.dumps(operation["payload"])) < 1000
    assert operation["payload"]["resultPayload"]["outputCount"] == 1000
    assert "@<" not in json.dumps(operation)


def test_what_was_converted_is_an_agenda_that_may_be_submitted() -> None:
    tasks = (task("Same"), task("same", "Same"), task(" , ", "same"), task("x" * 2000, " , "), task("x" * 2001))
    runs = [ran(one["id"], command={"program": "@<gone.out>"}) for one in tasks]
    agenda = convert(document(*tasks, runs=runs))
    assert len(validate(parse(json.dumps(agenda).encode(), OpenAgenda, "Agenda"))) == 5
    assert len(edges_of(agenda)) == 3

"""Operations that make operations (spec 8.4): what counts as generated, and what an earlier attempt left behind."""

from typing import Any

import pytest

from handlers.client.objects import Operation
from handlers.executor.operations.generators import GENERATOR, PARENT, Generated, generated, with_regenerated
from handlers.executor.operations.task import OperationFailed

RESULT = {"made": {"ops": [{"name": "g", "type": "t", "payload": None, "params": None}, None]}, "p": {"n": 1}}


def generator(name: str = "a", **said: Any) -> Operation:
    return Operation(name=name, type="sample", params={GENERATOR: {"operationsJsonPointer": "/made/ops", **said}})


def found(operation: Operation, payload: Any = None, result: Any = RESULT) -> Generated:
    made = generated(operation, payload, result)
    assert made is not None
    return made


def names(operations: list[Operation]) -> list[str]:
    return [operation.name for operation in operations]


def test_an_operation_without_the_param_generates_nothing() -> None:
    assert generated(Operation(name="a", type="sample"), None, RESULT) is None


def test_operations_and_params_are_read_where_the_param_says_and_stamped() -> None:
    made = found(generator(paramsJsonPointer="/p"))
    assert made.operations == [Operation(name="g", type="t", params={PARENT: "a"})]
    assert (made.params, made.log_only) == ({"n": 1}, False)
    assert found(generator(operationsJsonPointer="made/ops")).params is None
    assert found(generator(logOnly="true")).log_only


def test_a_stamp_replaces_another_and_keeps_what_else_is_said() -> None:
    result = {"made": {"ops": [{"name": "g", "params": {PARENT: "z", "dependsOn": "b"}}]}}
    assert found(generator(), None, result).operations[0].params == {PARENT: "a", "dependsOn": "b"}


def test_an_update_of_the_agenda_is_a_generator_by_itself() -> None:
    update = Operation(name="u", type="updateAgenda")
    made = found(update, {"logOnly": True}, {"operations": [{"name": "g"}], "params": None})
    assert (names(made.operations), made.params, made.log_only) == (["g"], None, True)
    assert not found(update, {}, {"operations": []}).log_only


@pytest.mark.parametrize(
    ("said", "result", "text"),
    [
        ({}, None, "expected operations at /made/ops of the result"),
        ({}, {"made": []}, "expected operations at /made/ops of the result"),
        ({}, {"made": {"ops": {"name": "g"}}}, "expected operations at /made/ops of the result: Expected `array`"),
        ({}, {"made": {"ops": [{"name": 5}]}}, "expected operations at /made/ops"),
        ({}, {"made": {"ops": [{"type": "t"}]}}, "a name of their own"),
        ({}, {"made": {"ops": [{"name": "g"}, {"name": "g"}]}}, "a name of their own"),
        (
            {"paramsJsonPointer": "/p"},
            {"made": {"ops": []}, "p": [1]},
            "expected params at /p of the result",
        ),
        ({"operationsJsonPointer": None}, RESULT, f"expected the param {GENERATOR} to say where operations stand"),
    ],
)
def test_what_cannot_be_read_fails_the_operation(said: dict[str, Any], result: Any, text: str) -> None:
    with pytest.raises(OperationFailed) as wrong:
        generated(generator(**said), None, result)
    assert text in str(wrong.value)


def test_a_param_that_says_nothing_fails_the_operation() -> None:
    with pytest.raises(OperationFailed, match="to say where operations stand"):
        generated(Operation(name="a", params={GENERATOR: None}, type="sample"), None, RESULT)


def test_what_completed_operations_generated_is_there_again_once_and_what_that_generated_too() -> None:
    nested = {"made": {"ops": [{"name": "g", "params": {GENERATOR: {"operationsJsonPointer": "/x"}}}]}}
    done = {"a": nested, "g": {"x": [{"name": "h"}, {"name": "b"}]}, "b": None}
    operations = [generator(), Operation(name="b", type="of the agenda")]

    again = with_regenerated(operations, done)

    assert names(again) == ["a", "b", "g", "h"]
    assert again[1].type == "of the agenda"
    assert names(with_regenerated(operations, {"b": None})) == ["a", "b"]


def test_a_completed_generator_whose_result_cannot_be_read_generates_nothing_again() -> None:
    assert names(with_regenerated([generator()], {"a": None})) == ["a"]

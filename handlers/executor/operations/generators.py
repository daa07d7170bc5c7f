"""Operations that make operations: what the result of one adds to its run (spec 8.4). Pure.

A generator is an operation with the param `agenda.operation.generator`, which says where in its result the operations
(and params) stand; and any of type `updateAgenda`, whose result is that by itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from jsonpointer import JsonPointer, JsonPointerException

from handlers.client.objects import Object, Operation
from handlers.executor.operations.task import OperationFailed
from handlers.wire.requests import OpenOperation

#: The param that makes an operation a generator, and the type that is one by itself.
GENERATOR, UPDATE = "agenda.operation.generator", "updateAgenda"
#: The param that names the operation which generated another.
PARENT = "generatedOperationParent"


class Generator(Object, frozen=True, kw_only=True):
    """The value of the param."""

    operations_json_pointer: str
    params_json_pointer: str | None = None
    #: what is generated runs here, and the service's agenda is left as it is
    log_only: bool = False


class Generated(msgspec.Struct, frozen=True):
    """What an operation generated."""

    operations: list[Operation]
    params: dict[str, Any] | None
    log_only: bool


def is_generator(operation: Operation) -> bool:
    """Whether an operation may generate others."""
    return operation.type == UPDATE or GENERATOR in operation.params


def generated(operation: Operation, payload: Any, result: Any) -> Generated | None:
    """What the result of an operation generates; None if it is no generator. Raises OperationFailed."""
    if not is_generator(operation):
        return None
    generator = _generator(operation)
    pointer = generator.operations_json_pointer
    operations = operations_of(_find(result, pointer), operation.name, f"at {pointer} of the result")
    params = None if generator.params_json_pointer is None else _find(result, generator.params_json_pointer)
    if params is not None and not isinstance(params, dict):
        raise OperationFailed(f"expected params at {generator.params_json_pointer} of the result, found {params!r:.80}")
    quiet = operation.type == UPDATE and isinstance(payload, dict) and payload.get("logOnly") in (True, "true")
    return Generated(operations, params, generator.log_only or quiet)


def operations_of(found: Any, parent: str, where: str) -> list[Operation]:
    """Operations, stamped with the name of the one that generated them; raises OperationFailed."""
    try:
        read = msgspec.convert(found, list[OpenOperation | None], strict=False)
    except msgspec.ValidationError as wrong:
        raise OperationFailed(f"expected operations {where}: {wrong}") from None
    operations = [
        Operation(name=one.name or "", type=one.type, id=one.id, payload=one.payload, params=_stamped(one, parent))
        for one in read
        if one is not None
    ]
    names = [one.name for one in operations]
    if not all(names) or len({*names}) != len(names):
        raise OperationFailed(f"expected operations with a name of their own each {where}, found {names!r:.200}")
    return operations


def with_regenerated(operations: Sequence[Operation], done: Mapping[str, Any]) -> list[Operation]:
    """An agenda's operations, and those that its completed ones generated and that it does not hold, each once."""
    known = {operation.name: operation for operation in operations}
    left: list[Operation] = [*operations]
    while left:
        parent = left.pop()
        if parent.name not in done or not is_generator(parent):
            continue
        try:
            found = generated(parent, None, done[parent.name])
        except OperationFailed:
            continue  # it completed by another reading of its result
        for operation in [] if found is None else found.operations:
            if operation.name not in known:
                known[operation.name] = operation
                left.append(operation)
    return [*known.values()]


def generating_parent(operation: Operation, operations: Mapping[str, Operation]) -> str | None:
    """The generator, of these operations, that one comes from: it may make it anew, so it runs before it."""
    parent = operations.get(str(operation.params.get(PARENT)))
    return parent.name if parent is not None and parent.name != operation.name and is_generator(parent) else None


def _generator(operation: Operation) -> Generator:
    said = operation.params.get(GENERATOR)
    if said is None and operation.type == UPDATE:
        return Generator(operations_json_pointer="/operations", params_json_pointer="/params")
    try:
        return msgspec.convert(said, Generator, strict=False)
    except msgspec.ValidationError as wrong:
        raise OperationFailed(f"expected the param {GENERATOR} to say where operations stand: {wrong}") from None


def _find(result: Any, pointer: str) -> Any:
    path = pointer if pointer.startswith("/") or not pointer else f"/{pointer}"
    try:
        return JsonPointer(path).resolve(result, None)
    except (JsonPointerException, TypeError):
        return None


def _stamped(operation: OpenOperation, parent: str) -> dict[str, Any]:
    return {**(operation.params or {}), PARENT: parent}

"""What an agenda must be to be accepted, in POP's words and order (spec 4.1). Pure."""

from collections.abc import Mapping, Sequence

from eventstore.errors import Invalid
from handlers.wire.references import RESULT, SERVICE, names_in, operations_of
from handlers.wire.requests import OpenAgenda, OpenOperation

MAXIMUM_ISSUES = 10


def validate(agenda: OpenAgenda | None) -> list[OpenOperation]:
    """The agenda's operations, if it may be submitted; raises Invalid."""
    if agenda is None:
        raise Invalid("Unable to POST/PUT a null object")
    if not (agenda.customer_id or "").strip():
        raise Invalid("The customerId field must be specified.")
    operations = [operation for operation in agenda.operations or [] if operation is not None]
    if not operations:
        raise Invalid("No operations specified in Agenda.")
    names = [operation.name for operation in operations]
    if not all(names):
        raise Invalid("Operations must have names.")
    if len({(name or "").lower() for name in names}) != len(names):
        raise Invalid("Operation names must be unique.")
    refuse_unstorable([agenda.progress_id, *names])
    names_of = [(operation.name or "", names_in(operation.payload)) for operation in operations]
    # Most agendas refer to nothing.
    said = any(names for _, names in names_of)
    if said and (issues := _missing_references(names_of) or _cycles(names_of)):
        shown = [*issues[:MAXIMUM_ISSUES], *(["[Truncating additional issues]"] if issues[MAXIMUM_ISSUES:] else [])]
        raise Invalid("Validation Issues detected: " + ",".join(shown))
    return operations


def refuse_unstorable(ids: Sequence[str | None]) -> None:
    """Ids and names are parts of row keys, which NUL separates; raises Invalid."""
    for identity in ids:
        if identity is not None and ("\0" in identity or len(identity.encode("utf-8", "replace")) > 1024):
            raise Invalid(f"expected an id or name of at most 1024 bytes without NUL, found {identity[:40]!r}")


#: An operation's name, and the names of all references in its payload.
Said = tuple[str, list[str]]


def _missing_references(operations: Sequence[Said]) -> list[str]:
    known = {f"{name}{RESULT}" for name, _ in operations}
    issues = []
    for operation, names in operations:
        if any(name not in known and not name.startswith(SERVICE) for name in names):
            missing = ",".join(dict.fromkeys(name for name in names if name not in known))
            issues.append(f"Invalid references found in operation [{operation}] payload: {missing}")
    return issues


def _cycles(operations: Sequence[Said]) -> list[str]:
    graph = {name: operations_of(names) for name, names in operations}
    return [
        f"There is a circular reference involving the operation: {name}"
        for name, others in graph.items()
        if others and _returns(graph, name)
    ]


def _returns(graph: Mapping[str, Sequence[str]], start: str) -> bool:
    stack, seen = [*graph[start]], set[str]()
    while stack:
        name = stack.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            stack.extend(graph.get(name, ()))
    return False

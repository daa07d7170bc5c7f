"""Which operations of an agenda may run now (spec 10.3). Pure.

An operation waits for those that its params name in `dependsOn` and those whose results its payload refers to.
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any

from handlers.client.objects import Operation
from handlers.references import RESULT, operations_in
from handlers.replacement import replace


class Graph:
    """The operations that are left, and the results of those that are done."""

    def __init__(self, operations: Iterable[Operation], done: Mapping[str, Any]) -> None:
        #: what references stand for, by their names
        self._values = {f"{name}{RESULT}": _known(result) for name, result in done.items()}
        self._left = {operation.name: operation for operation in operations if operation.name not in done}
        self._needs = {name: needs(operation) - done.keys() for name, operation in self._left.items()}
        self._dependents: dict[str, list[str]] = {}
        for name, others in self._needs.items():
            for other in others:
                self._dependents.setdefault(other, []).append(name)
        self._free = [name for name, others in self._needs.items() if not others]

    @property
    def left(self) -> list[str]:
        """Names of the operations that were not started."""
        return [*self._left]

    def start(self) -> list[Operation]:
        """The operations that may run now; each is named once."""
        free, self._free = self._free, []
        return [self._left.pop(name) for name in free]

    def finish(self, name: str, result: Any) -> None:
        """An operation is done: what waited for nothing else may run."""
        self._values[f"{name}{RESULT}"] = _known(result)
        for other in self._dependents.pop(name, ()):
            waits = self._needs[other]
            waits.discard(name)
            if not waits:
                self._free.append(other)

    def deadlock(self) -> list[str]:
        """Why nothing of what is left can ever run, in words."""
        return [f"{name} waits for {', '.join(sorted(self._needs[name]))}" for name in self._left]

    def payload(self, operation: Operation, agenda_id: str) -> tuple[Any, list[str]]:
        """An operation's payload with its references resolved, and what could not be (spec 5.2, 10.3)."""
        own = {"pop.agendaId": agenda_id, "pop.operationName": operation.name}
        return replace(operation.payload, ChainMap(own, self._values))


def _known(result: Any) -> Any:
    # An operation that answered nothing stands for an object with nothing in it.
    return {} if result is None else result


def needs(operation: Operation) -> set[str]:
    """Names of the operations that one waits for."""
    said = operation.params.get("dependsOn")
    named = {name.strip() for name in str(said).split(",")} if said is not None else set()
    return (named | set(operations_in(operation.payload))) - {""}

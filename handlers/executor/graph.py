"""Which operations of an agenda may run now (spec 10.3). Pure.

An operation waits for those that its params name in `dependsOn` and those whose results its payload refers to; one that
an earlier attempt left behind waits for its generator too, which may make it anew.
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any

from handlers.client.objects import Operation
from handlers.executor.operations.generators import PARENT, generating_parent
from handlers.wire.references import RESULT, operations_in
from handlers.wire.replacement import replace


class Graph:
    """The operations that are left, and the results of those that are done."""

    def __init__(self, operations: Iterable[Operation], done: Mapping[str, Any]) -> None:
        #: what references stand for, by their names
        self._values = {f"{name}{RESULT}": _known(result) for name, result in done.items()}
        self._done = {*done}
        self._known = {operation.name: operation for operation in operations}
        self._left: dict[str, Operation] = {}
        self._needs: dict[str, set[str]] = {}
        self._dependents: dict[str, list[str]] = {}
        for operation in self._known.values():
            if operation.name not in done:
                parent = generating_parent(operation, self._known)
                self._wait(operation, {parent} - {None})
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
        self._done.add(name)
        for other in self._dependents.pop(name, ()):
            waits = self._needs[other]
            if name in waits:
                waits.discard(name)
                if not waits:
                    self._free.append(other)

    def taken(self, parent: str, operations: Iterable[Operation]) -> list[str]:
        """Names of operations that one cannot generate, because others have them that it did not generate."""
        known = (self._known.get(operation.name) for operation in operations)
        return [one.name for one in known if one is not None and one.params.get(PARENT) != parent]

    def add(self, parent: str, operations: Iterable[Operation]) -> int:
        """Take in what an operation, which is not finished yet, generated; how many of them are new.

        What was not started takes the place of its like from an earlier attempt; what was is not run again.
        """
        new = 0
        for operation in operations:
            there = operation.name in self._known
            new += not there
            if not there or operation.name in self._left:
                self._known[operation.name] = operation
                self._wait(operation, {parent})
        return new

    def _wait(self, operation: Operation, besides: Iterable[str | None]) -> None:
        self._left[operation.name] = operation
        waits = (needs(operation) | {name for name in besides if name is not None}) - self._done
        self._needs[operation.name] = waits
        for other in waits:
            self._dependents.setdefault(other, []).append(operation.name)

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

"""How fast an agenda of sleeping operations can be at best, and how fast a simple schedule is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush
from typing import Any

from eventstore.errors import Invalid


@dataclass(frozen=True, slots=True)
class Bound:
    """No schedule on `slots` takes less than `at_least_ms`; `greedy_ms` is what one schedule takes."""

    slots: int
    critical_path_ms: int
    work_ms: int
    at_least_ms: int
    greedy_ms: int


def bound(agenda: Mapping[str, Any], slots: int) -> Bound:
    """The bounds for an agenda in wire form, read from `sleepMilliseconds` and `dependsOn`; raises Invalid.

    What an executor adds to each operation (starting it, whole seconds of sleep) is not in here.
    """
    if slots < 1:
        raise Invalid(f"expected at least 1 slot, found {slots}")
    spans = {operation["name"]: _sleep_ms(operation) for operation in agenda["operations"]}
    parents = {operation["name"]: _depends_on(operation) for operation in agenda["operations"]}
    children = _children(parents)
    tails = _tails(spans, parents, children)
    path, work = max(tails.values(), default=0), sum(spans.values())
    return Bound(
        slots=slots,
        critical_path_ms=path,
        work_ms=work,
        at_least_ms=max(path, -(-work // slots)),
        greedy_ms=_greedy(spans, children, tails, slots),
    )


def _sleep_ms(operation: Mapping[str, Any]) -> int:
    return sum(action["paramsMap"]["sleepMilliseconds"] for action in operation["payload"]["actions"])


def _depends_on(operation: Mapping[str, Any]) -> list[str]:
    listed = operation["params"].get("dependsOn")
    return [*dict.fromkeys(name.strip() for name in listed.split(","))] if listed else []


def _children(parents: Mapping[str, list[str]]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {name: [] for name in parents}
    for name, waited_for in parents.items():
        for parent in waited_for:
            if parent not in children:
                raise Invalid(f"expected operation {name!r} to depend on operations of its agenda, found {parent!r}")
            children[parent].append(name)
    return children


def _tails(
    spans: Mapping[str, int], parents: Mapping[str, list[str]], children: Mapping[str, list[str]]
) -> dict[str, int]:
    """For each operation, the longest path from its start to the end of the agenda."""
    try:
        order = [*TopologicalSorter(parents).static_order()]
    except CycleError as error:
        raise Invalid(f"expected operations that can all start, found the cycle {error.args[1]}") from None
    tails: dict[str, int] = {}
    for name in reversed(order):
        tails[name] = spans[name] + max((tails[child] for child in children[name]), default=0)
    return tails


def _greedy(spans: Mapping[str, int], children: Mapping[str, list[str]], tails: Mapping[str, int], slots: int) -> int:
    """How long it takes if a free slot always takes, of what is ready, the one with the longest tail."""
    waits = dict.fromkeys(children, 0)
    for child in (child for freed in children.values() for child in freed):
        waits[child] += 1
    ready = [(-tails[name], name) for name, count in waits.items() if not count]
    heapify(ready)
    running: list[tuple[int, str]] = []
    now = 0
    while ready or running:
        while ready and len(running) < slots:
            _, name = heappop(ready)
            heappush(running, (now + spans[name], name))
        now = running[0][0]
        # All that end now are taken together: a slot must not be filled before every candidate is known.
        while running and running[0][0] == now:
            for child in children[heappop(running)[1]]:
                waits[child] -= 1
                if not waits[child]:
                    heappush(ready, (-tails[child], child))
    return now

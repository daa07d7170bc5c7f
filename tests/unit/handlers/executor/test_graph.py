"""Which operations may run now, and what their payloads become (spec 10.3)."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from handlers.client.objects import Operation
from handlers.executor.graph import Graph, needs


def operation(name: str, *after: str, payload: Any = None) -> Operation:
    params: dict[str, Any] = {"dependsOn": ",".join(after)} if after else {}
    return Operation(name=name, type="t", payload=payload, params=params)


def started(graph: Graph) -> list[str]:
    return [one.name for one in graph.start()]


def payload(payload: Any, results: Mapping[str, Any]) -> tuple[Any, list[str]]:
    return Graph([], results).payload(operation("me", payload=payload), "a1")


@pytest.mark.parametrize(
    ("params", "content", "expected"),
    [
        ({}, None, set()),
        ({"dependsOn": None}, None, set()),
        ({"dependsOn": ""}, None, set()),
        ({"dependsOn": " a , b,,a "}, None, {"a", "b"}),
        ({}, {"x": ["@<c.out::/p>", "in @<d.out> and @<e.out>"]}, {"c", "d", "e"}),
        ({"dependsOn": "a"}, "@<a.out>@<b.out>", {"a", "b"}),
        ({}, ["@<pop.agendaId>", "@<other>"], set()),
        ({}, {"@<key.out>": 1}, set()),
    ],
)
def test_an_operation_needs_what_it_names_and_what_it_refers_to(
    params: dict[str, Any], content: Any, expected: set[str]
) -> None:
    assert needs(Operation(name="me", params=params, payload=content)) == expected


def test_what_needs_nothing_starts_at_once_and_once() -> None:
    graph = Graph([operation("a"), operation("b"), operation("c", "a")], {})
    assert started(graph) == ["a", "b"]
    assert started(graph) == []
    assert graph.left == ["c"]


def test_an_operation_starts_after_the_last_that_it_needs() -> None:
    graph = Graph([operation("a"), operation("b"), operation("c", "a", payload="@<b.out>")], {})
    graph.start()
    graph.finish("b", 1)
    assert started(graph) == []
    graph.finish("a", None)
    assert started(graph) == ["c"]
    assert graph.left == []


def test_what_was_done_before_is_not_started_and_its_result_is_known() -> None:
    graph = Graph([operation("a"), operation("b", "a", payload="@<a.out::/n>")], {"a": {"n": 7}})
    (one,) = graph.start()
    assert one.name == "b"
    assert graph.payload(one, "a1") == (7, [])


def test_an_operation_that_needs_an_unknown_one_waits_for_ever_and_says_so() -> None:
    graph = Graph([operation("a", "none", "nil")], {})
    assert started(graph) == []
    assert graph.deadlock() == ["a waits for nil, none"]


def test_an_operation_that_needs_itself_never_starts() -> None:
    assert Graph([operation("a", payload="@<a.out>")], {}).deadlock() == ["a waits for a"]


def test_a_graph_that_is_done_has_no_deadlock() -> None:
    graph = Graph([operation("a")], {})
    graph.start()
    graph.finish("a", None)
    assert graph.deadlock() == []


def test_results_stand_for_their_references() -> None:
    assert payload({"x": "@<a.out>", "y": "in @<a.out::/d>"}, {"a": {"d": 1}}) == ({"x": {"d": 1}, "y": "in 1"}, [])


def test_no_result_counts_as_an_object_with_nothing_in_it() -> None:
    assert payload(["@<a.out>", "@<a.out::/x?no>"], {"a": None}) == ([{}, "no"], [])


@pytest.mark.parametrize("result", [False, 0, "", []])
def test_a_result_that_is_false_is_one(result: Any) -> None:
    assert payload("@<a.out>", {"a": result}) == (result, [])


def test_the_agendas_id_and_the_operations_name_are_known() -> None:
    assert payload("@<pop.agendaId>/@<pop.operationName>", {}) == ("a1/me", [])


def test_a_path_to_nothing_in_a_result_is_said() -> None:
    assert payload("@<a.out::/x>", {"a": {}}) == ("@<a.out::/x>", ["a.out has nothing at /x"])


Edges = list[tuple[int, int]]
graphs = some.integers(1, 12).flatmap(
    lambda size: some.tuples(
        some.just(size),
        some.lists(some.tuples(some.integers(0, size - 1), some.integers(0, size - 1)), max_size=30),
        some.permutations(range(size)),
        some.sets(some.integers(0, size - 1)),
        some.randoms(use_true_random=False),
    )
)


def built(size: int, edges: Edges, order: list[int], done: set[int]) -> tuple[Graph, dict[str, set[str]]]:
    """Operations in some order; half of the edges are said in dependsOn, the others by a reference."""
    wants = {f"o{n}": {f"o{a}" for a, b in edges if b == n} for n in range(size)}
    operations = [
        operation(
            f"o{n}",
            *sorted(one for one in wants[f"o{n}"] if int(one[1:]) % 2),
            payload=[f"@<{one}.out>" for one in sorted(wants[f"o{n}"]) if not int(one[1:]) % 2],
        )
        for n in order
    ]
    return Graph(operations, {f"o{n}": None for n in done}), wants


@given(graphs)
def test_in_any_graph_without_a_cycle_every_operation_starts_once_after_all_it_needs(
    drawn: tuple[int, Edges, list[int], set[int], Any],
) -> None:
    size, edges, order, _, chance = drawn
    graph, wants = built(size, [(a, b) for a, b in edges if a < b], order, set())
    running, finished, seen = started(graph), set[str](), list[str]()
    seen += running
    while running:
        name = running.pop(chance.randrange(len(running)))
        graph.finish(name, name)
        finished.add(name)
        new = started(graph)
        assert all(wants[one] <= finished for one in new)
        running += new
        seen += new
    assert sorted(seen) == sorted(wants)
    assert graph.left == graph.deadlock() == []


@given(graphs)
def test_in_any_graph_what_never_starts_is_named_with_what_it_waits_for(
    drawn: tuple[int, Edges, list[int], set[int], Any],
) -> None:
    size, edges, order, done, _ = drawn
    graph, wants = built(size, edges, order, done)
    finished = {f"o{n}" for n in done}
    while new := started(graph):
        assert not finished & {*new}
        for name in new:
            graph.finish(name, None)
        finished |= {*new}
    stuck = wants.keys() - finished
    assert {*graph.left} == stuck
    # Each waits for exactly what it needs and never got: on a cycle, or behind one.
    assert {*graph.deadlock()} == {f"{name} waits for {', '.join(sorted(wants[name] - finished))}" for name in stuck}
    assert all(wants[name] & stuck for name in stuck)


# --- what operations generate


def stamped(name: str, parent: str, *depends_on: str, **more: Any) -> Operation:
    params = {"generatedOperationParent": parent, "dependsOn": ",".join(depends_on)}
    return Operation(name=name, params=params, **more)


def names(operations: list[Operation]) -> list[str]:
    return [one.name for one in operations]


GENERATES = {"agenda.operation.generator": {"operationsJsonPointer": "/ops"}}


def test_what_is_generated_runs_after_its_generator_and_what_else_it_needs() -> None:
    graph = Graph([operation("a"), operation("b")], {})
    assert names(graph.start()) == ["a", "b"]

    assert graph.add("a", [stamped("g", "a"), stamped("h", "a", "b", "g")]) == 2

    assert graph.start() == []
    graph.finish("a", None)
    assert names(graph.start()) == ["g"]
    graph.finish("g", None)
    assert graph.start() == []
    graph.finish("b", None)
    assert names(graph.start()) == ["h"]


def test_what_an_earlier_attempt_left_behind_waits_for_its_generator_and_is_replaced() -> None:
    graph = Graph([Operation(name="a", params=GENERATES), stamped("g", "a", type="old"), stamped("h", "a")], {})
    assert names(graph.start()) == ["a"]

    assert graph.add("a", [stamped("g", "a", type="new"), stamped("i", "a")]) == 1

    graph.finish("a", None)
    assert sorted((one.name, one.type) for one in graph.start()) == [("g", "new"), ("h", None), ("i", None)]
    assert graph.left == []


def test_what_a_completed_generator_left_behind_waits_for_nobody() -> None:
    graph = Graph([Operation(name="a", params=GENERATES), stamped("g", "a")], {"a": None})
    assert names(graph.start()) == ["g"]


def test_what_is_stamped_with_an_operation_that_generates_nothing_does_not_wait_for_it() -> None:
    graph = Graph([operation("a"), stamped("g", "a")], {})
    assert names(graph.start()) == ["a", "g"]


def test_what_was_started_or_is_done_is_not_run_again() -> None:
    graph = Graph([Operation(name="a", params=GENERATES), stamped("g", "a"), stamped("h", "a")], {"g": None, "a": 1})
    assert names(graph.start()) == ["h"]
    assert graph.add("a", [stamped("g", "a"), stamped("h", "a")]) == 0
    graph.finish("a", None)
    assert graph.start() == []
    assert graph.left == []


def test_what_is_generated_does_not_wait_for_what_is_done_already() -> None:
    graph = Graph([operation("a"), operation("b")], {})
    graph.start()
    graph.finish("b", None)
    graph.add("a", [stamped("g", "a", "b")])
    graph.finish("a", None)
    assert names(graph.start()) == ["g"]


def test_names_that_others_have_are_taken() -> None:
    graph = Graph([Operation(name="a", params=GENERATES), operation("b"), stamped("g", "a"), stamped("h", "b")], {})
    wanted = [stamped(name, "a") for name in ("b", "g", "h", "new")]
    assert graph.taken("a", wanted) == ["b", "h"]

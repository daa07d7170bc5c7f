"""Whatever the workflow: no edge is lost, and no schedule beats its bound."""

from typing import Any

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from handlers.converting.bound import bound
from handlers.converting.wfcommons import convert
from tests.unit.handlers.converting.workflows import document, edges_of, ran, task

Edges = set[tuple[str, str]]


@st.composite
def workflows(draw: st.DrawFn) -> tuple[bytes, list[str], Edges]:
    """A random DAG in a random order; each edge is said by the parent, by the child or by both."""
    alphabet = st.text("aAbB,. ", min_size=1, max_size=4)
    ids = draw(st.lists(alphabet, unique=True, min_size=1, max_size=12))
    pairs = [(one, other) for index, other in enumerate(ids) for one in ids[:index]]
    edges = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    said = {edge: draw(st.sampled_from(["parents", "children", "both"])) for edge in sorted(edges)}
    order = draw(st.permutations(ids))
    tasks: list[dict[str, Any]] = [
        task(
            one,
            *[parent for parent, child in said if child == one and said[parent, child] != "children"],
            children=[child for parent, child in said if parent == one and said[parent, child] != "parents"],
        )
        for one in order
    ]
    runs = [ran(one, draw(st.integers(0, 5000)) / 1000) for one in ids]
    return document(*tasks, runs=runs), order, edges


@settings(deadline=None)
@for_all(workflows())
def test_every_edge_survives(made: tuple[bytes, list[str], Edges]) -> None:
    body, order, edges = made
    agenda = convert(body)
    names = dict(zip(order, [operation["name"] for operation in agenda["operations"]], strict=True))
    assert edges_of(agenda) == {(names[parent], names[child]) for parent, child in edges}
    assert agenda["params"]["dependencies"] == len(edges)


@settings(deadline=None)
@for_all(workflows(), st.integers(1, 6))
def test_the_greedy_schedule_lies_between_the_bound_and_the_work(
    made: tuple[bytes, list[str], Edges], slots: int
) -> None:
    found = bound(convert(made[0]), slots)
    assert found.at_least_ms <= found.greedy_ms <= found.work_ms
    # Graham's bound for any list schedule.
    assert found.greedy_ms * slots <= found.work_ms + (slots - 1) * found.critical_path_ms

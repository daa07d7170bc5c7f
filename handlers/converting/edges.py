"""Who waits for whom in a workflow. Pure."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from handlers.converting.places import TASKS, quoted, wrong
from handlers.converting.wfformat import Task

#: Of a longer cycle, the middle is left out.
LONGEST_CYCLE_SHOWN = 10


def parents_of(tasks: Mapping[str, Task]) -> dict[str, list[str]]:
    """Each task's parents, each once; raises NotAWorkflow.

    An edge is one that `parents` or `children` names. The schema wants the two to agree and cannot enforce it; where
    they do not, their union waits for too much at worst, while either alone could start a task too early.
    """
    found: dict[str, dict[str, None]] = {task: {} for task in tasks}
    for index, task in enumerate(tasks.values()):
        for parent in _known(task.parents, tasks, f"{TASKS}[{index}].parents"):
            found[task.id][parent] = None
    for index, task in enumerate(tasks.values()):
        for child in _known(task.children, tasks, f"{TASKS}[{index}].children"):
            found[child][task.id] = None
    edges = {task: [*parents] for task, parents in found.items()}
    _refuse_cycles(edges)
    return edges


def _known(named: Iterable[str], tasks: Mapping[str, Task], place: str) -> Iterable[str]:
    for index, name in enumerate(named):
        if name not in tasks:
            raise wrong(f"{place}[{index}]", "the id of a task", f"unknown task {quoted(name)}")
        yield name


def _refuse_cycles(edges: Mapping[str, list[str]]) -> None:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        place = f"{TASKS}[{[*edges].index(cycle[0])}]"
        raise wrong(place, "a task that does not wait for itself", f"the cycle {_drawn(cycle)}") from None


def _drawn(cycle: list[str]) -> str:
    names = [quoted(name) for name in cycle]
    if len(names) > LONGEST_CYCLE_SHOWN:
        names = [*names[:4], f"({len(names) - 8} more)", *names[-4:]]
    return " -> ".join(names)

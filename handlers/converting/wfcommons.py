"""A workflow of WfCommons (WfFormat JSON) as an agenda that does nothing but take as long. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from eventstore.errors import Invalid
from handlers.converting.edges import parents_of
from handlers.converting.reading import read
from handlers.converting.wfformat import Run, Task, Workflow
from handlers.converting.wording import harmless, names_of

#: Who handles the operations: POP's sample handler, which sleeps, logs and echoes a result.
OPERATION_TYPE = "sample"
MAXIMUM_SCALE = 1000
OUTPUTS_SHOWN = 20


def convert(document: bytes, *, scale: float = 1.0, customer_id: str = "demo") -> dict[str, Any]:
    """The agenda to submit: one operation per task, which waits for the same tasks and takes `scale` times as long.

    Raises NotAWorkflow, which names the place in the document, and Invalid for a scale that is none.
    """
    if not 0 <= scale <= MAXIMUM_SCALE:
        raise Invalid(f"expected a scale from 0 to {MAXIMUM_SCALE}, found {scale}")
    workflow = read(document)
    edges = parents_of(workflow.tasks)
    names = names_of([*workflow.tasks])
    return {
        "customerId": customer_id,
        "title": workflow.name,
        "operations": [
            {
                "name": names[task.id],
                "type": OPERATION_TYPE,
                "payload": _payload(task, workflow.runs[task.id], scale),
                "params": _params(task, workflow, [names[parent] for parent in edges[task.id]]),
            }
            for task in workflow.tasks.values()
        ],
        "params": {
            "source": "WfCommons",
            "schemaVersion": workflow.version,
            "scale": scale,
            "tasks": len(edges),
            "dependencies": sum(map(len, edges.values())),
        },
    }


def _payload(task: Task, run: Run, scale: float) -> dict[str, Any]:
    program = run.command.program if run.command else None
    sleep = {
        "sleepMilliseconds": round(run.runtime_in_seconds * scale * 1000),
        "logMessage": harmless(program or task.name),
    }
    result = {
        "task": harmless(task.name),
        "outputs": [harmless(file) for file in task.output_files[:OUTPUTS_SHOWN]],
        "outputCount": len(task.output_files),
    }
    return {"actions": [{"action": "log", "paramsMap": sleep}], "resultPayload": result}


def _params(task: Task, workflow: Workflow, parents: list[str]) -> dict[str, Any]:
    params: dict[str, Any] = {"dependsOn": ",".join(parents)} if parents else {}
    sizes = {
        "inputBytes": _bytes_in(task.input_files, workflow.sizes),
        "outputBytes": _bytes_in(task.output_files, workflow.sizes),
    }
    params |= {name: size for name, size in sizes.items() if size is not None}
    return params | {"runtimeSeconds": workflow.runs[task.id].runtime_in_seconds}


def _bytes_in(files: Iterable[str], sizes: Mapping[str, int]) -> int | None:
    """How much the files hold, each counted once; None if one has no size (the schema does not demand the list)."""
    found = [sizes.get(file) for file in dict.fromkeys(files)]
    known = [size for size in found if size is not None]
    return sum(known) if len(known) == len(found) else None

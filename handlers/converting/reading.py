"""From the bytes of a WfFormat file to a workflow that is whole; each mistake is named with its place. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from eventstore.errors import NotAWorkflow
from handlers.converting.places import FILES, RUNS, TASKS, quoted, wrong
from handlers.converting.wfformat import Body, Document, File, Run, Task, Workflow

#: The schema versions that this was tested with; others are refused, as a guess could lose dependencies.
TESTED = frozenset({"1.5"})
MAXIMUM_TASKS = 10_000
#: 31 years: with the largest scale, milliseconds still are exact in JSON.
MAXIMUM_SECONDS = 1e9
#: The largest number that every reader of JSON keeps exactly.
MAXIMUM_BYTES = 2**53

Kind = TypeVar("Kind")
Named = TypeVar("Named", Task, File, Run)


def read(document: bytes) -> Workflow:
    """The workflow in a file; raises NotAWorkflow."""
    outer = _typed(_decoded(document), Document, "$")
    if outer.schema_version not in TESTED:
        known = " or ".join(sorted(TESTED))
        raise wrong("$.schemaVersion", f"a version this converter knows ({known})", quoted(outer.schema_version))
    body = _typed(outer.workflow, Body, "$.workflow")
    if not 1 <= len(body.specification.tasks) <= MAXIMUM_TASKS:
        raise wrong(TASKS, f"1 to {MAXIMUM_TASKS} tasks", str(len(body.specification.tasks)))
    tasks = _by_id(body.specification.tasks, Task, TASKS)
    return Workflow(
        name=outer.name,
        version=outer.schema_version,
        tasks=tasks,
        sizes=_sizes(body.specification.files),
        runs=_runs(body.execution.tasks, tasks),
    )


def _decoded(document: bytes) -> Any:
    try:
        return msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise NotAWorkflow(f"$: expected JSON, found something else: {_where(document) or broken}") from None


def _where(document: bytes) -> str:
    """Line and column, which only the standard library says; nothing where it takes what msgspec refuses."""
    try:
        json.loads(document)
    except json.JSONDecodeError as wrong:
        return f"line {wrong.lineno}, column {wrong.colno}: {wrong.msg}"
    except (ValueError, RecursionError):
        pass
    return ""


def _typed(value: Any, kind: type[Kind], place: str) -> Kind:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as mistake:
        said, _, path = str(mistake).partition(" - at `$")
        raise NotAWorkflow(f"{place}{_exact(path.removesuffix('`'), value)}: {said}") from None


def _exact(path: str, value: Any) -> str:
    """msgspec writes `[...]` for an index; the only lists that it looks into here are lists of texts."""
    if not path.endswith("[...]"):
        return path
    field = path.removesuffix("[...]")
    items = value[field.removeprefix(".")]
    return f"{field}[{next(index for index, item in enumerate(items) if not isinstance(item, str))}]"


def _by_id(items: Sequence[Any], kind: type[Named], place: str) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for index, item in enumerate(items):
        one = _typed(item, kind, f"{place}[{index}]")
        if one.id in found:
            raise wrong(f"{place}[{index}].id", "an id that stands here once", f"{quoted(one.id)} again")
        found[one.id] = one
    return found


def _sizes(files: Sequence[Any]) -> dict[str, int]:
    sizes = {file.id: file.size_in_bytes for file in _by_id(files, File, FILES).values()}
    for index, size in enumerate(sizes.values()):
        if size < 0:
            raise wrong(f"{FILES}[{index}].sizeInBytes", "0 or more", str(size))
    if sum(sizes.values()) > MAXIMUM_BYTES:
        raise wrong(FILES, f"at most {MAXIMUM_BYTES} bytes in all", str(sum(sizes.values())))
    return sizes


def _runs(items: Sequence[Any], tasks: Mapping[str, Task]) -> dict[str, Run]:
    runs = _by_id(items, Run, RUNS)
    for index, run in enumerate(runs.values()):
        if run.id not in tasks:
            raise wrong(
                f"{RUNS}[{index}].id", "the id of a task of the specification", f"unknown task {quoted(run.id)}"
            )
        if not 0 <= run.runtime_in_seconds <= MAXIMUM_SECONDS:
            limits = f"0 to {MAXIMUM_SECONDS:.0f} seconds"
            raise wrong(f"{RUNS}[{index}].runtimeInSeconds", limits, str(run.runtime_in_seconds))
    for index, task in enumerate(tasks):
        if task not in runs:
            raise wrong(RUNS, f"the runtime of task {quoted(task)} ({TASKS}[{index}])", "none")
    return runs

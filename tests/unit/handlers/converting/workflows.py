"""Small workflows in WfFormat, written by hand: a task is its id, what it waits for and how long it ran."""

import json
from collections.abc import Iterable
from typing import Any


def task(identity: str, *parents: str, children: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    return {"id": identity, "name": identity, "parents": [*parents], "children": [*children], **more}


def ran(identity: str, seconds: Any = 1.0, **more: Any) -> dict[str, Any]:
    return {"id": identity, "runtimeInSeconds": seconds, **more}


def workflow(*tasks: Any, runs: Iterable[Any] | None = None, files: Iterable[Any] = (), **top: Any) -> dict[str, Any]:
    """A whole file; without `runs`, every task ran for one second."""
    executed = [ran(one["id"]) for one in tasks] if runs is None else [*runs]
    specification = {"tasks": [*tasks], "files": [*files]}
    body = {"specification": specification, "execution": {"makespanInSeconds": 9, "tasks": executed}}
    return {"name": "wf", "schemaVersion": "1.5", "workflow": body, **top}


def document(*tasks: Any, **more: Any) -> bytes:
    return json.dumps(workflow(*tasks, **more)).encode()


def edges_of(agenda: dict[str, Any]) -> set[tuple[str, str]]:
    """Who waits for whom in an agenda: (parent, child)."""
    return {
        (parent, operation["name"])
        for operation in agenda["operations"]
        for parent in operation["params"].get("dependsOn", "").split(",")
        if parent
    }

"""What WfFormat, the JSON of WfCommons, says, as far as an agenda needs it. Pure."""

from typing import Any

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Base of what is read: what is unknown is ignored, as the schema allows more than it names."""


class Document(Part, frozen=True, kw_only=True):
    """The file; its workflow is looked at once the version is known."""

    name: str
    schema_version: str
    workflow: Any


class Specification(Part, frozen=True, kw_only=True):
    """What was to be done. The lists stay open here, so that an item's mistake is named with its index."""

    tasks: list[Any]
    files: list[Any] = []


class Execution(Part, frozen=True, kw_only=True):
    """What was measured."""

    tasks: list[Any]


class Body(Part, frozen=True, kw_only=True):
    """The workflow; the schema makes its execution optional."""

    specification: Specification
    execution: Execution = Execution(tasks=[])


class Task(Part, frozen=True, kw_only=True):
    """One step. `parents` and `children` are required by the schema: a misspelt one would lose edges silently."""

    id: str
    name: str
    parents: list[str]
    children: list[str]
    input_files: list[str] = []
    output_files: list[str] = []


class File(Part, frozen=True, kw_only=True):
    """A file that tasks read or write."""

    id: str
    size_in_bytes: int


class Command(Part, frozen=True, kw_only=True):
    """What a task ran."""

    program: str | None = None


class Run(Part, frozen=True, kw_only=True):
    """How one task went."""

    id: str
    runtime_in_seconds: float
    command: Command | None = None


class Workflow(Part, frozen=True, kw_only=True):
    """A whole file, each part of it under its id."""

    name: str
    version: str
    tasks: dict[str, Task]
    sizes: dict[str, int]
    runs: dict[str, Run]

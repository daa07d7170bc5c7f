"""Which local program runs which operation type: the registry file, a JSON object.

{"encode": {"argv": ["ffmpeg", "-i", "-"], "timeoutSeconds": 600, "environment": {"K": "V"}, "directory": null}}
"""

from pathlib import Path
from typing import Annotated

import msgspec

from eventstore.errors import AgendumError
from handlers.executor.operations.environment import is_free


class NotARegistry(AgendumError):
    """A registry file is not what it should be; the message begins with the file and the place in it."""


class Program(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One entry."""

    #: the program, by name (looked for in PATH) or path, and its arguments
    argv: Annotated[list[str], msgspec.Meta(min_length=1)]
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=31_536_000)] = 60.0
    #: beside what every program is told (spec 10.1), and before the executor's own PATH, HOME, …
    environment: dict[str, str] = {}
    #: where it runs; None: where the executor does
    directory: str | None = None


def read_registry(path: Path) -> dict[str, Program]:
    """The programs by operation type; raises NotARegistry."""
    try:
        entries = msgspec.json.decode(path.read_bytes())
    except OSError as wrong:
        raise NotARegistry(f"{path}: expected a registry file, found {wrong.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise NotARegistry(f"{path}: expected JSON, found something else: {broken}") from None
    if not isinstance(entries, dict):
        raise NotARegistry(f"{path}: $: expected an object of operation types, found {type(entries).__name__}")
    return {kind: _program(f"{path}: $.{kind}", entry) for kind, entry in entries.items()}


def _program(place: str, entry: object) -> Program:
    try:
        found = msgspec.convert(entry, Program)
    except msgspec.ValidationError as mistake:
        said, _, at = str(mistake).partition(" - at `$")
        raise NotARegistry(f"{place}{at.removesuffix('`')}: {said}") from None
    if not found.argv[0]:
        raise NotARegistry(f"{place}.argv[0]: expected the name of a program, found an empty text")
    if any("\0" in text for text in (*found.argv, *found.environment.values(), found.directory or "")):
        raise NotARegistry(f"{place}: expected texts that a system call takes, found one with a NUL")
    for name in found.environment:
        if not is_free(name):
            raise NotARegistry(f"{place}.environment: expected names that are free to use, found {name!r}")
    return found

"""What runs which operation type: the registry file, a JSON object that the executor's operator writes.

{"encode": {"argv": ["ffmpeg", "-i", "-"], "timeoutSeconds": 600, "environment": {"K": "V"}, "directory": null},
 "probe": {"launchType": "local", "argv": ["java", "-cp", "probe.jar", "Probe"]},
 "merge": {"launchType": "docker", "image": "merge:1.2", "argv": ["merge"], "memoryMiB": 512, "cpus": 1.5}}

An agenda chooses among these by an operation's type, and can neither name nor change one.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from eventstore.errors import AgendumError
from handlers.executor.operations.environment import is_free

Seconds = Annotated[float, msgspec.Meta(gt=0, le=31_536_000)]


class NotARegistry(AgendumError):
    """A registry file is not what it should be; the message begins with the file and the place in it."""


class Program(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An entry that is a program of this machine."""

    #: None: speaks as it likes (`command`); local: a handler program of POP's (`local`)
    launch_type: Literal["local"] | None = None
    #: the program, by name (looked for in PATH) or path, and its arguments
    argv: Annotated[list[str], msgspec.Meta(min_length=1)]
    timeout_seconds: Seconds = 60.0
    #: beside what every program is told (spec 10.1), and before the executor's own PATH, HOME, …
    environment: dict[str, str] = {}
    #: where it runs; None: where the executor does
    directory: str | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An entry that is a handler program of POP's in a container."""

    launch_type: Literal["docker"]
    #: with its tag or digest; pulled when the engine does not have it
    image: Annotated[str, msgspec.Meta(min_length=1)]
    #: what runs in it (its ENTRYPOINT's arguments, if it has one), followed by POP's own arguments; None: its own
    #: command, which is given no arguments
    argv: list[str] | None = None
    #: from the start of the container; a pull does not count
    timeout_seconds: Seconds = 60.0
    environment: dict[str, str] = {}
    #: in the container; None: the image's
    directory: str | None = None
    #: user[:group]; None: the image's
    user: str | None = None
    #: memory with nothing of it swapped; None: all there is
    memory_mib: Annotated[int, msgspec.Meta(ge=6)] | None = msgspec.field(name="memoryMiB", default=None)
    cpus: Annotated[float, msgspec.Meta(gt=0)] | None = None
    #: host, none, or the name of a network; None: the engine's usual one
    network: str | None = None
    #: folders of the engine's machine, as /there:/in/the/container[:ro]
    binds: list[str] = []


Entry = Program | Image
#: launchType -> what its entry is
_KINDS: dict[object, type[Program] | type[Image]] = {None: Program, "local": Program, "docker": Image}


def read_registry(path: Path) -> dict[str, Entry]:
    """The entries by operation type; raises NotARegistry."""
    try:
        entries = msgspec.json.decode(path.read_bytes())
    except OSError as wrong:
        raise NotARegistry(f"{path}: expected a registry file, found {wrong.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise NotARegistry(f"{path}: expected JSON, found something else: {broken}") from None
    if not isinstance(entries, dict):
        raise NotARegistry(f"{path}: $: expected an object of operation types, found {type(entries).__name__}")
    return {kind: _entry(f"{path}: $.{kind}", entry) for kind, entry in entries.items()}


def _entry(place: str, entry: object) -> Entry:
    launch_type = entry.get("launchType") if isinstance(entry, dict) else None
    if not isinstance(launch_type, str | None) or launch_type not in _KINDS:
        raise NotARegistry(f"{place}.launchType: expected local, docker, or none at all, found {launch_type!r}")
    try:
        found = msgspec.convert(entry, _KINDS[launch_type])
    except msgspec.ValidationError as mistake:
        said, _, at = str(mistake).partition(" - at `$")
        raise NotARegistry(f"{place}{at.removesuffix('`')}: {said}") from None
    _check(place, found)
    return found


def _check(place: str, found: Entry) -> None:
    if found.argv and not found.argv[0]:
        raise NotARegistry(f"{place}.argv[0]: expected the name of a program, found an empty text")
    if any("\0" in text for text in (*(found.argv or ()), *found.environment.values(), found.directory or "")):
        raise NotARegistry(f"{place}: expected texts that a system call takes, found one with a NUL")
    for name in found.environment:
        if not is_free(name):
            raise NotARegistry(f"{place}.environment: expected names that are free to use, found {name!r}")

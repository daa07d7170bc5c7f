"""Files of data objects: one object or a list of them, each with its `kind`; what is wrong is said with its place."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from eventstore.errors import BadRequest
from handlers.cli.documents import json_of
from handlers.cli.exits import Exit, Stop
from handlers.cli.kinds import KINDS, Kind
from handlers.wire.objects import plain
from handlers.wire.parsing import epoch_ms
from handlers.wire.responses import without_nulls

#: Sent and not kept: a pool's Insights are found, and the service says when something was changed.
NOT_KEPT = frozenset({"insightIds", "updatedTime"})


class Manifest(msgspec.Struct, frozen=True):
    """One object that somebody wants to be so: the fields that a file says of it, null meaning not said."""

    kind: Kind
    id: str
    said: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


def manifests(paths: Iterable[Path]) -> list[Manifest]:
    """The objects in some files, in their order. Raises Stop."""
    return [found for path in paths for found in _of(path, json_of(path))]


def _of(path: Path, document: Any) -> Iterable[Manifest]:
    match document:
        case list():
            return [_read(path, entry, f"$[{number}]") for number, entry in enumerate(document)]
        case {"all": list() as entries}:  # what `agendum list -o json` printed
            return [_read(path, entry, f"$.all[{number}]") for number, entry in enumerate(entries)]
        case _:
            return [_read(path, document, "$")]


def _read(path: Path, entry: Any, place: str) -> Manifest:
    def wrong(why: str) -> Stop:
        then = f"mend {path}, and try again; nothing was sent"
        return Stop(Exit.USAGE, f"{path} holds what is no data object", f"{place}: {why}", then)

    if not isinstance(entry, dict):
        raise wrong("expected an object")
    kinds = ", ".join(Kind)
    if entry.get("kind") not in [*Kind]:
        raise wrong(f"expected a kind of {kinds}; found {entry.get('kind')!r}")
    kind = Kind(entry["kind"])
    identity = entry.get("id")
    if not isinstance(identity, str) or not identity:
        raise wrong("expected an id: without one it would be created anew each time")
    known = KINDS[kind].fields
    if strange := [name for name in entry if name not in known]:
        near = get_close_matches(strange[0], known, 1)
        raise wrong(f"{kind} has no field {strange[0]!r}{f', but {near[0]}' if near else ''}")
    try:
        return Manifest(kind, identity, _said(kind, entry))
    except msgspec.ValidationError as why:
        raise wrong(str(why).replace("`$", f"`{place}")) from None
    except BadRequest as why:
        raise wrong(str(why)) from None


def _said(kind: Kind, entry: dict[str, Any]) -> dict[str, Any]:
    typed = msgspec.convert({**entry}, KINDS[kind].sent, strict=False)
    said: dict[str, Any] = {name: value for name, value in plain(typed).items() if name not in NOT_KEPT}
    if "diagnostics" in said:
        said.setdefault("diagnosticEvents", said.pop("diagnostics"))
    moments = {name: epoch_ms(value, name) for name, value in said.items() if name.endswith("Time")}
    return {**said, **moments}


def differences(manifest: Manifest, stored: dict[str, Any]) -> list[str]:
    """The fields in which an object is not as it is wanted."""
    return [name for name, value in manifest.said.items() if not _is_so(name, without_nulls(value), stored.get(name))]


def _is_so(name: str, said: Any, stored: Any) -> bool:
    match name, stored:
        case "operations", list():
            # Stored operations have ids; nothing else is added to them.
            pairs = zip(said, stored, strict=False)
            return len(said) == len(stored) and all((one or {}).items() <= other.items() for one, other in pairs)
        case "operationProgress", list():
            # Those that are not named stay as they are.
            rows = {row.get("operation"): row for row in stored}
            return all(row.items() <= rows.get(row.get("operation"), {}).items() for row in said if row is not None)
        case _:
            return bool(said == stored)

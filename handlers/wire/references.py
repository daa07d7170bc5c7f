"""References in payloads: `@<name>` and `@<name::path>` (spec 5.2). Pure."""

import re
from collections.abc import Iterable
from typing import Any

# Java's dot, which stops at more line breaks than Python's.
_DOT = "[^\n\r\u0085\u2028\u2029]"
#: A reference: its name, and its path if there is one.
TOKEN = re.compile(f"@<({_DOT}+?)(?:::({_DOT}+?))?>")
_BEGIN = "@<"
#: What a reference to an operation's result ends with.
RESULT = ".out"
#: What references to the service's own values begin with.
SERVICE = "pop."


def names_in(payload: Any) -> list[str]:
    """The names of all references in a payload's string values, in order, repeats included."""
    names: list[str] = []
    stack = _worth_a_look(payload)
    while stack:
        match stack.pop():
            case str() as text if _BEGIN in text:
                names += [found.group(1) for found in TOKEN.finditer(text)]
            case dict() as entries:
                stack.extend(reversed(entries.values()))
            case list() as entries:
                stack.extend(reversed(entries))
            case _:
                pass
    return names


def _worth_a_look(payload: Any) -> list[Any]:
    # Most payloads are flat, and most texts hold no reference: to look for where one might begin is quicker than the
    # expression, and than the walk.
    if isinstance(payload, dict):
        return [entry for entry in reversed(payload.values()) if not isinstance(entry, str) or _BEGIN in entry]
    return [] if payload is None else [payload]


def operations_in(payload: Any) -> list[str]:
    """The operations whose results a payload refers to, each once, in order."""
    names = names_in(payload)
    return operations_of(names) if names else names


def operations_of(names: Iterable[str]) -> list[str]:
    """The operations whose results these references name, each once, in order."""
    return [*dict.fromkeys(name.removesuffix(RESULT) for name in names if name.endswith(RESULT))]

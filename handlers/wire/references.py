"""References in payloads: `@<name>` and `@<name::path>` (spec 5.2). Pure."""

import re
from collections.abc import Iterable
from typing import Any

# Java's dot, which stops at more line breaks than Python's.
_DOT = "[^\n\r\u0085\u2028\u2029]"
#: A reference: its name, and its path if there is one.
TOKEN = re.compile(f"@<({_DOT}+?)(?:::({_DOT}+?))?>")
#: What a reference to an operation's result ends with.
RESULT = ".out"
#: What references to the service's own values begin with.
SERVICE = "pop."


def names_in(payload: Any) -> list[str]:
    """The names of all references in a payload's string values, in order, repeats included."""
    names, stack = [], [payload]
    while stack:
        match stack.pop():
            # Most texts hold none, and looking for where one might begin is quicker than the expression.
            case str() as text if "@<" in text:
                names += [found.group(1) for found in TOKEN.finditer(text)]
            case dict() as entries:
                stack.extend(reversed(entries.values()))
            case list() as entries:
                stack.extend(reversed(entries))
            case _:
                pass
    return names


def operations_in(payload: Any) -> list[str]:
    """The operations whose results a payload refers to, each once, in order."""
    names = names_in(payload)
    return operations_of(names) if names else names


def operations_of(names: Iterable[str]) -> list[str]:
    """The operations whose results these references name, each once, in order."""
    return [*dict.fromkeys(name.removesuffix(RESULT) for name in names if name.endswith(RESULT))]

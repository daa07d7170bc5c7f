"""Replaces references in a JSON tree by what they stand for (spec 5.2): shared by executor and templates. Pure.

    @<name>                the whole value
    @<name::/path>         what a JSON pointer (RFC 6901) finds in it
    @<name::/path?text>    … or a text where there is nothing; with nothing after `?`: null

A text that is one reference becomes the value, with its type; in a longer text scalars are put in as text. What cannot
be replaced stays as it is and is said in `issues`. Beside POP, a boolean keeps its type too (spec 13).
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from jsonpointer import EndOfList, JsonPointer, JsonPointerException

from handlers.wire.references import TOKEN


class Unresolved(Exception):  # never leaves this module
    """A reference that stands for nothing; says why."""


def replace(node: Any, values: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The tree with its references replaced, and what could not be."""
    issues: list[str] = []
    root = [node]
    # A stack of places, as trees may be deeper than Python's.
    left: list[tuple[Any, Any, Any]] = [(root, 0, node)]
    while left:
        holder, place, found = left.pop()
        match found:
            case str():
                holder[place] = _text(found, values, issues)
            case dict():
                holder[place] = copied = dict(found)
                left.extend((copied, name, value) for name, value in reversed(found.items()))
            case list():
                holder[place] = listed = [*found]
                left.extend((listed, index, value) for index, value in reversed([*enumerate(found)]))
    return root[0], issues


def _text(text: str, values: Mapping[str, Any], issues: list[str]) -> Any:
    whole = TOKEN.fullmatch(text)
    # Of `@<a::/x>-@<b::/y>` the whole would be one reference with a strange path; it is two.
    if whole is not None and whole[1] in values and len(TOKEN.findall(text)) == 1:
        try:
            return _find(values[whole[1]], whole[1], whole[2])
        except Unresolved:
            pass  # said below, or it is a reference with something behind it
    return TOKEN.sub(lambda token: _within(token, values, issues), text)


def _within(token: "re.Match[str]", values: Mapping[str, Any], issues: list[str]) -> str:
    try:
        return _scalar(token[1], token[2], values)
    except Unresolved as why:
        issues.append(str(why))
        return token[0]


def _scalar(name: str, path: str | None, values: Mapping[str, Any]) -> str:
    if name not in values:
        raise Unresolved(f"{name} is not known")
    value = _find(values[name], name, path)
    if isinstance(value, dict | list):
        raise Unresolved(f"{name} cannot be used in composite string")
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _find(value: Any, name: str, path: str | None) -> Any:
    if path is None or not path.strip() or path == "/":
        return value
    left, asks, default = path.lstrip("?").partition("?")
    try:
        found = JsonPointer(left if left.startswith("/") else f"/{left}").resolve(value)
    except JsonPointerException:
        found = None
    else:
        if not isinstance(found, EndOfList):
            return found
    if not asks:
        raise Unresolved(f"{name} has nothing at {left}")
    return default.lstrip("?") or None

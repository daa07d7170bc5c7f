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

import orjson
from jsonpointer import JsonPointer, JsonPointerException

_TOKEN = re.compile(r"@<(.+?)(?:::(.+?))?>")


class Unresolved(Exception):  # noqa: N818  # never leaves this module
    """A reference that stands for nothing; says why."""


def replace(node: Any, values: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The tree with its references replaced, and what could not be."""
    issues: list[str] = []
    return _replaced(node, values, issues), issues


def _replaced(node: Any, values: Mapping[str, Any], issues: list[str]) -> Any:
    match node:
        case str():
            return _text(node, values, issues)
        case dict():
            return {name: _replaced(value, values, issues) for name, value in node.items()}
        case list():
            return [_replaced(value, values, issues) for value in node]
        case _:
            return node


def _text(text: str, values: Mapping[str, Any], issues: list[str]) -> Any:
    whole = _TOKEN.fullmatch(text)
    if whole is not None and whole[1] in values:
        try:
            return _find(values[whole[1]], whole[1], whole[2])
        except Unresolved as why:
            issues.append(str(why))
            return text
    return _TOKEN.sub(lambda token: _within(token, values, issues), text)


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
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _find(value: Any, name: str, path: str | None) -> Any:
    if path is None or not path.strip() or path == "/":
        return value
    left, asks, default = path.lstrip("?").partition("?")
    try:
        return JsonPointer(left if left.startswith("/") else f"/{left}").resolve(value)
    except JsonPointerException:
        if not asks:
            raise Unresolved(f"{name} has nothing at {left}") from None
        return default.lstrip("?") or None

"""`$ref`s of a JSON document about itself."""

from collections.abc import Iterator
from typing import Any


def references(node: Any) -> Iterator[str]:
    """Every one, wherever it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def dangling(document: Any) -> list[str]:
    """Those that lead nowhere."""
    return [reference for reference in references(document) if not _leads(document, reference)]


def _leads(node: Any, reference: str) -> bool:
    for step in reference.removeprefix("#/").split("/"):
        if step not in node:
            return False
        node = node[step]
    return True

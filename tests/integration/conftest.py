"""Tests of one name are numbered."""

from collections import Counter

import pytest
from _pytest.nodeid import coerce_node_id


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Number tests of one name: schemathesis gives one to all operations, and pytest-xdist runs one test of a name."""
    seen: Counter[str] = Counter()
    for item in items:
        seen[item.nodeid] += 1
        if seen[item.nodeid] > 1:
            item._id = coerce_node_id(f"{item.nodeid}[{seen[item.nodeid]}]")

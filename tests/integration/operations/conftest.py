"""Each test starts with no children of its own, whatever else the session runs."""

from collections.abc import Iterator

import pytest

from tests.integration.operations import programs


@pytest.fixture(autouse=True)
def _strangers() -> Iterator[None]:
    programs.STRANGERS.update(programs.children())
    yield
    programs.STRANGERS.clear()

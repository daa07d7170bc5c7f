"""One tree of errors, drawn in its module: every exception of the project stands in it, where it belongs."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore import errors
from eventstore.errors import AgendumError

ROOT = Path(__file__).parents[2]
PARTS = ("eventstore", "projections", "handlers", "compose")
#: One of the drawing: how deep it stands, and its name.
BRANCH = re.compile(r"^    ((?:[│ ]   )*)[├└]── (\w+)", re.MULTILINE)


def exceptions() -> Iterator[type[BaseException]]:
    """Every exception class that one of our modules defines."""
    files = sorted(path for part in PARTS for path in (ROOT / part).rglob("*.py") if path.stem != "__main__")
    for path in files:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for found in vars(importlib.import_module(name)).values():
            if isinstance(found, type) and issubclass(found, BaseException) and found.__module__ == name:
                yield found


EXCEPTIONS = [*exceptions()]


def drawn() -> dict[str, str]:
    """The tree as it is drawn: names, and the names that they hang on."""
    found: dict[str, str] = {}
    path = [AgendumError.__name__]
    for branch in BRANCH.finditer(errors.__doc__ or ""):
        depth = len(branch[1]) // 4
        path[depth + 1 :] = [branch[2]]
        assert branch[2] not in found, f"{branch[2]} is drawn twice"
        found[branch[2]] = path[depth]
    return found


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=lambda kind: kind.__name__)
def test_an_exception_is_of_the_tree_or_says_on_its_line_why_not(kind: type[BaseException]) -> None:
    if issubclass(kind, AgendumError):
        return
    line = inspect.getsource(kind).splitlines()[0]
    assert re.search(r":  # \w+ \w+", line), f"expected {line!r} to say why it is no AgendumError"


def test_what_is_drawn_is_what_there_is() -> None:
    there_is = {
        kind.__name__: kind.__bases__[0].__name__
        for kind in EXCEPTIONS
        if issubclass(kind, AgendumError) and kind is not AgendumError
    }
    assert drawn() == there_is


def test_no_two_have_one_name() -> None:
    """An error travels between workers by its name (handlers.routing.hops)."""
    names = [kind.__name__ for kind in EXCEPTIONS]
    assert len(names) == len(set(names))

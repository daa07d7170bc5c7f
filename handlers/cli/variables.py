"""The variables of the environment that workers and commands read, as a table: the README's is made of it."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from typer import Context
from typer.core import TyperGroup, TyperOption

from handlers.process.settings import Settings

PREFIX = "AGENDUM_"
HEADS = ("variable", "default", "what it is")
#: Around the table in a file.
BEGIN, END = "<!-- made by `agendum settings --into FILE` -->", "<!-- end of the settings -->"


class Variable(msgspec.Struct, frozen=True):
    """One variable; `default` as it would stand in the environment, empty: nothing."""

    name: str
    default: str
    meaning: str


def of_workers() -> list[Variable]:
    """The settings of a worker, in the order of their class."""
    return [
        Variable(f"{PREFIX}{name.upper()}", _text(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def of_commands(root: object) -> list[Variable]:
    """What commands read and workers do not, each once, under the first command's words."""
    found = {option.envvar: option for option in _options(root) if isinstance(option.envvar, str)}
    known = {variable.name for variable in of_workers()}
    return [
        Variable(name, _text(option.default), f"commands: {_lowered((option.help or '').removesuffix('.'))}")
        for name, option in sorted(found.items())
        if name not in known
    ]


def markdown(variables: Iterable[Variable]) -> list[str]:
    """The lines of the table."""
    rows = ((f"`{one.name}`", f"`{one.default}`" if one.default else "", one.meaning) for one in variables)
    return [_row(HEADS), "|---|---|---|", *map(_row, rows)]


def put_into(text: str, table: Sequence[str]) -> str | None:
    """A text with the table between its two marks; None where it has not both of them, in order."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return None if not begin or not end else "".join([before, begin, "\n", "\n".join(table), "\n", end, after])


def _options(command: object) -> Iterator[TyperOption]:
    yield from (param for param in getattr(command, "params", ()) if isinstance(param, TyperOption))
    if isinstance(command, TyperGroup):
        context = Context(command)
        for name in command.list_commands(context):
            yield from _options(command.get_command(context, name))


def _row(cells: Iterable[str]) -> str:
    # A bar ends a cell, even between backticks.
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case None:
            return ""
        case str() | int() | Path():
            return str(value)
        case _:
            return msgspec.json.encode(value).decode()


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]

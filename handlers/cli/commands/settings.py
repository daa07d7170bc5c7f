"""`agendum settings`: every variable that can be set, with its default."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from handlers.cli import variables
from handlers.cli.exits import Exit, Stop
from handlers.cli.screen import Output, OutputOption, Screen

#: That of an address, which is there to be copied.
DEFAULT_WIDTH = 21
IntoOption = Annotated[
    Path | None,
    typer.Option("--into", exists=True, dir_okay=False, help="Remake the table that stands in this file, the README."),
]


def settings(context: typer.Context, into: IntoOption = None, output: OutputOption = Output.TEXT) -> None:
    """Show every AGENDUM_… variable with its default and unit: a table on a terminal, Markdown through a pipe."""
    screen = Screen(output)
    found = [*variables.of_workers(), *variables.of_commands(context.find_root().command)]
    if into is not None:
        _remake(screen, into, variables.markdown(found))
    elif screen.json:
        screen.result(found)
    elif screen.out.is_terminal:
        screen.out.print(_picture(found))
    else:
        for line in variables.markdown(found):
            screen.say(line)


def _picture(found: list[variables.Variable]) -> Table:
    """As narrow as 80 columns: a name stands whole, because it is there to be copied."""
    name, default, meaning = variables.HEADS
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(name, no_wrap=True)
    table.add_column(default, max_width=DEFAULT_WIDTH, overflow="fold")
    table.add_column(meaning, overflow="fold")
    for one in found:
        table.add_row(*map(Text, (one.name, one.default, one.meaning)))
    return table


def _remake(screen: Screen, path: Path, table: list[str]) -> None:
    remade = variables.put_into(path.read_text(), table)
    if remade is None:
        why = f"expected the lines {variables.BEGIN} and {variables.END} in it, found not both"
        screen.stop(Stop(Exit.REFUSED, f"{path} stays as it is", why, "put them where the table is to stand"))
        raise typer.Exit(Exit.REFUSED)
    path.write_text(remade)
    screen.note(f"{path}: {len(table) - 2} settings", "green")

"""`agendum convert`: workflows of others become agendas."""

from pathlib import Path
from typing import Annotated

import typer

from eventstore.errors import AgendumError
from handlers.cli.documents import read
from handlers.cli.exits import Exit, Stop
from handlers.cli.screen import Screen
from handlers.converting.bound import bound
from handlers.converting.wfcommons import convert as convert_workflow

app = typer.Typer(no_args_is_help=True, help="Make agendas of workflows that others describe.")


@app.command()
def wfcommons(
    file: Annotated[Path, typer.Argument(help="A WfCommons workflow (WfFormat 1.5); - for standard input.")],
    scale: Annotated[float, typer.Option(min=0, help="What each runtime is multiplied with.")] = 1.0,
    slots: Annotated[int, typer.Option(min=1, help="Operations at a time, for the bound that is printed.")] = 4,
    customer: Annotated[str, typer.Option(help="Whose agenda it is.")] = "demo",
) -> None:
    """Print a WfCommons workflow as an agenda: one operation per task, sleeping its runtime."""
    screen = Screen()
    try:
        agenda = convert_workflow(read(file), scale=scale, customer_id=customer)
        least = bound(agenda, slots)
    except Stop as stop:
        screen.stop(stop)
        raise typer.Exit(stop.code) from None
    except AgendumError as wrong:
        screen.stop(Stop(Exit.USAGE, f"{file} was not converted", str(wrong), f"mend {file}, and try again"))
        raise typer.Exit(Exit.USAGE) from None
    screen.result(agenda)
    screen.note(
        f"{len(agenda['operations'])} operations; with {slots} slots at least {least.at_least_ms / 1000:.2f} s "
        f"(critical path {least.critical_path_ms / 1000:.2f} s, work {least.work_ms / 1000:.2f} s; "
        f"a greedy schedule takes {least.greedy_ms / 1000:.2f} s)"
    )

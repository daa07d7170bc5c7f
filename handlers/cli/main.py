"""`agendum`: the command."""

import asyncio
import os
import sys

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console

from eventstore.errors import AgendumError
from handlers.app import build
from handlers.collector import calm_collector
from handlers.logs import set_up
from handlers.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Runs agendas fairly and explainably, on Kafka.")
console = Console(stderr=True)


@app.callback()
def agendum() -> None:
    """Runs agendas fairly and explainably, on Kafka."""


@app.command()
def serve(
    kafka: str | None = typer.Option(None, help="Kafka's addresses, a comma between them."),
    port: int | None = typer.Option(None, help="Port of POP's API."),
    data: str | None = typer.Option(None, help="Directory of this worker's rows."),
    prefix: str | None = typer.Option(None, help="What the topics' names begin with."),
) -> None:
    """Run one worker until Ctrl-C. Everything else is set by AGENDUM_… variables (see the README)."""
    given = {"kafka": kafka, "port": port, "data": data, "prefix": prefix}
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as wrong:
        for error in wrong.errors():
            name = "_".join(["AGENDUM", *map(str, error["loc"])]).upper()
            console.print(f"{name}: {error['msg'].removeprefix('Value error, ')}", style="red", soft_wrap=True)
        raise typer.Exit(2) from None
    set_up(settings.log_level)
    try:
        why = uvloop.run(_serve(settings))
    except AgendumError as wrong:
        console.print(f"{type(wrong).__name__}: {wrong}", style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    except OSError as wrong:
        console.print(f"cannot listen: {wrong}; choose another AGENDUM_PORT", style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    if why is not None:
        console.print(f"this worker must leave: {why}", style="red")
    sys.stderr.flush()
    # Threads of the group's client may outlive a clean stop; nothing is left to do for them.
    os._exit(0 if why is None else 1)


async def _serve(settings: Settings) -> str | None:
    worker = await build(settings)
    calm_collector()
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    ready.add_done_callback(lambda done: _say_where(settings, done.result()))
    return await worker.run(ready)


def _say_where(settings: Settings, port: int) -> None:
    console.print(f"Agendum serves http://{settings.host}:{port}/pop (Ctrl-C stops it)", style="green")


def main() -> None:
    """Entry point."""
    app()

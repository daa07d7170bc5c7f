"""`agendum`: the command. Exit codes: 0 done, 1 the agenda or a check failed, 2 usage, 3 not found, 4 refused,
5 service away, 124 timed out, 130 interrupted.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

PACKAGE = "handlers.cli.commands"
#: Where each command stands, in the order in which they are shown. Only the one that is asked for is loaded: all that
#: they need together (a worker, Kafka's client, …) takes a second of CPU, which `agendum watch` need not spend.
COMMANDS: Mapping[str, str] = {
    "up": "up:up",
    "submit": "submit:submit",
    "watch": "submit:watch",
    "progress": "submit:progress",
    "cancel": "submit:cancel",
    "pause": "pause:pause",
    "resume": "pause:resume",
    "timers": "timers:timers",
    "run": "run:run",
    "work": "work:work",
    "execute": "execute:execute",
    "publish": "publish:publish",
    "asyncapi": "publish:asyncapi",
    "openapi": "openapi:openapi",
    "replay": "replay:replay",
    "verify": "verify:verify",
    "doctor": "doctor:doctor",
    "settings": "settings:settings",
    # data objects
    "get": "objects:get",
    "list": "objects:list_objects",
    "apply": "apply:apply",
    "delete": "objects:delete",
    "run-template": "runs:run_template",
    "rerun": "runs:rerun",
    # groups
    "convert": "convert:app",
    "rejections": "rejections:rejections",
}


class Commands(TyperGroup):
    """The commands by their names; each is loaded when it is asked for."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        # Their names alone: what is listed, and suggested for one that is mistyped.
        self.commands = cast("Any", dict.fromkeys(COMMANDS))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # Typer's names
        """The command, or None."""
        return loaded(cmd_name) if cmd_name in COMMANDS else None


def loaded(name: str) -> Any:
    """The command of a name, as Typer runs it. Raises KeyError."""
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(import_module(f"{PACKAGE}.{module}"), attribute)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


def _say_version(said: bool) -> None:  # noqa: FBT001  # Typer's way
    if said:
        typer.echo(f"agendum {version('agendum')}")
        raise typer.Exit


def agendum(
    version: Annotated[  # noqa: ARG001  # its callback has said it
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Runs agendas fairly and explainably, on Kafka."""


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done · 1 the agenda or a check failed · 2 usage · 3 not found · 4 refused · 5 service away · "
    "124 timed out · 130 interrupted",
)
app.callback()(agendum)


def main() -> None:
    """Entry point."""
    app(prog_name="agendum")

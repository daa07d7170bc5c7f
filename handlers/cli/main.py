"""`agendum`: the command. Exit codes: 0 done, 1 the agenda or a check failed, 2 usage, 3 not found, 4 refused,
5 service away, 124 timed out, 130 interrupted.
"""

from collections.abc import Callable

import typer

from handlers.cli.commands import convert
from handlers.cli.commands.apply import apply
from handlers.cli.commands.doctor import doctor
from handlers.cli.commands.execute import execute
from handlers.cli.commands.objects import delete, get, list_objects
from handlers.cli.commands.openapi import openapi
from handlers.cli.commands.pause import pause, resume
from handlers.cli.commands.publish import asyncapi, publish
from handlers.cli.commands.rejections import rejections
from handlers.cli.commands.replay import replay
from handlers.cli.commands.run import run
from handlers.cli.commands.runs import rerun, run_template
from handlers.cli.commands.settings import settings
from handlers.cli.commands.submit import cancel, progress, submit, watch
from handlers.cli.commands.timers import timers
from handlers.cli.commands.up import up
from handlers.cli.commands.verify import verify
from handlers.cli.commands.work import work

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs agendas fairly and explainably, on Kafka.",
    epilog="Exit codes: 0 done · 1 the agenda or a check failed · 2 usage · 3 not found · 4 refused · 5 service away · "
    "124 timed out · 130 interrupted",
)
COMMANDS: list[Callable[..., None]] = [
    up,
    submit,
    watch,
    progress,
    cancel,
    pause,
    resume,
    timers,
    run,
    work,
    execute,
    publish,
    asyncapi,
    openapi,
    replay,
    verify,
    doctor,
    settings,
]
#: Data objects, by the names of their commands.
OBJECTS: dict[str, Callable[..., None]] = {
    "get": get,
    "list": list_objects,
    "apply": apply,
    "delete": delete,
    "run-template": run_template,
    "rerun": rerun,
}
GROUPS = {
    "convert": convert.app,
    "rejections": rejections,
}
for command in COMMANDS:
    app.command()(command)
for name, command in OBJECTS.items():
    app.command(name)(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Entry point."""
    app()

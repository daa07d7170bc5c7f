"""`agendum`: the command. Exit codes: 0 done, 1 the agenda failed, 2 usage, 3 not found, 4 refused, 5 service away,
124 timed out, 130 interrupted.
"""

import typer

from handlers.cli.commands import convert
from handlers.cli.commands.execute import execute
from handlers.cli.commands.pause import pause, resume
from handlers.cli.commands.run import run
from handlers.cli.commands.submit import cancel, progress, submit, watch
from handlers.cli.commands.timers import timers
from handlers.cli.commands.up import up
from handlers.cli.commands.work import work

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs agendas fairly and explainably, on Kafka.",
    epilog="Exit codes: 0 done · 1 the agenda failed · 2 usage · 3 not found · 4 refused · 5 service away · "
    "124 timed out · 130 interrupted",
)
for command in (up, submit, watch, progress, cancel, pause, resume, timers, run, work, execute):
    app.command()(command)
app.add_typer(convert.app, name="convert")


def main() -> None:
    """Entry point."""
    app()

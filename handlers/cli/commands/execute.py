"""`agendum execute`: one executor."""

import asyncio
import signal
from typing import Annotated

import typer

from handlers.cli.exits import Exit
from handlers.cli.operations import EngineOption, LinkLocalOption, RegistryOption, handlers_of
from handlers.cli.reaching import TOKEN
from handlers.cli.running import carry_out
from handlers.cli.screen import URL, Screen, TokenOption, UrlOption
from handlers.client.client import connect
from handlers.clock import draw, now
from handlers.executor.executor import Executor
from handlers.executor.operations.task import OperationHandler
from handlers.executor.registry import ENGINE
from handlers.process.logs import set_up


def execute(
    insight: Annotated[str, typer.Option(help="Id of the Insight whose agendas are pulled.")],
    *,
    slots: Annotated[int, typer.Option(min=1, max=100, help="Operations at a time.")] = 4,
    registry: RegistryOption = None,
    allow_link_local: LinkLocalOption = False,
    engine: EngineOption = ENGINE,
    grace: Annotated[float, typer.Option(min=0, help="s that runs may go on after SIGTERM.")] = 10.0,
    log_level: Annotated[str, typer.Option(envvar="AGENDUM_LOG_LEVEL", help="Least level of what is logged.")] = "INFO",
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
) -> None:
    """Pull agendas of an Insight and run them, until SIGTERM or Ctrl-C: then finish, or hand back, what is in hand."""
    screen = Screen()
    set_up(log_level)
    handlers = handlers_of(registry, allow_link_local=allow_link_local, engine=engine, screen=screen)
    screen.note(f"runs operations of type {', '.join(sorted(handlers))}; {slots} at a time (Ctrl-C stops it)")
    carry_out(screen, "this executor cannot go on", _execute(url, token, insight, slots, grace, handlers))


async def _execute(
    url: str, token: str, insight: str, slots: int, grace: float, handlers: dict[str, OperationHandler]
) -> Exit | None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with connect(url, draw=draw, token=token) as client:
        await Executor(client, insight, slots=slots, handlers=handlers, now=now, grace=grace).run(stop)
    return None

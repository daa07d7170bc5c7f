"""`agendum work`: one worker."""

import asyncio
import errno
import os
import sys
from typing import Annotated

import typer
import uvloop

from eventstore.errors import AgendumError
from handlers.app import build
from handlers.cli.environment import settings_of
from handlers.cli.exits import Exit, Stop, explained
from handlers.cli.screen import Screen
from handlers.process.collector import calm_collector
from handlers.process.logs import set_up
from handlers.process.settings import Settings

WHAT = "this worker cannot serve"


def work(
    kafka: Annotated[str | None, typer.Option(help="Kafka's addresses, a comma between them.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of POP's API.")] = None,
    data: Annotated[str | None, typer.Option(help="Directory of this worker's rows.")] = None,
    prefix: Annotated[str | None, typer.Option(help="What the topics' names begin with.")] = None,
) -> None:
    """Run one worker until Ctrl-C. Everything else is set by AGENDUM_… variables (see the README)."""
    screen = Screen()
    given = {"kafka": kafka, "port": port, "data": data, "prefix": prefix}
    settings = settings_of(screen, {name: value for name, value in given.items() if value is not None})
    set_up(settings.log_level)
    try:
        why = uvloop.run(_serve(settings, screen))
    except AgendumError as wrong:
        stop = explained(wrong, WHAT)
        screen.stop(stop)
        raise typer.Exit(stop.code) from None
    except OSError as wrong:
        screen.stop(cannot_serve(wrong, settings))
        raise typer.Exit(Exit.REFUSED) from None
    if why is not None:
        screen.stop(Stop(Exit.FAILED, "this worker must leave", why, "agendum doctor"))
    sys.stderr.flush()
    # Threads of the group's client may outlive a clean stop; nothing is left to do for them.
    os._exit(Exit.OK if why is None else Exit.FAILED)


def cannot_serve(wrong: OSError, settings: Settings) -> Stop:
    """What the system refused: an address to listen on, or a place on the disk."""
    said = wrong.strerror or str(wrong)
    if "bind on address" not in said:
        return Stop(Exit.REFUSED, WHAT, str(wrong), "mend that, or choose another --data")
    if wrong.errno != errno.EADDRINUSE:
        then = "choose an address of this machine: AGENDUM_HOST, AGENDUM_INTERNAL_HOST"
    elif settings.internal_port and f", {settings.internal_port})" in said:
        then = "stop what listens there, or choose another AGENDUM_INTERNAL_PORT (0: any that is free)"
    else:
        then = "stop what listens there, or choose another --port"
    return Stop(Exit.REFUSED, WHAT, f"cannot listen: {said}", then)


async def _serve(settings: Settings, screen: Screen) -> str | None:
    worker = await build(settings)
    calm_collector()
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    ready.add_done_callback(
        lambda done: screen.note(
            f"Agendum serves http://{settings.host}:{done.result()}/pop (Ctrl-C stops it)", "green"
        )
    )
    return await worker.run(ready)

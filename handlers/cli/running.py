"""Runs the coroutine of a command, and turns how it ends into an exit code."""

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine
from typing import Any

import typer
import uvloop

from eventstore.errors import AgendumError
from handlers.cli.exits import Exit, Stop, explained
from handlers.cli.screen import Screen


def carry_out(screen: Screen, what: str, work: Coroutine[Any, Any, Exit | None], interrupted: str = "") -> None:
    """Run a command's work and exit. `what` names it in errors; `interrupted` is said at Ctrl-C."""
    hush()
    try:
        code = uvloop.run(_until_signalled(work)) or Exit.OK
    except (Stop, AgendumError) as wrong:
        stop = wrong if isinstance(wrong, Stop) else explained(wrong, what)
        screen.stop(stop)
        code = stop.code
    except (KeyboardInterrupt, asyncio.CancelledError):
        if interrupted:
            screen.note(interrupted)
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os._exit(Exit.OK)
    raise typer.Exit(code)


def hush() -> None:
    """What the client logs of a broker that is away, again and again, is said once, in three lines of ours."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)


async def _until_signalled(work: Coroutine[Any, Any, Exit | None]) -> Exit | None:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task

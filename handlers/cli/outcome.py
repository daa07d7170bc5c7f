"""What becomes of an agenda that was submitted: shown at once, or waited for, and how it ended."""

import asyncio
from typing import Annotated

import typer

from handlers.cli.exits import Exit, Stop
from handlers.cli.picture import counts, head_line
from handlers.cli.screen import Screen
from handlers.cli.watching import ended, reasons, watch
from handlers.client.client import Client
from handlers.client.objects import Agenda, AgendaProgress

WaitOption = Annotated[bool, typer.Option("--wait", help="Wait for its end.")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Show its progress until its end.")]
TimeoutOption = Annotated[float | None, typer.Option("--timeout", min=0, help="s to wait at most: then exit 124.")]
KeyOption = Annotated[
    str | None, typer.Option("--key", help="Idempotency-Key: submitted once, however often it is sent.")
]


async def follow(
    client: Client, agenda: Agenda, screen: Screen, *, waits: bool, watches: bool, timeout: float | None
) -> Exit | None:
    """Say what was submitted; or wait for its end, in sight or not, and say how it ended. Raises Stop, Unavailable."""
    if not (waits or watches):
        show_submitted(screen, agenda)
        return None
    run = agenda.progress_id or ""
    try:
        return show_end(screen, await watch(client, run, screen, timeout=timeout, picture=watches))
    except asyncio.CancelledError:
        # Only here is it known which run it is: who waits without a picture has not seen its id.
        raise Stop(
            Exit.INTERRUPTED, f"interrupted before {run} was complete", "the agenda goes on", f"agendum watch {run}"
        ) from None


def show_submitted(screen: Screen, agenda: Agenda) -> None:
    """What was submitted, and how to see how far it is."""
    if screen.json:
        screen.result(agenda)
    screen.say(f"agenda    {agenda.id}\nprogress  {agenda.progress_id}")
    screen.note(f"agendum watch {agenda.progress_id}")


def show_end(screen: Screen, run: AgendaProgress) -> Exit:
    """How a run ended; the exit code says it too."""
    if screen.json:
        screen.result(run)
    screen.say(f"{run.id}  {head_line(run)} · {counts(run)}")
    for why in reasons(run):
        screen.note(f"why: {why}")
    return ended(run)

"""Watches a run until it has come to its end: drawn in place on a terminal, line by line elsewhere."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar

from rich.live import Live

from eventstore.errors import Unavailable
from handlers.cli.exits import Exit, Stop
from handlers.cli.picture import counts, head_line, live
from handlers.cli.screen import Screen
from handlers.client.client import Client
from handlers.client.objects import AgendaProgress

T = TypeVar("T")

#: A run is looked at again after a tenth of the time that it was watched: nobody waits long for the end of a short one,
#: and no service is asked often about a long one. At least and at most (s):
SOONEST_SECONDS, EVERY_SECONDS = 0.02, 0.3
#: How often the client's patience may run out before a watch ends.
AWAY_TRIES = 60


async def watch(
    client: Client, identity: str, screen: Screen, *, timeout: float | None, picture: bool
) -> AgendaProgress:
    """The progress in the end: complete, and not to be given out again. Raises Stop (not found, timed out)."""
    drawn = Live(console=screen.err, auto_refresh=False, transient=False) if picture and screen.live else None
    began = time.monotonic()
    said = ""
    progress = await found(client, identity)
    with drawn or nullcontext():
        while True:
            if drawn is not None:
                drawn.update(live(progress, screen.err.height - 1), refresh=True)
            elif picture and (now := f"{head_line(progress)} · {counts(progress)}") != said:
                said = now
                screen.note(now)
            if is_over(progress):
                return progress
            spent = time.monotonic() - began
            if timeout is not None and spent > timeout:
                raise Stop(
                    Exit.TIMED_OUT,
                    f"{identity} is not complete after {timeout:.0f} s",
                    head_line(progress),
                    f"agendum watch {identity}",
                )
            await asyncio.sleep(pause(spent))
            progress = await insistently(partial(found, client, progress.id or identity), screen)


def pause(spent: float) -> float:
    """s until a run is looked at again that was watched for so many s."""
    return min(EVERY_SECONDS, max(SOONEST_SECONDS, spent / 10))


async def insistently(ask: Callable[[], Awaitable[T]], screen: Screen) -> T:
    """What was there is asked for again: a service that is away, or takes over, is waited for. Raises Unavailable."""
    for attempt in range(AWAY_TRIES):
        try:
            return await ask()
        except Unavailable as wrong:
            if attempt == 0:
                screen.note(f"the service is away, waiting for it: {wrong}", "yellow")
            if attempt == AWAY_TRIES - 1:
                raise
    raise AssertionError  # the last try returns or raises


async def found(client: Client, identity: str) -> AgendaProgress:
    """The progress of an id: a progress's own, or its agenda's. Raises Stop."""
    progress = await client.progress(identity)
    if progress is None:
        agenda = await client.agenda(identity)
        if agenda is not None and agenda.progress_id is not None:
            progress = await client.progress(agenda.progress_id)
    if progress is None:
        raise Stop(
            Exit.NOT_FOUND,
            f"there is no run {identity}",
            f"{client.url} knows no progress and no agenda with this id",
            "agendum progress --link ID, with the linkId that it was submitted with",
        )
    return progress


def agenda_named(run: AgendaProgress, identity: str) -> str:
    """The agenda that was meant by the id with which a run was found: its own, or the run's."""
    return (run.agenda_id if identity == run.id else None) or identity


def is_over(progress: AgendaProgress) -> bool:
    """It has come to its end, and will not be given out again."""
    return progress.is_complete and not progress.may_run_again


def ended(progress: AgendaProgress) -> Exit:
    """The exit code of a run that came to its end."""
    return Exit.OK if progress.processing_state_message == "succeeded" else Exit.FAILED


def reasons(progress: AgendaProgress) -> list[str]:
    """Why a run failed, in its diagnostics' words; what ended earlier attempts of one that succeeded is not why."""
    if ended(progress) is Exit.OK:
        return []
    events: list[Any] = progress.diagnostic_events or []
    return [event.message for event in events if event is not None and event.message]

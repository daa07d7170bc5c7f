"""`agendum up`: everything on this machine, with an example that runs."""

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvloop

from compose.kafka.jars import JarsRefused
from compose.kafka.java import NotInstalled
from compose.local import Installation, InUse, state_directory
from eventstore.errors import Unavailable
from eventstore.kafka.survey import survey
from handlers.cli.demo import EXAMPLE, NAME, put_catalogue, submit_example
from handlers.cli.exits import Exit, Stop
from handlers.cli.running import hush
from handlers.cli.screen import URL, Screen
from handlers.cli.watching import ended, watch
from handlers.client.client import Client, connect
from handlers.clock import draw

READY_SECONDS = 60.0
#: A Kafka that was named has so long to answer; one that is not there is known at once.
REACH_SECONDS = 30.0
SLOTS = 4


def up(
    once: Annotated[bool, typer.Option("--once", help="End with the example: 0 succeeded, 1 failed.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start empty: what the directory holds is deleted.")] = False,
    data: Annotated[Path | None, typer.Option(help="Where everything is kept; default: your state directory.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of POP's API.")] = 8080,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Put a small catalogue, submit the example.")] = True,
    workers: Annotated[int, typer.Option(min=1, max=8, help="Workers; more than one: the others stand by.")] = 1,
    kafka: Annotated[str | None, typer.Option(help="A Kafka that is there; default: one of our own.")] = None,
) -> None:
    """Start Kafka, workers and an executor on this machine, run the bundled example, and serve until Ctrl-C."""
    screen = Screen()
    signal.signal(signal.SIGTERM, _interrupt)
    place = data or state_directory()
    installation = Installation(place, port=port, workers=workers, kafka=kafka)
    code = Exit.OK
    try:
        _start(installation, screen, fresh=fresh)
        code = uvloop.run(_serve(installation, screen, demo=demo, once=once))
    except Stop as stop:
        screen.stop(stop)
        code = stop.code
    except KeyboardInterrupt:
        screen.note("stopping…")
        code = Exit.INTERRUPTED if once else Exit.OK
    finally:
        # A second Ctrl-C would leave half of it behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        installation.stop()
    raise typer.Exit(code)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _start(installation: Installation, screen: Screen, *, fresh: bool) -> None:
    try:
        installation.claim(fresh=fresh)
    except InUse as who:
        raise Stop(Exit.REFUSED, "cannot start here", str(who), who.then) from None
    began = time.monotonic()
    if installation.bootstrap:  # one was given
        _reach(installation.bootstrap)
    else:
        screen.note("starting Kafka…")
    try:
        installation.start_kafka()
    except (NotInstalled, JarsRefused, RuntimeError, TimeoutError, OSError) as wrong:
        raise Stop(
            Exit.AWAY, "Kafka did not start", str(wrong), "agendum doctor, or: agendum up --kafka HOST:PORT"
        ) from None
    screen.note(f"Kafka is at {installation.bootstrap} ({time.monotonic() - began:.1f} s); starting the workers…")
    installation.start_workers()


def _reach(kafka: str) -> None:
    hush()
    try:
        uvloop.run(survey(kafka, (), REACH_SECONDS))
    except Unavailable as wrong:
        then = "name a Kafka that is there, or leave --kafka out to start one"
        raise Stop(Exit.AWAY, "cannot start here", str(wrong), then) from None


async def _serve(installation: Installation, screen: Screen, *, demo: bool, once: bool) -> Exit:
    async with connect(installation.url, draw=draw, patience=60.0) as client:
        await _ready(installation, client)
        screen.note(f"Agendum serves {installation.url}/pop", "green")
        reviving = asyncio.create_task(_revive(installation, screen))
        try:
            code = await _run_example(installation, client, screen, once=once) if demo else Exit.OK
            if once:
                return code
            screen.note(f"for commands in another terminal: {whereabouts(installation)}")
            screen.note("Ctrl-C stops everything; the next start finds its data.")
            await reviving
        finally:
            reviving.cancel()
    return Exit.OK


async def _ready(installation: Installation, client: Client) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await _is_ready(client):
                for child in installation.children:
                    if child.ended and child.name.startswith("worker"):
                        raise Stop(Exit.REFUSED, f"{child.name} ended", child.last_words(), f"see {child.log}")
                await asyncio.sleep(0.05)
    except TimeoutError:
        words = installation.children[0].last_words()
        raise Stop(Exit.AWAY, f"no worker was ready within {READY_SECONDS:.0f} s", words, "agendum doctor") from None


async def _is_ready(client: Client) -> bool:
    try:
        return bool((await client.health()).get("ready"))
    except Exception:  # noqa: BLE001  # not yet, whatever the reason
        return False


async def _run_example(installation: Installation, client: Client, screen: Screen, *, once: bool) -> Exit:
    await put_catalogue(client)
    installation.start_executor(NAME, SLOTS)
    agenda = await submit_example(client)
    run = agenda.progress_id or ""
    screen.note(f"submitted the example {EXAMPLE.name}: {agenda.title}")
    progress = await watch(client, run, screen, timeout=None, picture=True)
    screen.say(f"{progress.id}  {progress.processing_state_message}")
    if not once:
        _say_what_next(screen, client, agenda.id or "", run)
    return ended(progress)


def _say_what_next(screen: Screen, client: Client, agenda: str, run: str) -> None:
    screen.note(
        f"""try next:
  curl -H 'Authorization: me' {client.url}/pop/progress/agenda/{run}
  agendum replay --agenda {agenda}
  agendum submit {os.path.relpath(EXAMPLE)} --watch     (or your own file, of customer `{NAME}`)"""
    )


def whereabouts(installation: Installation) -> str:
    """What another terminal needs to find the commands, and these to find Kafka and the service."""
    there = f" AGENDUM_URL={installation.url}" if installation.url != URL else ""
    found = "" if shutil.which("agendum") else f' PATH="{Path(sys.executable).parent}:$PATH"'
    return f"export AGENDUM_KAFKA={installation.bootstrap}{there}{found}"


async def _revive(installation: Installation, screen: Screen) -> None:
    while True:
        try:
            for name in installation.revive():
                screen.note(f"{name} had ended, and was started again", "yellow")
        except RuntimeError as wrong:
            raise Stop(Exit.FAILED, "a process does not stay up", str(wrong), "agendum doctor") from None
        await asyncio.sleep(0.2)

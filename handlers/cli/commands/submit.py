"""`agendum submit`, `agendum watch`, `agendum progress`, `agendum cancel`: a run from outside."""

from pathlib import Path
from typing import Annotated, Any

import typer

from eventstore.errors import NotFound
from handlers.cli.documents import agenda_of
from handlers.cli.exits import Exit, Stop
from handlers.cli.outcome import KeyOption, TimeoutOption, WaitOption, WatchOption, follow, show_end
from handlers.cli.picture import counts, head_line, instant, state_of
from handlers.cli.reaching import TOKEN, reach
from handlers.cli.running import carry_out
from handlers.cli.screen import URL, Output, OutputOption, Screen, TokenOption, UrlOption
from handlers.cli.watching import agenda_named, found, is_over, reasons
from handlers.cli.watching import watch as watch_run
from handlers.client.client import Client
from handlers.client.objects import Agenda, AgendaProgress, OperationProgress


def submit(
    file: Annotated[Path, typer.Argument(help="The agenda, JSON; - for standard input.")],
    wait: WaitOption = False,
    watch: WatchOption = False,
    key: KeyOption = None,
    timeout: TimeoutOption = None,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Submit an agenda."""
    screen = Screen(output)

    async def work() -> Exit | None:
        _, document = agenda_of(file)
        async with reach(url, token) as client:
            agenda = await _submitted(client, document, key, file)
            return await follow(client, agenda, screen, waits=wait, watches=watch, timeout=timeout)

    carry_out(
        screen,
        f"{file} was not submitted",
        work(),
        "interrupted; if it was submitted, the agenda goes on. See: agendum list progress",
    )


def watch(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Id of a progress or of an agenda.")],
    timeout: TimeoutOption = None,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show a run until it has come to its end."""
    screen = Screen(output)

    async def work() -> Exit | None:
        async with reach(url, token) as client:
            return show_end(screen, await watch_run(client, identity, screen, timeout=timeout, picture=True))

    carry_out(
        screen, f"cannot watch {identity}", work(), f"interrupted; the agenda goes on. Again: agendum watch {identity}"
    )


def progress(
    identity: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id of a progress or of an agenda.")] = None,
    link: Annotated[str | None, typer.Option("--link", help="Everything that was submitted with this linkId.")] = None,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show how far a run is, or all runs of a linkId."""
    screen = Screen(output)

    async def work() -> Exit | None:
        if (identity is None) == (link is None):
            raise Stop(Exit.USAGE, "expected either ID or --link", "found both or neither", "agendum progress --help")
        async with reach(url, token) as client:
            if link is not None:
                return _many(screen, await client.progresses(linkId=link), link)
            _one(screen, await found(client, identity or ""))
            return None

    carry_out(screen, "cannot show the progress", work())


def cancel(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Id of an agenda or of its progress.")],
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """End an agenda, whether it waits or runs."""
    screen = Screen(output)

    async def work() -> Exit | None:
        async with reach(url, token) as client:
            run = await found(client, identity)
            await client.cancel(agenda_named(run, identity))
            after = await found(client, run.id or identity)
            if screen.json:
                screen.result(after)
            screen.say(head_line(after))
            if is_over(run) and after == run:
                screen.note("it had come to its end before: nothing was cancelled")
            return None

    carry_out(screen, f"{identity} was not cancelled", work())


async def _submitted(client: Client, document: dict[str, Any], key: str | None, file: Path) -> Agenda:
    try:
        return await client.submit(document, key=key)
    except NotFound as wrong:
        then = "agendum list insight: a mapper of one in its customer's pool must name what the agenda has"
        raise Stop(Exit.NOT_FOUND, f"{file} was not submitted", str(wrong), then) from None


def _one(screen: Screen, run: AgendaProgress) -> None:
    if screen.json:
        screen.result(run)
        return
    screen.say(f"{run.id}  {head_line(run)}")
    rows = run.operation_progress or []
    screen.table(
        ("operation", "state", "attempts", "started", "took ms"),
        [
            (row.operation or "", state_of(row), str(row.attempt_count or 0), instant(row.started_time), _took(row))
            for row in rows
        ],
        firm=("operation", "state", "attempts", "took ms"),
    )
    screen.say(counts(run))
    for why in reasons(run):
        screen.say(f"why: {why}")


def _many(screen: Screen, runs: list[AgendaProgress], link: str) -> Exit | None:
    if not runs:
        raise Stop(Exit.NOT_FOUND, f"nothing has linkId {link}", "no run that you may see", "agendum submit FILE")
    if screen.json:
        screen.result(runs)
        return None
    screen.table(
        ("progress", "state", "percent", "operations"),
        [(run.id or "", state_of(run), f"{run.percent_complete or 0.0:.0f}", counts(run)) for run in runs],
        firm=("progress", "state", "percent"),
    )
    return None


def _took(row: OperationProgress) -> str:
    started, completed = row.started_time, row.completed_time
    return "-" if started is None or completed is None else str(completed - started)

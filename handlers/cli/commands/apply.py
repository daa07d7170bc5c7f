"""`agendum apply`: data objects as files want them."""

from pathlib import Path
from typing import Annotated

import typer

from eventstore.errors import AgendumError
from handlers.cli.applying import Applied, Outcome, apply_one
from handlers.cli.exits import explained
from handlers.cli.kinds import KINDS
from handlers.cli.manifests import Manifest, manifests
from handlers.cli.reaching import TOKEN, reach
from handlers.cli.running import carry_out
from handlers.cli.screen import URL, Output, OutputOption, Screen, TokenOption, UrlOption
from handlers.client.client import Client

FileOption = Annotated[
    list[Path],
    typer.Option("--file", "-f", help='An object or a list of them, JSON, each with its "kind"; - is standard input.'),
]
FilesArgument = Annotated[list[Path] | None, typer.Argument(metavar="[FILE…]", help="More files.")]
_STYLES = {Outcome.CREATED: "green", Outcome.CHANGED: "yellow", Outcome.UNCHANGED: "dim"}


def apply(
    file: FileOption,
    files: FilesArgument = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create or change data objects, so that they are as files say; what is so already is left alone."""
    screen = Screen(output)
    done: list[Applied] = []

    async def work() -> None:
        wanted = manifests([*file, *(files or [])])
        try:
            async with reach(url, token) as client:
                for each in wanted:
                    done.append(await _one(client, each, dry_run=dry_run))
                    _say(screen, done[-1])
        finally:
            if screen.json:
                screen.result(done)

    carry_out(screen, "not applied", work(), "interrupted; what was shown is done, and the same command does the rest")


async def _one(client: Client, manifest: Manifest, *, dry_run: bool) -> Applied:
    try:
        return await apply_one(client.objects(KINDS[manifest.kind].path), manifest, dry_run=dry_run)
    except AgendumError as wrong:
        stop = explained(wrong, f"{manifest} was not applied, nor what follows it")
        stop.then = f"{stop.then}: what was done stays, and is left alone then"
        raise stop from None


def _say(screen: Screen, applied: Applied) -> None:
    would = {Outcome.CREATED: "would create", Outcome.CHANGED: "would change", Outcome.UNCHANGED: "unchanged"}
    word = f"{would[applied.outcome]:<12}" if applied.dry_run else f"{applied.outcome:<9}"
    fields = f"  ({', '.join(applied.fields)})" if applied.fields else ""
    screen.say(f"{word}  {applied.kind} {applied.id}{fields}", _STYLES[applied.outcome])
    if applied.kept:
        screen.note(f"{applied.kind} {applied.id} keeps its {', '.join(applied.kept)}: the service lets nobody set it")

"""`agendum get`, `agendum list`, `agendum delete`: data objects of every kind."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from handlers.cli.exits import Exit, Stop
from handlers.cli.following import follow
from handlers.cli.kinds import KINDS, Kind, cell
from handlers.cli.listing import show
from handlers.cli.reaching import TOKEN, reach
from handlers.cli.running import carry_out
from handlers.cli.screen import URL, Output, OutputOption, Screen, TokenOption, UrlOption
from handlers.client.collection import PAGE, RESERVED, Page

KindArgument = Annotated[Kind, typer.Argument(metavar="KIND", help=f"{', '.join(Kind)}.", show_default=False)]
IdArgument = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
WhereOption = Annotated[
    list[str] | None, typer.Option("--where", metavar="NAME=VALUE", help="Only those whose attribute is this text.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, max=10_000, help="Objects on a page; else 100.")]
PageOption = Annotated[str | None, typer.Option("--page", metavar="CURSOR", help="The page that `next` names.")]
Found = dict[str, Any]


def get(
    kind: KindArgument,
    identity: IdArgument,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show one object; `-o json` prints what `apply` takes."""
    screen = Screen(output)

    async def work() -> None:
        async with reach(url, token) as client:
            found = await client.objects(KINDS[kind].path).get(identity)
        if found is None:
            raise missing(kind, identity)
        if screen.json:
            screen.result({"kind": kind, **found})
            return
        _fields(screen, found)

    carry_out(screen, f"cannot show {kind} {identity}", work())


def list_objects(
    kind: KindArgument,
    *,
    where: WhereOption = None,
    limit: LimitOption = None,
    page: PageOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Every page.")] = False,
    watching: Annotated[bool, typer.Option("--watch", "-w", help="And what becomes of them, until Ctrl-C.")] = False,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """List objects, in the order in which they were added."""
    screen = Screen(output)

    async def work() -> None:
        wanted = wheres(where or [])
        if everything and page is not None:
            raise Stop(Exit.USAGE, "expected --all or --page", "found both", "agendum list --help")
        async with reach(url, token) as client:
            objects = client.objects(KINDS[kind].path)

            async def fetch() -> Page[Found]:
                if everything:
                    return Page([each async for each in objects.each(wanted, limit=limit or PAGE)])
                return await objects.page(wanted, limit=limit, cursor=page)

            first = await fetch()
            if not watching:
                _show(screen, kind, first)
                return
            if first.next is not None:
                screen.note("this is one page; --all follows every page, --where a part")

            async def current() -> Sequence[Found]:
                return (await fetch()).all

            await follow(current, kind, screen)

    carry_out(screen, f"cannot list objects of kind {kind}", work(), "interrupted")


def delete(
    kind: KindArgument,
    identity: IdArgument,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Delete one object."""
    screen = Screen(output)

    async def work() -> None:
        async with reach(url, token) as client:
            objects = client.objects(KINDS[kind].path)
            # Looked at first: of a deletion that was sent twice the second answer says that there is nothing.
            found = await objects.get(identity)
            if found is None:
                raise missing(kind, identity)
            await objects.delete(identity)
        if screen.json:
            screen.result({"kind": kind, **found})
        screen.say(f"deleted    {kind} {identity}")

    carry_out(screen, f"{kind} {identity} was not deleted", work(), f"interrupted; see: agendum get {kind} {identity}")


def wheres(said: Sequence[str]) -> dict[str, str]:
    """Attributes and the texts that they must be. Raises Stop."""
    found = {}
    for each in said:
        name, equals, value = each.partition("=")
        if not (name and equals) or name.lower() in RESERVED:
            why = f"found {each!r}" + (": no attribute is called so" if name.lower() in RESERVED else "")
            raise Stop(Exit.USAGE, "expected --where name=value", why, "agendum list --help")
        found[name] = value
    return found


def missing(kind: Kind, identity: str) -> Stop:
    """There is no such object, or none that the caller may see."""
    why = "none that you may see has this id"
    return Stop(Exit.NOT_FOUND, f"there is no {kind} {identity}", why, f"agendum list {kind}")


def _show(screen: Screen, kind: Kind, page: Page[Found]) -> None:
    if screen.json:
        more = {} if page.next is None else {"next": page.next}
        screen.result({"all": [{"kind": kind, **each} for each in page.all], **more})
        return
    show(screen, kind, page.all)
    if page.next is not None:
        screen.note(f"there is more: --page {page.next}, or --all")


def _fields(screen: Screen, found: Found) -> None:
    """A field per line; on a terminal what would fill more than two lines is cut, through a pipe nothing is."""
    column = max(map(len, found)) + 2
    room = 2 * screen.out.width - column if screen.out.is_terminal else None
    cut = False
    for name, value in found.items():
        text = cell(name, value)
        if room is not None and len(text) > room:
            text, cut = text[: room - 1] + "…", True
        screen.say(f"{name:<{column}}{text}")
    if cut:
        screen.note("what ends with … is longer: -o json shows it")

"""`agendum pause`, `agendum resume`: an Insight hands out nothing, and again."""

from typing import Annotated

import typer

from handlers.cli.exits import Exit, Stop
from handlers.cli.reaching import TOKEN, reach
from handlers.cli.running import carry_out
from handlers.cli.screen import URL, Output, OutputOption, Screen, TokenOption, UrlOption
from handlers.client.client import Client

InsightArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of an Insight.")]


def pause(
    insight: InsightArgument,
    why: Annotated[str, typer.Option("--why", help="The reason; it is on record.")],
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Let an Insight hand out nothing until it is resumed; what waits keeps its place."""
    screen = Screen(output)

    async def work() -> Exit | None:
        async with reach(url, token) as client:
            await client.pause(insight, why)
            return await _show(client, insight, screen)

    carry_out(screen, f"{insight} was not paused", work())


def resume(
    insight: InsightArgument,
    why: Annotated[str | None, typer.Option("--why", help="The reason; it is on record.")] = None,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Let a paused Insight hand out again."""
    screen = Screen(output)

    async def work() -> Exit | None:
        async with reach(url, token) as client:
            await client.resume(insight, why)
            return await _show(client, insight, screen)

    carry_out(screen, f"{insight} was not resumed", work())


async def _show(client: Client, identity: str, screen: Screen) -> Exit | None:
    insight = await client.insight(identity)
    if insight is None:
        raise Stop(Exit.NOT_FOUND, f"there is no Insight {identity}", "none that you may see", "agendum pause --help")
    if screen.json:
        screen.result(insight)
    paused = insight.paused
    screen.say(f"{identity}  handing out" if paused is None else f"{identity}  paused by {paused.by}: {paused.why}")
    return None

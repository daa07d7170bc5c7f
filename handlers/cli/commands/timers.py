"""`agendum timers`: the timed processes on demand."""

from typing import Annotated

import typer

from handlers.cli.exits import Exit
from handlers.cli.reaching import TOKEN, reach
from handlers.cli.running import carry_out
from handlers.cli.screen import URL, Output, OutputOption, Screen, TokenOption, UrlOption


def timers(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is due.")] = False,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Carry out now what is due: expired dispatches, silent executors, retries, old objects; on all workers."""
    screen = Screen(output)

    async def work() -> Exit | None:
        async with reach(url, token) as client:
            found = await client.timers(dry_run=dry_run)
            if screen.json:
                screen.result(found)
                return None
            screen.table(
                ("process", "due", "done", "runs"),
                [(each.process, str(each.due), str(each.done), _some(each.runs)) for each in found],
            )
            for each in found:
                if not each.by_itself:
                    screen.note(f"{each.process} does nothing by itself: AGENDUM_DRY_RUN names it")
            return None

    carry_out(screen, "the timed processes were not run", work())


def _some(runs: list[str]) -> str:
    return ", ".join(runs[:3]) + (" …" if len(runs) > 3 else "")

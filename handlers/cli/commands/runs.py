"""`agendum run-template`, `agendum rerun`: runs that begin from what is there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from eventstore.errors import NotFound
from handlers.cli.documents import json_of
from handlers.cli.exits import Exit, Stop
from handlers.cli.kinds import Kind
from handlers.cli.outcome import KeyOption, TimeoutOption, WaitOption, WatchOption, follow
from handlers.cli.picture import counts, head_line
from handlers.cli.reaching import TOKEN, reach
from handlers.cli.running import carry_out
from handlers.cli.screen import URL, Output, OutputOption, Screen, TokenOption, UrlOption
from handlers.cli.watching import agenda_named, found

ParameterOption = Annotated[
    list[str] | None,
    typer.Option("-p", metavar="NAME=VALUE", help="Of the payload; VALUE is JSON, or else a text."),
]
ResetOption = Annotated[
    str | None, typer.Option("--reset", metavar="A,B", help="Only these operations, and what depends on them.")
]


def run_template(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="Id of an agenda template.", show_default=False)],
    *,
    parameters: ParameterOption = None,
    payload: Annotated[Path | None, typer.Option("--payload", help="The payload, JSON; - is standard input.")] = None,
    wait: WaitOption = False,
    watch: WatchOption = False,
    key: KeyOption = None,
    timeout: TimeoutOption = None,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Submit the agenda that a template makes of a payload."""
    screen = Screen(output)

    async def work() -> Exit | None:
        said = payload_of(payload, parameters or [])
        async with reach(url, token) as client:
            try:
                agenda = await client.run_template(template, said, key=key)
            except NotFound as wrong:
                what = f"template {template} was not run"
                raise Stop(Exit.NOT_FOUND, what, str(wrong), f"agendum list {Kind.TEMPLATE}") from None
            return await follow(client, agenda, screen, waits=wait, watches=watch, timeout=timeout)

    carry_out(
        screen,
        f"template {template} was not run",
        work(),
        "interrupted; if it was submitted, the agenda goes on. See: agendum list progress",
    )


def rerun(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Id of an agenda or of its progress.")],
    reset: ResetOption = None,
    continues: Annotated[bool, typer.Option("--continue", help="Keep what succeeded, run the rest.")] = False,
    reset_all: Annotated[bool, typer.Option("--reset-all", help="All of it; so it is without any of these.")] = False,
    skip_execution: Annotated[bool, typer.Option("--skip-execution", help="Reset, and do not run.")] = False,
    url: UrlOption = URL,
    token: TokenOption = TOKEN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run an agenda again: all of it, or a part."""
    screen = Screen(output)

    async def work() -> None:
        if sum([reset is not None, continues, reset_all]) > 1:
            what = "expected one of --reset, --continue and --reset-all"
            raise Stop(Exit.USAGE, what, "found more than one", "agendum rerun --help")
        names = None if reset is None else [name.strip() for name in reset.split(",") if name.strip()]
        async with reach(url, token) as client:
            run = await found(client, identity)
            await client.rerun(
                agenda_named(run, identity),
                operations=names,
                resets_all=reset_all,
                continues=continues,
                skips_execution=skip_execution,
            )
            after = await found(client, run.id or identity)
        if screen.json:
            screen.result(after)
        screen.say(f"{after.id}  {head_line(after)} · {counts(after)}")
        screen.note(f"agendum watch {after.id}")

    carry_out(screen, f"{identity} was not run again", work(), f"interrupted; see: agendum progress {identity}")


def payload_of(path: Path | None, said: Sequence[str]) -> Any:
    """The payload: a file's JSON, with what was said by name laid over it. Raises Stop."""
    payload = {} if path is None else json_of(path)
    if said and not isinstance(payload, dict):
        why = f"found {type(payload).__name__} in {path}, to which no name can be added"
        raise Stop(Exit.USAGE, "expected an object as payload", why, "leave out -p, or mend the file")
    for each in said:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise Stop(Exit.USAGE, "expected -p name=value", f"found {each!r}", "agendum run-template --help")
        payload[name] = _value(value)
    return payload


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text

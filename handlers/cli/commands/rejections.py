"""`agendum rejections`: what was published and refused: listed, shown, sent again (design 4.9)."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

import msgspec
import typer

from eventstore.errors import Unreadable
from eventstore.ids import partition_of
from eventstore.kafka.log import KafkaLog
from eventstore.topics import Topics
from handlers.cli.commands.publish import opened
from handlers.cli.exits import Exit, Stop
from handlers.cli.running import carry_out
from handlers.cli.screen import KAFKA, PREFIX, KafkaOption, Output, OutputOption, PrefixOption, Screen
from handlers.inbox.rejections import CommandRejected, again, read_rejection

PositionsArgument = Annotated[list[int], typer.Argument(metavar="POSITION…", help="As `rejections list` shows them.")]

rejections = typer.Typer(no_args_is_help=True, help="What was published and refused: see it, send it again.")


@rejections.command("list")
def show_all(kafka: KafkaOption = KAFKA, prefix: PrefixOption = PREFIX, output: OutputOption = Output.TEXT) -> None:
    """List what was refused, oldest first."""
    screen = Screen(output)

    async def work() -> None:
        async with opened(kafka, prefix) as (log, topics):
            found = [each async for each in _rejections(log, topics)]
        if screen.json:
            screen.result([_shown(position, rejected) for position, rejected in found])
            return
        rows = [
            (str(position), rejected.reason, f"{rejected.partition}@{rejected.offset}", _id(rejected), rejected.message)
            for position, rejected in found
        ]
        screen.table(("position", "reason", "stood at", "id", "message"), rows, firm=("position", "reason", "stood at"))

    carry_out(screen, "cannot list the rejections", work())


@rejections.command("show")
def show(
    position: Annotated[int, typer.Argument(help="As `rejections list` shows it.")],
    kafka: KafkaOption = KAFKA,
    prefix: PrefixOption = PREFIX,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show one rejection, and the original."""
    screen = Screen(output)

    async def work() -> None:
        async with opened(kafka, prefix) as (log, topics):
            found = await _one(log, topics, position)
        if screen.json:
            screen.result(_shown(position, found))
            return
        screen.say(f"{found.reason} ({found.code}): {found.message}")
        screen.say(f"stood at  {found.topic}/{found.partition}@{found.offset}")
        screen.say(f"length    {found.length}{' (cut)' if found.is_cut else ''}\nsha256    {found.sha256 or '-'}")
        screen.say(f"key       {_text(found.key)}")
        for name, content in found.headers:
            screen.say(f"{name}: {_text(content)}")
        screen.say(f"\n{_text(found.value)}")

    carry_out(screen, f"cannot show the rejection at {position}", work())


@rejections.command("resend")
def resend(
    positions: PositionsArgument,
    key: Annotated[str | None, typer.Option(help="The key of originals that had none.")] = None,
    kafka: KafkaOption = KAFKA,
    prefix: PrefixOption = PREFIX,
    output: OutputOption = Output.TEXT,
) -> None:
    """Put originals on the inbox again, byte for byte: after what was wrong has been set right elsewhere."""
    screen = Screen(output)

    async def work() -> None:
        async with opened(kafka, prefix) as (log, topics):
            originals = [
                again(await _one(log, topics, each), None if key is None else key.encode()) for each in positions
            ]
            for position, record in zip(positions, originals, strict=True):
                await log.append(topics.inbox.name, partition_of(record.key, topics.partitions), record)
                screen.say(f"sent again: {position}")
        if screen.json:
            screen.result(positions)

    carry_out(screen, "not sent again", work(), "interrupted; what was shown is sent")


async def _rejections(
    log: KafkaLog, topics: Topics, start: int = 0, stop: int | None = None
) -> AsyncIterator[tuple[int, CommandRejected]]:
    name = topics.rejections.name
    first, end = (await log.starts(name))[0], (await log.ends(name))[0]
    start, stop = max(start, first), end if stop is None else min(stop, end)
    if start < stop:
        async for records in log.read(name, 0, start, stop):
            for record in records:
                with suppress(Unreadable):  # whoever else has access to Kafka may have written it
                    yield record.offset, read_rejection(record)


async def _one(log: KafkaLog, topics: Topics, position: int) -> CommandRejected:
    async for _, found in _rejections(log, topics, position, position + 1):
        return found
    raise Stop(
        Exit.NOT_FOUND, f"no rejection at {position}", "it is kept a week, or never was", "agendum rejections list"
    )


def _shown(position: int, rejected: CommandRejected) -> dict[str, Any]:
    return {"position": position, **msgspec.to_builtins(rejected)}


def _id(rejected: CommandRejected) -> str:
    return _text(dict(rejected.headers).get("ce_id"))


def _text(content: bytes | None) -> str:
    return "-" if content is None else content.decode("utf-8", "backslashreplace")

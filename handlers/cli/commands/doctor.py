"""`agendum doctor`: what is in the way, and what to do about it."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from pydantic import ValidationError
from rich.text import Text

from eventstore.topics import Topics
from handlers.cli import checks, probes
from handlers.cli.checks import Check, Level
from handlers.cli.exits import Exit
from handlers.cli.running import carry_out
from handlers.cli.screen import KAFKA, PREFIX, URL, KafkaOption, Output, OutputOption, PrefixOption, Screen, UrlOption
from handlers.process.kafka import topics_of
from handlers.process.settings import Settings

STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}
PORT = 8080
DataOption = Annotated[Path, typer.Option("--data", envvar="AGENDUM_DATA", help="Directory of a worker's rows.")]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port", min=0, max=65535, envvar="AGENDUM_PORT", help="Port of a worker here; default: that of --url."
    ),
]


def doctor(
    kafka: KafkaOption = KAFKA,
    prefix: PrefixOption = PREFIX,
    url: UrlOption = URL,
    data: DataOption = Path("agendum-data"),
    port: PortOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Look at this machine, Kafka, its topics and the service; say what is wrong, and what to do next."""
    screen = Screen(output)

    async def work() -> Exit:
        found = await examine(kafka, prefix, url, data, port)
        failed = any(check.level is Level.FAIL for check in found)
        if screen.json:
            screen.result({"ok": not failed, "checks": found})
        else:
            _show(screen, found)
        return Exit.FAILED if failed else Exit.OK

    carry_out(screen, "the examination was not finished", work())


async def examine(kafka: str, prefix: str, url: str, data: Path, port: int | None = None) -> list[Check]:
    """Every check, in the order in which they are read; all probes at once."""
    wanted, wrong = _wanted(kafka, prefix, data)
    topics = wanted.all()
    tools, cluster, service, here = await asyncio.gather(
        probes.tools(),
        probes.kafka(kafka, {topic.name for topic in topics}),
        probes.site(url),
        probes.site(f"http://127.0.0.1:{port or _port(url)}"),
    )
    return [
        checks.python(sys.version_info[:3]),
        *wrong,
        checks.broker_host(tools, answers=not isinstance(cluster, str)),
        checks.jars(tools),
        checks.disk(probes.disk(data)),
        checks.port(here),
        checks.kafka(kafka, cluster),
        *checks.topics(topics, cluster),
        *checks.service(service),
    ]


def _wanted(kafka: str, prefix: str, data: Path) -> tuple[Topics, list[Check]]:
    """The topics as the environment wants them; what is wrong in it."""
    given = {"kafka": kafka, "prefix": prefix, "data": str(data)}
    try:
        return topics_of(Settings(**given)), []  # type: ignore[arg-type]  # pydantic reads text
    except ValidationError as wrong:
        named = [("_".join(["AGENDUM", *map(str, each["loc"])]).upper(), each["msg"]) for each in wrong.errors()]
        said = "; ".join(f"{name.removesuffix('_')}: {why.removeprefix('Value error, ')}" for name, why in named)
        return Topics(prefix), [Check("settings", Level.FAIL, said, "mend the variable: no worker starts with it")]


def _port(url: str) -> int:
    """The port of a service on this machine, or the one that a worker takes by itself."""
    try:
        parts = urlsplit(url)
        return parts.port or PORT if parts.hostname in ("127.0.0.1", "localhost", "::1") else PORT
    except ValueError:
        return PORT


def _show(screen: Screen, found: list[Check]) -> None:
    width = max(len(check.check) for check in found)
    for check in found:
        line = Text.assemble((f"{check.level:<4}", STYLES[check.level]), f"  {check.check:<{width}}  {check.found}")
        if check.next:
            line.append(f"  -> {check.next}", "dim")
        screen.out.print(line)

"""What a person or a program sees: results on stdout, progress and errors on stderr (issue 4.3).

On a terminal people get colours and live pictures; through a pipe plain aligned text; with `-o json` stdout gets JSON
alone.
"""

import sys
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from handlers.cli.exits import Stop


class Output(StrEnum):
    """What stdout gets."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="What stdout gets.")]


def service_url(said: str) -> str:
    """A URL that can be that of a service. Raises BadParameter, which is a usage error."""
    try:
        parts = urlsplit(said)
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0):
            return said
        why = ""
    except ValueError as wrong:  # a port out of range, half an IPv6 address
        why = f": {wrong}"
    raise typer.BadParameter(f"expected http://HOST:PORT, found {said!r}{why}")


UrlOption = Annotated[
    str,
    typer.Option(
        "--url",
        "-u",
        envvar="AGENDUM_URL",
        help="The service.",
        metavar="URL",
        show_default=True,
        callback=service_url,
    ),
]
TokenOption = Annotated[str, typer.Option("--token", envvar="AGENDUM_TOKEN", help="Authorization header.")]
KafkaOption = Annotated[
    str, typer.Option("--kafka", envvar="AGENDUM_KAFKA", help="Kafka's addresses, a comma between them.")
]
PrefixOption = Annotated[
    str, typer.Option("--prefix", envvar="AGENDUM_PREFIX", help="What the topics' names begin with.")
]
URL = "http://127.0.0.1:8080"
KAFKA = "127.0.0.1:9092"
PREFIX = "agendum"


class Screen:
    """Standard output and standard error of one command."""

    def __init__(self, output: Output = Output.TEXT) -> None:
        self.json = output is Output.JSON
        # Through a pipe nothing is cut: the next program wants it whole, and no table is wider than its console.
        self.out = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 10_000)
        self.err = Console(stderr=True, soft_wrap=True, highlight=False)

    @property
    def live(self) -> bool:
        """Somebody watches: progress is drawn in place."""
        return self.err.is_terminal and not self.err.is_dumb_terminal

    def result(self, found: Any) -> None:
        """The result for programs: one JSON document."""
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())  # noqa: T201  # never wrapped or coloured

    def line(self, found: Any) -> None:
        """One JSON line of many."""
        print(msgspec.json.encode(found).decode(), flush=True)  # noqa: T201  # never wrapped or coloured

    def lines(self, found: Iterable[Any]) -> None:
        """Many JSON lines, written together."""
        text = b"".join(msgspec.json.encode(each) + b"\n" for each in found)
        sys.stdout.buffer.write(text)
        sys.stdout.flush()

    def say(self, text: str, style: str | None = None) -> None:
        """A line for people, on stdout; nothing where only JSON is wanted."""
        if not self.json:
            self.out.print(text, style=style, markup=False)

    def note(self, text: str, style: str | None = None) -> None:
        """A line about how it goes, on stderr."""
        self.err.print(text, style=style, markup=False)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, firm: Collection[str] = ()) -> None:
        """Aligned columns, plain through a pipe; on a narrow terminal those that are not `firm` give way."""
        plain = not self.out.is_terminal
        table = Table(box=None, pad_edge=False, header_style=None if plain else "bold")
        for name in columns:
            table.add_column(name, no_wrap=name in firm)
        for row in rows:
            table.add_row(*row)
        if not plain:
            self.out.print(table, markup=False)
            return
        with self.out.capture() as drawn:
            self.out.print(table, crop=False, no_wrap=True, markup=False)
        # Cells are filled up to the width of their columns, of the last one too.
        self.out.file.write("\n".join(line.rstrip(" ") for line in drawn.get().split("\n")))
        self.out.file.flush()

    def stop(self, stop: Stop) -> None:
        """Why a command ends: three lines on stderr."""
        self.err.print(f"error: {stop.what}", style="red", markup=False)
        self.err.print(f"why:   {stop.why}", markup=False)
        self.err.print(f"next:  {stop.then}", markup=False)

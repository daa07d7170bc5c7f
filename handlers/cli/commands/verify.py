"""`agendum verify`: whether what the workers serve is what the log says."""

from typing import Annotated, Any

import aiohttp
import msgspec
import typer

from handlers.cli.environment import settings_of
from handlers.cli.exits import Exit, Stop
from handlers.cli.replaying import subject
from handlers.cli.running import carry_out
from handlers.cli.screen import KAFKA, PREFIX, URL, KafkaOption, Output, OutputOption, PrefixOption, Screen, UrlOption
from handlers.cli.verifying import Result, Verifier, Wrong

#: Values in the table are cut at this many letters; JSON has them whole.
WIDTH = 60


def verify(
    *,
    partition: Annotated[int | None, typer.Option(min=0, help="One partition alone.")] = None,
    patience: Annotated[float, typer.Option(min=0, help="s to wait for a partition that moves.")] = 30.0,
    url: UrlOption = URL,
    kafka: KafkaOption = KAFKA,
    prefix: PrefixOption = PREFIX,
    output: OutputOption = Output.TEXT,
) -> None:
    """Compare the rows that the workers serve, and keep as standbys, with the replay of the log to the same position.

    Needs Kafka, and the workers' secret (AGENDUM_SECRET).
    Exit 0: equal; 1: differences, each with row, field and offset; 5: away.
    Rows of one partition at a time are in memory.
    """
    screen = Screen(output)
    settings = settings_of(screen, {"kafka": kafka, "prefix": prefix})

    async def work() -> Exit | None:
        async with subject(settings, "agendas") as (found, log), aiohttp.ClientSession() as session:
            if partition is not None and partition >= found.partitions:
                why = f"{found.name} has {found.partitions}, from 0 on"
                raise Stop(Exit.USAGE, f"there is no partition {partition}", why, "agendum verify")
            verifier = Verifier(
                log=log, subject=found, session=session, url=url, secret=settings.secret, patience=patience
            )
            numbers = range(found.partitions) if partition is None else [partition]
            results = [result for number in numbers for result in await _of(verifier, number)]
        if screen.json:
            screen.result([_document(result) for result in results])
        else:
            _show(screen, results)
        return None if all(result.equal for result in results) else Exit.FAILED

    carry_out(screen, "cannot verify", work())


async def _of(verifier: Verifier, number: int) -> list[Result]:
    return [await verifier.verify(number), *await verifier.standbys(number)]


def _document(result: Result) -> dict[str, Any]:
    return {"equal": result.equal, **msgspec.to_builtins(result)}


def _show(screen: Screen, results: list[Result]) -> None:
    screen.table(
        ("partition", "at", "position", "rows", "digest", "result"),
        [
            (str(each.partition), _place(each), str(each.position), str(each.rows), each.digest, _verdict(each))
            for each in results
        ],
    )
    lines = [line for each in results for wrong in each.wrong for line in _lines(each, wrong)]
    for each in results:
        if each.applied_digest != each.expected_applied_digest:
            sums = (each.applied_digest or "-", each.expected_applied_digest or "-")
            lines.append(
                (
                    str(each.partition),
                    _place(each),
                    "applied",
                    "(sum of all rows)",
                    "digest",
                    str(each.applied_offset),
                    *sums,
                )
            )
    if lines:
        screen.say("")
        screen.table(("partition", "at", "kind", "row", "field", "offset", "found", "expected"), lines)


def _place(result: Result) -> str:
    return "standby" if result.standby else "owner"


def _verdict(result: Result) -> str:
    if result.equal:
        return "equal"
    return f"{result.count} rows differ" if result.count else "the sum differs"


def _lines(result: Result, wrong: Wrong) -> list[tuple[str, ...]]:
    row = wrong.row
    offset = str(row.offset if row.offset is not None else row.expected_offset)
    if row.offset is not None and row.expected_offset is not None and row.offset != row.expected_offset:
        offset = f"{row.offset}, expected {row.expected_offset}"
    place = (str(result.partition), _place(result), row.kind, row.row)
    if row.what != "different" or not wrong.fields:
        said = wrong.note or {"missing": "not there", "surplus": "there"}.get(row.what, "same JSON")
        expected = {"missing": "there", "surplus": "nothing"}.get(row.what, "the row of its offset")
        return [(*place, f"({row.what})", offset, said, expected)]
    return [(*place, field.name, offset, _short(field.found), _short(field.expected)) for field in wrong.fields]


def _short(value: Any) -> str:
    text = "-" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"

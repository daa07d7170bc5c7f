"""`agendum run`: executes an agenda here and now, without any server (POP's RunLocalExecution)."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from handlers.cli.documents import agenda_of
from handlers.cli.exits import Exit, Stop
from handlers.cli.operations import EngineOption, LinkLocalOption, RegistryOption, handlers_of
from handlers.cli.picture import state_of
from handlers.cli.running import carry_out
from handlers.cli.screen import Output, OutputOption, Screen
from handlers.client.objects import Agenda, AgendaProgress, OperationProgress
from handlers.clock import draw, now
from handlers.executor.execution import End, Execution
from handlers.executor.operations.task import OperationHandler
from handlers.executor.registry import ENGINE
from handlers.intake.validation import validate
from handlers.wire.parsing import parse
from handlers.wire.requests import OpenAgenda


def run(
    file: Annotated[Path, typer.Argument(help="The agenda, JSON; - for standard input.")],
    slots: Annotated[int, typer.Option(min=1, max=100, help="Operations at a time.")] = 4,
    registry: RegistryOption = None,
    allow_link_local: LinkLocalOption = False,
    engine: EngineOption = ENGINE,
    output: OutputOption = Output.TEXT,
) -> None:
    """Execute an agenda here, without a service, and print its progress."""
    screen = Screen(output)
    handlers = handlers_of(registry, allow_link_local=allow_link_local, engine=engine, screen=screen)
    carry_out(screen, f"{file} cannot be run", _run(file, slots, handlers, screen), "interrupted; nothing goes on")


async def _run(file: Path, slots: int, handlers: Mapping[str, OperationHandler], screen: Screen) -> Exit:
    agenda = _checked(file)
    rows: dict[str, OperationProgress] = {}
    last = AgendaProgress()

    async def show(report: AgendaProgress) -> None:
        nonlocal last
        last = report
        for row in reversed(report.operation_progress or []):
            if (known := rows.get(row.operation or "")) is None or state_of(known) != state_of(row):
                screen.note(f"{report.percent_complete or 0:3.0f} %  {row.operation}  {state_of(row)}")
            rows[row.operation or ""] = row

    execution = Execution(agenda, None, handlers=handlers, slots=asyncio.Semaphore(slots), send=show, now=now)
    end = await execution.run()
    done = msgspec.structs.replace(last, operation_progress=[*rows.values()])
    if screen.json:
        screen.result(done)
    screen.say(f"{end}")
    for event in done.diagnostic_events or []:
        screen.note(f"why: {event.message if event is not None else ''}")
    return Exit.OK if end is End.SUCCEEDED else Exit.FAILED


def _checked(file: Path) -> Agenda:
    agenda, document = agenda_of(file)
    # What a service would refuse is refused here, in the same words; only a customer is not needed.
    open_agenda = parse(msgspec.json.encode({"customerId": "local", **document}), OpenAgenda, "Agenda")
    validate(open_agenda)
    if agenda.operations == []:
        raise Stop(Exit.USAGE, f"{file} is not an agenda", "No operations specified in Agenda.", f"mend {file}")
    identity = draw()
    return msgspec.structs.replace(agenda, id=agenda.id or identity, progress_id=agenda.progress_id or identity)

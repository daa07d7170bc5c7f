"""`local`: POP's launch type, a process of a POP handler program for each operation (spec 10.1).

What it is told: `contract`. What it says: `handler_log`. Unlike a `command`'s, its silence is no success.
"""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handlers.executor.operations.command import GRACE_SECONDS
from handlers.executor.operations.contract import Contract, contract
from handlers.executor.operations.ending import End, details, refuse, wait
from handlers.executor.operations.handler_log import HandlerLog
from handlers.executor.operations.lines import Tail
from handlers.executor.operations.program import Program
from handlers.executor.operations.starting import start
from handlers.executor.operations.task import OperationFailed, OperationHandler, Task


def local(program: Program, *, grace: float = GRACE_SECONDS) -> OperationHandler:
    """A handler that runs a POP handler program; when it ends, so does all that it left behind."""

    async def run(task: Task) -> Any:
        told = contract(task, os.environ, program.environment)
        with TemporaryDirectory(prefix="agendum-") as folder:
            _write(Path(folder), told)
            return await _carry_out(program, told, f"{folder}/", task, grace)

    return run


async def _carry_out(program: Program, told: Contract, folder: str, task: Task, grace: float) -> Any:
    complete = asyncio.Event()
    out, err = HandlerLog(task.advance, complete.set), Tail()
    seconds = program.timeout_seconds
    process = start([*program.argv, *told.arguments(folder)], told.environment, program.directory)
    try:
        process.talk(b"", out.feed, err.feed)
        end = await wait(process.ended(seconds + grace), complete, seconds=seconds, linger=grace)
    finally:
        status = await process.end(grace)
    out.end()
    err.end()
    found = {End.ITSELF: status, End.LINGERING: 0, End.LATE: None}[end]
    try:
        refuse(program.argv[0], found, seconds)
        return out.verdict(program.argv[0])
    except OperationFailed as failure:
        failure.details = details(found, out, err)
        raise


def _write(folder: Path, told: Contract) -> None:
    for name, text in told.files.items():
        (folder / name).write_bytes(text)

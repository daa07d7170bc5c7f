"""`command`: runs a local program as an operation (spec 10.1, 10.6).

What it is told: `environment`. What it says: `output`. Which program: `program`. How it runs and ends: `process`.
"""

import os
import signal
from typing import Any

from handlers.executor.operations.environment import encode, environment
from handlers.executor.operations.lines import Tail
from handlers.executor.operations.output import Output
from handlers.executor.operations.process import Process
from handlers.executor.operations.program import NotARegistry, Program, read_registry
from handlers.executor.operations.task import OperationFailed, OperationHandler, Task

#: Between asking a program to end and killing it.
GRACE_SECONDS = 5.0


def command(program: Program, *, grace: float = GRACE_SECONDS) -> OperationHandler:
    """A handler that runs a program. It succeeds with exit status 0; when it ends, so does all that it left behind."""

    async def run(task: Task) -> Any:
        payload = encode(task.payload)
        process = _started(program, task, payload)
        out, err = Output(task.advance), Tail()
        try:
            process.talk(payload, out.feed, err.feed)
            in_time = await process.ended(program.timeout_seconds)
        finally:
            status = await process.end(grace)
        out.end()
        err.end()
        try:
            return _result(program, out, status if in_time else None)
        except OperationFailed as failure:
            failure.details = {
                "exitStatus": status if in_time else None,
                "stdout": out.tail.text(),
                "stderr": err.text(),
                "complaints": out.complaints,
            }
            raise

    return run


def _started(program: Program, task: Task, payload: bytes) -> Process:
    name = program.argv[0]
    try:
        told = environment(task, payload, os.environ, program.environment)
        return Process(program.argv, told, program.directory)
    except FileNotFoundError as wrong:
        if program.directory is not None and wrong.filename == program.directory:
            raise OperationFailed(f"expected the directory {program.directory} for {name}, found none") from None
        missing = f"found no {wrong.filename}, or not the interpreter that it names"
        raise OperationFailed(f"expected a program {name}, {missing}") from None
    except PermissionError:
        raise OperationFailed(f"expected {name} to be a program that may be executed, found it is not") from None
    except (OSError, ValueError) as wrong:
        # Among them E2BIG: more arguments and environment than the kernel takes.
        raise OperationFailed(f"expected {name} to start, found {wrong}") from None


def _result(program: Program, out: Output, status: int | None) -> Any:
    name = program.argv[0]
    if status is None:
        raise OperationFailed(f"expected {name} to end within {program.timeout_seconds:g} s, found it still running")
    if status < 0:
        raise OperationFailed(f"expected {name} to end with exit status 0, found it ended by {_signal(-status)}")
    if status > 0:
        raise OperationFailed(f"expected {name} to end with exit status 0, found {status}")
    if out.said_failure:
        # POP's handlers end with 0 whatever happens; their last progress says how it went.
        raise OperationFailed(f"expected {name} to succeed, found its last progress says it did not")
    return out.result()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


__all__ = ["GRACE_SECONDS", "NotARegistry", "Program", "command", "read_registry"]

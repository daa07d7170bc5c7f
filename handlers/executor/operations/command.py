"""`command`: runs a local program as an operation (spec 10.1, 10.6).

What it is told: `environment`. What it says: `output`. Which program: `program`. How it runs and ends: `process`.
"""

import logging
import os
from typing import Any

from handlers.executor.operations.ending import details, refuse
from handlers.executor.operations.environment import LAST_PROGRESS, encode, environment
from handlers.executor.operations.lines import Tail
from handlers.executor.operations.output import Output
from handlers.executor.operations.program import Program
from handlers.executor.operations.starting import start
from handlers.executor.operations.task import OperationFailed, OperationHandler, Task

logger = logging.getLogger(__name__)

#: Between asking a program to end and killing it.
GRACE_SECONDS = 5.0


def command(program: Program, *, grace: float = GRACE_SECONDS) -> OperationHandler:
    """A handler that runs a program. It succeeds with exit status 0; when it ends, so does all that it left behind."""

    async def run(task: Task) -> Any:
        payload = encode(task.payload)
        told = environment(task, payload, os.environ, program.environment)
        if task.prior is not None and LAST_PROGRESS not in told:
            # It only saves work: without it a program begins from the start.
            logger.warning("the earlier progress of %s is too long to be passed on", task.name)
        process = start(program.argv, told, program.directory)
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
            failure.details = details(status if in_time else None, out, err)
            raise

    return run


def _result(program: Program, out: Output, status: int | None) -> Any:
    name = program.argv[0]
    refuse(name, status, program.timeout_seconds)
    if out.said_failure:
        # POP's handlers end with 0 whatever happens; their last progress says how it went.
        raise OperationFailed(f"expected {name} to succeed, found its last progress says it did not")
    return out.result()

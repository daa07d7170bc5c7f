"""How programs end: waiting for it, and what it says in words."""

import asyncio
import signal
from collections.abc import Coroutine
from enum import Enum, auto
from typing import Any

from handlers.executor.operations.lines import Tail
from handlers.executor.operations.output import Output
from handlers.executor.operations.task import OperationFailed


class End(Enum):
    """How the wait for a handler's end came out."""

    #: it ended
    ITSELF = auto()
    #: it said that it is complete, and lingers: to POP that is an end
    LINGERING = auto()
    #: neither, in its time
    LATE = auto()


async def wait(end: Coroutine[Any, Any, Any], complete: asyncio.Event, *, seconds: float, linger: float) -> End:
    """Wait for an end, or for `complete` and then `linger` seconds more. Raises what `end` raises."""
    ended, said = asyncio.create_task(end), asyncio.create_task(complete.wait())
    try:
        await asyncio.wait([ended, said], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done() and said.done():
            await asyncio.wait([ended], timeout=linger)
        if ended.done():
            ended.result()
            return End.ITSELF
        return End.LINGERING if said.done() else End.LATE
    finally:
        ended.cancel()
        said.cancel()
        await asyncio.wait([ended, said])


def refuse(name: str, status: int | None, seconds: float) -> None:
    """Raises OperationFailed unless a program ended with 0; None: it was still running after so many seconds."""
    if status is None:
        raise OperationFailed(f"expected {name} to end within {seconds:g} s, found it still running")
    if status < 0:
        raise OperationFailed(f"expected {name} to end with exit status 0, found it ended by {_signal(-status)}")
    if status > 0:
        raise OperationFailed(f"expected {name} to end with exit status 0, found {status}")


def details(status: int | None, out: Output, err: Tail) -> dict[str, Any]:
    """What goes into the diagnostics of a program that failed."""
    return {
        "exitStatus": status,
        "stdout": out.tail.text(),
        "stderr": err.text(),
        "complaints": out.complaints,
    }


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

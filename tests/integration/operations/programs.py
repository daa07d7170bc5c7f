"""Real programs to run: Python scripts that are written where the test says."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from handlers.executor.operations.program import Program


def script(folder: Path, text: str, *arguments: str, **more: Any) -> Program:
    """A program that runs a Python text."""
    place = folder / "program.py"
    place.write_text(text)
    return Program(argv=[sys.executable, "-S", "-u", str(place), *arguments], **more)


async def until(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until something is true; what it was."""
    async with asyncio.timeout(seconds):
        while not (found := true()):  # noqa: ASYNC110  # what is looked at tells nobody
            await asyncio.sleep(0.01)
    return found


def is_alive(pid: int) -> bool:
    """A process runs, and is no zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def written(place: Path) -> list[int]:
    """The process ids that a program wrote into a file, one a line; only whole lines."""
    return (
        [int(line) for line in place.read_text().splitlines(keepends=True) if line.endswith("\n")]
        if place.exists()
        else []
    )


#: Children that were there before a test: the session's broker and worker.
STRANGERS: set[int] = set()


def children() -> set[int]:
    """The test's own children, zombies too: guards and programs that were not reaped are among them."""
    return {child.pid for child in psutil.Process().children(recursive=True)} - STRANGERS

"""Pipes to a program, without a thread. Where the other end stands still nothing waits but the task."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import IO

_CHUNK = 64 * 1024


async def tell(pipe: IO[bytes], said: bytes) -> None:
    """Write all of it, as far as somebody reads; then close."""
    os.set_blocking(pipe.fileno(), False)
    ready = asyncio.Event()
    asyncio.get_running_loop().add_writer(pipe.fileno(), ready.set)
    left = memoryview(said)
    try:
        while left:
            await ready.wait()
            try:
                left = left[os.write(pipe.fileno(), left) :]
            except BlockingIOError:
                ready.clear()
            except BrokenPipeError:
                break  # it does not want to know
    finally:
        close(pipe)


async def hear(pipe: IO[bytes], heard: Callable[[bytes], None]) -> None:
    """Read until the last writer is gone."""
    os.set_blocking(pipe.fileno(), False)
    ready = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), ready.set)
    try:
        while True:
            await ready.wait()
            # A program that floods us waits for the others' turn.
            ready.clear()
            with suppress(BlockingIOError):
                if not (chunk := os.read(pipe.fileno(), _CHUNK)):
                    break
                heard(chunk)
    finally:
        close(pipe)


def close(pipe: IO[bytes]) -> None:
    """Close a pipe, and await nothing of it any more; as often as you like."""
    if not pipe.closed:
        loop = asyncio.get_running_loop()
        loop.remove_reader(pipe.fileno())
        loop.remove_writer(pipe.fileno())
        pipe.close()

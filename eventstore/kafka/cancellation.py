"""Cancellation as it is meant, behind a client that uses `asyncio.wait_for`.

In Python 3.11 that swallows a cancellation which meets its answer: the task goes on as if nobody had ended it, and a
loop that only a cancellation ends goes on for ever. Its task still knows that it was asked to end.
"""

import asyncio


def heed() -> None:
    """Raise asyncio.CancelledError if the current task was cancelled, though what it waited for was answered."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

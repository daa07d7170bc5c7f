"""Calls that are made again until they are answered."""

from collections.abc import Awaitable, Callable
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from eventstore.errors import Unavailable


async def insist(call: Callable[[], Awaitable[Any]], patience: float) -> Any:
    """Make a call until it is answered, for `patience` seconds."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(Unavailable),
        wait=wait_random_exponential(multiplier=0.1, max=2.0),
        stop=stop_after_delay(patience),
        reraise=True,
    ):
        with attempt:
            return await call()
    raise AssertionError  # tenacity raises the last error itself

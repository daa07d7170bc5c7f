"""Tells the service how far a run is: at once when something changed, and periodically as a sign of life.

What one end brings about, the start of what waited for it, comes a few turns of the loop later and is said with it: for
operations that follow each other that is half the reports, each an event of the log.

While the service is away everything is kept, and said when it is back. A refusal ends the run here: it was cancelled,
or given to another executor, or is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from eventstore.errors import Unavailable
from handlers.client.objects import AgendaProgress
from handlers.executor.journal import Journal

#: POP's executors report this often (spec 10.3).
EVERY_SECONDS = 5.0
#: From the end of an operation to the start of the next it is five turns; operations that take no time need no more.
TURNS = 20


class Reporter:
    """Reports one journal through `send`; `changed` wakes it."""

    def __init__(
        self, journal: Journal, send: Callable[[AgendaProgress], Awaitable[None]], every: float = EVERY_SECONDS
    ) -> None:
        self._journal = journal
        self._send = send
        self._every = every
        self._wake = asyncio.Event()

    def changed(self) -> None:
        """The journal has something new."""
        self._wake.set()

    async def run(self) -> None:
        """Report until the run's end is acknowledged. Raises Rejected when the service wants no more of it."""
        while True:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            over = self._journal.is_over
            await self._insist()
            if over:
                return
            if not self._wake.is_set():
                await self._pause()

    async def flush(self) -> None:
        """Say once more what is known; raises Rejected, Unavailable."""
        report = self._journal.report()
        self._wake.clear()
        await self._send(report)
        self._journal.acknowledge(report)

    async def _insist(self) -> None:
        # Each try says what is true by then.
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Unavailable), wait=wait_random_exponential(multiplier=0.2, max=5.0)
        ):
            with attempt:
                await self.flush()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._every):
                await self._wake.wait()
        except TimeoutError:
            pass

"""Pulls agendas of one Insight and runs them, until it is asked to stop (spec 10.2, design 4.8)."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from eventstore.errors import AgendumError, Unavailable
from handlers.client.client import Client
from handlers.client.objects import Agenda, AgendaProgress, Work
from handlers.executor.execution import Execution
from handlers.executor.operations.task import OperationHandler

logger = logging.getLogger(__name__)

#: A leaving executor says what it knows, and hands back, within this (s).
FAREWELL_SECONDS = 3.0


class Executor:
    """Runs at most `slots` operations at a time, of at most `slots` agendas."""

    def __init__(
        self,
        client: Client,
        insight_id: str,
        *,
        slots: int,
        handlers: Mapping[str, OperationHandler],
        now: Callable[[], int],
        grace: float,
    ) -> None:
        self._client = client
        self._insight_id = insight_id
        self._slots = slots
        self._semaphore = asyncio.Semaphore(slots)
        self._handlers = handlers
        self._now = now
        #: seconds that runs may go on once a stop is asked for
        self._grace = grace
        self._runs: dict[asyncio.Task[None], Execution] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Pull and run until `stop`; then finish, or hand back, what is in hand. Raises Rejected."""
        pulling = asyncio.create_task(self._pull())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([pulling, stopping], return_when=asyncio.FIRST_COMPLETED)
            if pulling.done():
                await pulling
        finally:
            for task in (pulling, stopping):
                task.cancel()
            # What is handed out at this very moment, and lost, is given out again when it expires.
            await asyncio.wait([pulling, stopping])
            await self._leave()

    async def _pull(self) -> None:
        while True:
            while len(self._runs) >= self._slots:
                await asyncio.wait(self._runs, return_when=asyncio.FIRST_COMPLETED)
            work = await self._ask(self._slots - len(self._runs))
            progresses = {progress.id: progress for progress in work.agenda_progresses}
            for agenda in work.agendas:
                self._begin(agenda, progresses.get(agenda.progress_id))

    async def _ask(self, count: int) -> Work:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(multiplier=0.2, max=5.0),
            before_sleep=lambda state: logger.warning(
                "%s", state.outcome and state.outcome.exception(), extra={"action": "pull"}
            ),
        ):
            with attempt:
                return await self._client.pull(self._insight_id, count)
        raise AssertionError  # it is tried for ever

    def _begin(self, agenda: Agenda, prior: AgendaProgress | None) -> None:
        run = Execution(
            agenda,
            prior,
            handlers=self._handlers,
            slots=self._semaphore,
            send=self._client.report,
            service=self._client,
            now=self._now,
        )
        task = asyncio.create_task(self._carry_out(agenda, run))
        self._runs[task] = run
        task.add_done_callback(lambda done: self._runs.pop(done, None))

    async def _carry_out(self, agenda: Agenda, run: Execution) -> None:
        logger.info("begins", extra={"action": "run", "agenda": agenda.id, "progress": agenda.progress_id})
        try:
            end = await run.run()
            logger.info("ended", extra={"action": "run", "agenda": agenda.id, "end": str(end)})
        except asyncio.CancelledError:
            await self._hand_back(agenda, run)
            raise
        except Exception:
            logger.exception("a run broke down", extra={"action": "run", "agenda": agenda.id})

    async def _leave(self) -> None:
        if self._runs:
            await asyncio.wait(self._runs, timeout=self._grace)
        left = [*self._runs]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=2 * FAREWELL_SECONDS)

    async def _hand_back(self, agenda: Agenda, run: Execution) -> None:
        # Without this the run is found by its silence, which takes minutes (design 4.8).
        with suppress(AgendumError, TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await run.reporter.flush()
                await self._client.hand_back(agenda.progress_id or "", run.started)
                logger.info("handed back", extra={"action": "run", "agenda": agenda.id})

"""One agenda in the hands of an executor: runs what may run, reports, ends (spec 10.3)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any

import orjson
from msgspec.structs import replace

from eventstore.errors import Rejected
from handlers.client.objects import Agenda, AgendaProgress, DiagnosticEvent, Operation, OperationProgress
from handlers.executor.expanding import persist
from handlers.executor.graph import Graph
from handlers.executor.journal import Journal
from handlers.executor.operations.generators import Generated, generated, with_regenerated
from handlers.executor.operations.task import OperationFailed, OperationHandler, Service, Task
from handlers.executor.reporter import EVERY_SECONDS, Reporter

logger = logging.getLogger(__name__)


class End(StrEnum):
    """How a run ended here."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    #: the service wants no more of it: cancelled, given to another, or gone
    REFUSED = "refused"


class Execution:
    """Runs one agenda with the operations of `handlers`, at most `slots` of them at a time (shared between runs)."""

    def __init__(
        self,
        agenda: Agenda,
        prior: AgendaProgress | None,
        *,
        handlers: Mapping[str, OperationHandler],
        slots: asyncio.Semaphore,
        send: Callable[[AgendaProgress], Awaitable[None]],
        now: Callable[[], int],
        service: Service | None = None,
        every: float = EVERY_SECONDS,
    ) -> None:
        self._prior = {row.operation or "": row for row in (prior.operation_progress or [] if prior else [])}
        self._handlers = handlers
        self._slots = slots
        self._now = now
        done = {name: _result(row) for name, row in self._prior.items() if row.succeeded}
        self._agenda = agenda = replace(agenda, operations=with_regenerated(agenda.operations, done))
        #: None: what is generated runs here and nobody is told
        self._service = service
        self._graph = Graph(agenda.operations, done)
        self.started = now()
        self.journal = Journal(agenda, done.keys() & {one.name for one in agenda.operations}, self.started)
        self.reporter = Reporter(self.journal, send, every)
        self._failures: list[DiagnosticEvent] = []

    async def run(self) -> End:
        """Run it to its end, and until the service knows of that. Cancelling it stops its operations."""
        reports = asyncio.create_task(self.reporter.run())
        work = asyncio.create_task(self._work())
        try:
            # Reports end first only by a refusal: then nothing may go on.
            await asyncio.wait([reports, work], return_when=asyncio.FIRST_COMPLETED)
            if not reports.done():
                await work
            await reports
        except Rejected as why:
            logger.warning("%s", why, extra={"action": "refused", "agenda": self._agenda.id})
            return End.REFUSED
        finally:
            await _cancel(work, reports)
        return End.FAILED if self._failures else End.SUCCEEDED

    async def _work(self) -> None:
        running: dict[asyncio.Task[None], Operation] = {}
        try:
            while True:
                for operation in [] if self._failures else self._graph.start():
                    running[asyncio.create_task(self._operate(operation))] = operation
                if not running:
                    break
                ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    del running[task]
                    task.result()
        finally:
            await _cancel(*running)
        if self._graph.left and not self._failures:
            self._failures.append(self._diagnostic("deadlock: " + "; ".join(self._graph.deadlock()[:20])))
        self.journal.close(self._now(), self._failures or None)
        self.reporter.changed()

    async def _operate(self, operation: Operation) -> None:
        async with self._slots:
            if self._failures:
                return  # it waited for a slot while another operation failed
            self.journal.begin(operation.name, self._now())
            self.reporter.changed()
            try:
                result = await self._perform(operation)
                self.journal.succeed(operation.name, result, self._now())
                self._graph.finish(operation.name, result)
            except Exception as wrong:  # noqa: BLE001  # whatever a handler raises fails its operation
                self._fail(operation, wrong)
            self.reporter.changed()

    async def _perform(self, operation: Operation) -> Any:
        handler = self._handlers.get(operation.type or "")
        if handler is None:
            raise OperationFailed(unknown(operation.type, self._handlers))
        payload, issues = self._graph.payload(operation, self._agenda.id or "")
        if issues:
            raise OperationFailed(f"expected references that lead somewhere, found: {'; '.join(issues)}")
        result = await handler(self._task(operation, payload))
        if (found := generated(operation, payload, result)) is not None:
            await self._expand(operation, found)
        return result

    async def _expand(self, operation: Operation, found: Generated) -> None:
        if taken := self._graph.taken(operation.name, found.operations):
            raise OperationFailed(f"expected to generate operations with new names, found {', '.join(taken)}")
        if self._service is not None and found.operations and not found.log_only:
            await persist(self._service, self._agenda.id or "", found)
        # The agenda's record comes first: whatever is reported of them, they are known there.
        self.journal.grow(self._graph.add(operation.name, found.operations))

    def _task(self, operation: Operation, payload: Any) -> Task:
        def advance(percent: float | None, message: str | None, params: dict[str, Any] | None) -> None:
            self.journal.advance(operation.name, percent, message, params)
            self.reporter.changed()

        return Task(
            name=operation.name,
            type=operation.type or "",
            payload=payload,
            params=operation.params,
            agenda_id=self._agenda.id or "",
            progress_id=self._agenda.progress_id or "",
            customer_id=self._agenda.customer_id or "",
            cid=self._agenda.cid,
            prior=self._prior.get(operation.name),
            service=self._service,
            advance=advance,
        )

    def _fail(self, operation: Operation, wrong: Exception) -> None:
        if not isinstance(wrong, OperationFailed):
            logger.error("operation failed", exc_info=wrong, extra={"action": "operate", "operation": operation.name})
        text = str(wrong) if isinstance(wrong, OperationFailed) else f"{type(wrong).__name__}: {wrong}"
        why = self._diagnostic(text, getattr(wrong, "details", None))
        self.journal.fail(operation.name, why, self._now())
        self._failures.append(self._diagnostic(f"Failed to complete operation: {operation.name}: {text}"))

    def _diagnostic(self, message: str, payload: Any = None) -> DiagnosticEvent:
        return DiagnosticEvent(message=message, time=self._now(), payload=payload)


def unknown(wanted: str | None, handlers: Mapping[str, OperationHandler]) -> str:
    """Why an operation of a type that this executor does not know fails (spec 10.5), and what to do about it."""
    return (
        f"no handler for type {wanted or '(none)'}; this executor has: {', '.join(sorted(handlers)) or 'none'}; next: "
        "name its program in a --registry FILE, or give it to an Insight whose executors have it"
    )


def _result(row: OperationProgress) -> Any:
    """What an earlier attempt left behind; text that is no JSON stands for itself."""
    if row.result_payload is None:
        return None
    try:
        return orjson.loads(row.result_payload)
    except orjson.JSONDecodeError:
        return row.result_payload


async def _cancel(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # seen: what it raised has been said, or does not matter any more

"""What an executor knows of its run, and what of it the service has not acknowledged yet (spec 10.3, 14.7). Pure.

A report holds what changed since the last one that was acknowledged; one that is lost is made up for by the next.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from eventstore.model import ProcessingState
from handlers.client.objects import Agenda, AgendaProgress, DiagnosticEvent, OperationProgress

EXECUTING, COMPLETE = ProcessingState.EXECUTING, ProcessingState.COMPLETE
RUNNING, SUCCEEDED, FAILED = "Running Operations", "succeeded", "failed"


class Journal:
    """One run. `started` (epoch ms) names this executor's attempt in every report."""

    def __init__(self, agenda: Agenda, done: set[str], started: int) -> None:
        self.progress = AgendaProgress(
            id=agenda.progress_id,
            processing_state=EXECUTING,
            processing_state_message=RUNNING,
            started_time=started,
            percent_complete=0.0,
        )
        self._total = len(agenda.operations)
        self._complete = len(done & {operation.name for operation in agenda.operations})
        self._executing: dict[str, OperationProgress] = {}
        self._unsent: dict[str, OperationProgress] = {}
        #: moves with every change
        self.version = 0

    @property
    def is_over(self) -> bool:
        """The run has come to its end here."""
        return self.progress.processing_state is COMPLETE

    def grow(self, operations: int) -> None:
        """So many operations were added to the run."""
        self._total += operations
        self.version += 1

    def begin(self, name: str, now: int) -> None:
        """An operation starts. Its message, until it says one of its own, is how far it is (the page above spec 0)."""
        self._put(
            OperationProgress(
                operation=name,
                processing_state=EXECUTING,
                processing_state_message=_percents(0.0),
                started_time=now,
                percent_complete=0.0,
            )
        )

    def advance(self, name: str, percent: float | None, message: str | None, params: dict[str, Any] | None) -> None:
        """An operation says how far it is; what is not from 0 to 100 counts as if it were (spec 10.3)."""
        percent = None if percent is None else max(0.0, min(100.0, percent))
        if (known := self._executing.get(name)) is not None:
            if percent is not None and known.processing_state_message == _percents(known.percent_complete):
                message = message or _percents(percent)
            said = {"percent_complete": percent, "processing_state_message": message, "params": params}
            self._put(replace(known, **{field: value for field, value in said.items() if value is not None}))

    def succeed(self, name: str, result: Any, now: int) -> None:
        """An operation came to its end. Raises TypeError, and changes nothing, when the result is no JSON."""
        try:
            text = None if result is None else msgspec.json.encode(result).decode()
        except (TypeError, ValueError, RecursionError) as wrong:
            raise TypeError(f"expected the result of {name} to be JSON: {wrong}") from None
        self._end(name, now, processing_state_message=SUCCEEDED, percent_complete=100.0, result_payload=text)

    def fail(self, name: str, why: DiagnosticEvent, now: int) -> None:
        """An operation failed."""
        self._end(name, now, processing_state_message=FAILED, diagnostic_events=[why])

    def close(self, now: int, diagnostics: list[DiagnosticEvent] | None) -> None:
        """The run is over: failed if there are diagnostics."""
        self.progress = replace(
            self.progress,
            processing_state=COMPLETE,
            processing_state_message=SUCCEEDED if diagnostics is None else FAILED,
            completed_time=now,
            diagnostic_events=[*diagnostics] if diagnostics else None,
        )
        self.version += 1

    def report(self) -> AgendaProgress:
        """What is to be said now: newest first, as POP's executors do (spec 14.7)."""
        percent = 100.0 * self._complete + sum(row.percent_complete or 0.0 for row in self._executing.values())
        return replace(
            self.progress,
            percent_complete=round(percent / self._total, 2) if self._total else 100.0,
            operation_progress=[*reversed(self._unsent.values())] or None,
        )

    def acknowledge(self, report: AgendaProgress) -> None:
        """The service has a report: what did not change since need not be said again."""
        for row in report.operation_progress or ():
            if self._unsent.get(row.operation or "") is row:
                del self._unsent[row.operation or ""]

    def _put(self, row: OperationProgress) -> None:
        name = row.operation or ""
        self._unsent.pop(name, None)
        self._unsent[name] = row
        if row.processing_state is EXECUTING:
            self._executing[name] = row
        self.version += 1

    def _end(self, name: str, now: int, **fields: Any) -> None:
        known = self._executing.pop(name)
        self._complete += 1
        self._put(replace(known, processing_state=COMPLETE, completed_time=now, **fields))


def _percents(percent: float | None) -> str:
    return f"{percent or 0.0:g}%"

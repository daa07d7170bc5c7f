"""Operations to run in tests."""

from typing import Any

from handlers.client.objects import OperationProgress
from handlers.executor.operations.task import Task

Said = list[tuple[float | None, str | None, dict[str, Any] | None]]


def task(payload: Any = None, *, said: Said | None = None, prior: OperationProgress | None = None, **more: Any) -> Task:
    """An operation `op` of the run `p1`; what it advances is put into `said`."""
    heard: Said = [] if said is None else said
    known = {"name": "op", "type": "t", "agenda_id": "a1", "progress_id": "p1", "customer_id": "acme", "params": {}}
    return Task(payload=payload, prior=prior, advance=lambda *what: heard.append(what), **{**known, **more})

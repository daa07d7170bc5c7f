"""`sample`: sleeps, logs, fails and answers as its payload says (spec 10.6); for trying things out.

It sleeps the milliseconds that are said, where POP's sleeps whole seconds. `externalExecute`, whose errors POP
swallows, does nothing here: programs run by `command`, from a registry.
"""

import asyncio
import logging
from typing import Any

import msgspec

from handlers.client.objects import Object
from handlers.executor.operations.task import OperationFailed, Task

logger = logging.getLogger(__name__)


class Settings(Object, frozen=True, kw_only=True):
    """An action's paramsMap."""

    sleep_milliseconds: int | None = None
    log_message: str | None = None
    exception_message: str | None = None


class Action(Object, frozen=True, kw_only=True):
    """One step."""

    action: str
    params_map: Settings | None = None


class Sample(Object, frozen=True, kw_only=True):
    """The payload. POP's clients write null for what they do not say (spec 1.1)."""

    actions: list[Action] | None = None
    result_payload: Any = None


async def sample(task: Task) -> Any:
    """Carry the actions out, one after the other."""
    try:
        wanted = msgspec.convert(task.payload or {}, Sample, strict=False)
    except msgspec.ValidationError as wrong:
        raise OperationFailed(f"Failed to translate payload to SampleInput: {wrong}") from None
    actions = wanted.actions or []
    for number, action in enumerate(actions):
        settings = action.params_map or Settings()
        await _sleep(task, settings.sleep_milliseconds or 0, 100.0 * number / len(actions))
        _act(task, action.action, settings)
    return wanted.result_payload


async def _sleep(task: Task, milliseconds: int, percent: float) -> None:
    left = milliseconds / 1000
    while left > 0:
        if left > 1:
            task.advance(percent)
        await asyncio.sleep(min(left, 1.0))
        left -= 1.0


def _act(task: Task, action: str, settings: Settings) -> None:
    match action:
        case "log":
            logger.info("%s", settings.log_message, extra={"action": "sample", "operation": task.name})
        case "exception":
            raise OperationFailed(settings.exception_message or "exception")
        case "externalExecute":
            logger.info("externalExecute does nothing here", extra={"action": "sample", "operation": task.name})
        case other:
            raise OperationFailed(f"expected an action log, exception or externalExecute, found {other!r}")

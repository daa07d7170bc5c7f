"""`logMessages`: logs each text of payload.logMessages (spec 10.4)."""

import logging

from handlers.executor.operations.task import OperationFailed, Task

logger = logging.getLogger(__name__)


async def log_messages(task: Task) -> None:
    """Log the messages."""
    messages = task.payload.get("logMessages") if isinstance(task.payload, dict) else None
    if not isinstance(messages, list):
        raise OperationFailed(f"expected payload.logMessages to be a list of texts, found {messages!r:.80}")
    for message in messages:
        logger.info("%s", message, extra={"action": "logMessages", "operation": task.name})

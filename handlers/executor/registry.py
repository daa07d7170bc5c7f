"""Which operation types this executor can run: those of all installed packages, by entry point."""

from collections.abc import Mapping
from importlib.metadata import entry_points

from handlers.executor.operations.log_messages import log_messages
from handlers.executor.operations.sample import sample
from handlers.executor.operations.task import OperationHandler

#: Where packages name their operation handlers.
GROUP = "agendum.operations"
_OWN: Mapping[str, OperationHandler] = {"logMessages": log_messages, "sample": sample}


def operation_handlers() -> dict[str, OperationHandler]:
    """Operation type -> what runs it; a package's own handler wins over ours."""
    return {**_OWN, **{point.name: point.load() for point in entry_points(group=GROUP)}}

"""`updateAgenda`: adds the operations of its payload to its own agenda (spec 10.4).

    {"operations": [{"name": …, "type": …, …}], "params": {…}, "logOnly": false}

What it answers is what the executor adds: to the run at once, and to the service's agenda unless `logOnly`.
"""

from typing import Any

import msgspec

from handlers.executor.operations.generators import operations_of
from handlers.executor.operations.task import OperationFailed, Task


async def update_agenda(task: Task) -> dict[str, Any]:
    """The operations, each with the name of this one in its params, and the params."""
    payload = task.payload if isinstance(task.payload, dict) else {}
    params = payload.get("params")
    if params is not None and not isinstance(params, dict):
        raise OperationFailed(f"expected payload.params to be a map, found {params!r:.80}")
    operations = operations_of(payload.get("operations"), task.name, "in payload.operations")
    return {"operations": msgspec.to_builtins(operations), "params": params}

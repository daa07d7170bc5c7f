"""`agendaPost`: submits agendas, of its own customer unless they say another (named in POP's documentation).

    {"agendas": [{"operations": […], "linkId": …}], "logOnly": false}

It answers `{"agendas": [{"id": …, "progressId": …}]}`. Each agenda is submitted once, however often this operation is
tried; after a rerun that resets it, once more.
"""

import logging
from typing import Any

import msgspec

from eventstore.errors import Rejected
from eventstore.model import ProcessingState
from handlers.executor.operations.task import OperationFailed, Service, Task

logger = logging.getLogger(__name__)

#: The param in which it keeps how often it was begun anew, a reset being a new beginning.
BEGUN = "agendaPost.begun"


async def agenda_post(task: Task) -> dict[str, Any]:
    """Submit the agendas; without a service, or with `logOnly`, they are logged."""
    payload = task.payload if isinstance(task.payload, dict) else {}
    agendas = payload.get("agendas")
    if not isinstance(agendas, list) or not agendas or not all(isinstance(one, dict) for one in agendas):
        raise OperationFailed(f"expected payload.agendas to be a list of agendas, found {agendas!r:.80}")
    wanted = [{"customerId": task.customer_id, "cid": task.cid, **agenda} for agenda in agendas]
    if task.service is None or payload.get("logOnly") in (True, "true"):
        for agenda in wanted:
            text = msgspec.json.encode(agenda).decode()
            logger.info("%s", text, extra={"action": "agendaPost", "operation": task.name})
        return {"agendas": wanted}
    begun = _begun(task)
    task.advance(params={BEGUN: begun})
    return {"agendas": [await _submit(task.service, task, one, f"{begun}/{n}") for n, one in enumerate(wanted)]}


async def _submit(service: Service, task: Task, agenda: dict[str, Any], part: str) -> dict[str, Any]:
    try:
        made = await service.submit(agenda, key=f"agendaPost/{task.progress_id}/{task.name}/{part}")
    except Rejected as why:
        raise OperationFailed(f"the service refused an agenda: {why}") from None
    return {"id": made.id, "progressId": made.progress_id}


def _begun(task: Task) -> int:
    """A number that is the same for every try of one beginning, and another after a reset."""
    prior = task.prior
    if prior is None:
        return 0
    attempts = prior.attempt_count or 0
    if prior.processing_state is ProcessingState.WAITING:
        return attempts
    kept = (prior.params or {}).get(BEGUN)
    # Lost before it was kept: then the attempt that was counted last is the one that began.
    return kept if isinstance(kept, int) else max(0, attempts - 1)

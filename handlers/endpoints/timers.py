"""The timed processes on demand: for operators alone, not in POP (spec 9)."""

import msgspec

from eventstore.errors import Forbidden
from handlers.endpoints.ask import Ask, Reply
from handlers.wire.calls import RunTimers
from handlers.wire.responses import service_answer


async def run_timers(ask: Ask) -> Reply:
    """What is due now of every timed process, on all workers; carried out only where `dryRun` is false.

    It shows runs of all customers: only who sees everything may ask.
    """
    if not ask.caller.everywhere:
        raise Forbidden("You do not have permission to perform this action: the timed processes are everyone's")
    wanted = await ask.body(RunTimers, "RunTimersRequest")
    dry = wanted is None or wanted.dry_run is not False
    found = await ask.edge.timers.due(dry=dry)
    return Reply(service_answer({"dryRun": dry, "processes": msgspec.to_builtins(found)}, cid=ask.cid))

"""One command from the inbox to its end: decided at the owner, or refused. A target that is away is waited for.

Places: so many commands are asked at once. What waits for a target that is away is asked again from a few places of its
own, so that it keeps others neither from their turn nor from their places.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from eventstore.commands import Caller
from eventstore.errors import Rejected, Unavailable
from eventstore.ids import partition_of
from handlers.edge.acceptance import accept, end, take_report
from handlers.edge.edge import Edge
from handlers.inbox import meaning
from handlers.inbox.meaning import Wish, ids_of, origin
from handlers.inbox.rejections import Failed
from handlers.intake.origin import Origin
from handlers.wire.calls import Cancel, UpdateProgress
from handlers.wire.requests import OpenAgenda

logger = logging.getLogger(__name__)

#: Between two questions to a target that is away (s): doubles from the one to the other.
RETRY_SECONDS = (0.1, 5.0)
#: Of this many places one more is for commands whose target is away.
PATIENT_SHARE = 8

CarryOut = Callable[[Wish], Awaitable[None]]


def carrying_out(edge: Edge, caller: Caller) -> CarryOut:
    """Carries commands out as this caller's, by the very checks that HTTP's go through."""

    async def carry_out(wish: Wish) -> None:
        body = wish.body

        def origins(customer: str) -> Origin:
            return origin(wish, caller, customer)

        match wish.type:
            case meaning.SUBMIT:
                await accept(edge, caller, body if isinstance(body, OpenAgenda) else None, origins)
            case meaning.REPORT:
                await take_report(edge, caller, body if isinstance(body, UpdateProgress) else None, origins)
            case meaning.CANCEL:
                await end(edge, caller, body if isinstance(body, Cancel) else None, origins)
            case _:
                raise NotImplementedError(f"a {wish.type} was read, but nothing carries it out")

    return carry_out


def caller_of(customers: str) -> Caller:
    """Who speaks on the inbox: `*` for all customers, or their names with `|` between them."""
    if customers.strip() == "*":
        return Caller(subject="inbox", everywhere=True)
    return Caller(subject="inbox", accounts=[name.strip() for name in customers.split("|") if name.strip()])


class Delivery:
    """Carries commands out, `concurrency` at once."""

    def __init__(self, carry_out: CarryOut, concurrency: int, partitions: int) -> None:
        self._carry_out = carry_out
        self._partitions = partitions
        self._places = asyncio.Semaphore(concurrency)
        self._patient = asyncio.Semaphore(max(1, concurrency // PATIENT_SHARE))
        #: partitions of `agendas` whose owner did not answer when it was asked last
        self.away: set[int] = set()

    async def until_decided(self, wish: Wish) -> None:
        """Carry a command out, however long its target is away. Raises Rejected."""
        target = self._target(wish)
        pause, most = RETRY_SECONDS
        tried = False
        while True:
            async with self._patient if tried or target in self.away else self._places:
                try:
                    await self._carry_out(wish)
                except Unavailable as away:
                    logger.info("target is away", extra={"action": "park", "id": wish.id, "reason": str(away)})
                    if target is not None:
                        self.away.add(target)
                except Rejected:
                    self._answered(target)
                    raise
                except Exception as wrong:
                    logger.exception("a command of the inbox made this program fail", extra={"action": "inbox"})
                    raise Failed(f"this program failed on it: {type(wrong).__name__}: {wrong}") from wrong
                else:
                    self._answered(target)
                    return
            tried = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, most)

    def _answered(self, target: int | None) -> None:
        if target is not None:
            self.away.discard(target)

    def _target(self, wish: Wish) -> int | None:
        match wish.body:
            case OpenAgenda() as agenda:
                run = ids_of(agenda.customer_id or "", wish.source, wish.id, agenda.progress_id, self._partitions)[0]
            case UpdateProgress():
                run = wish.target
            case _:
                return None  # known only when its agenda has been looked up
        return partition_of(run, self._partitions)

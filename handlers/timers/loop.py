"""Proposes to the command path what is due, twice a second, for the partitions owned now."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import msgspec

from eventstore.commands import ExpireDispatch, ReclaimAgenda, RetryAgenda
from eventstore.errors import AgendumError
from eventstore.sealing import Cipher, seal_value
from handlers.timers.due import again, expired, silent
from projections.partition import Partition
from projections.views import Answer

TICK_SECONDS = 0.5
#: Commands under way at once; the rest is due again at the next tick.
AT_ONCE = 64

Proposal = ExpireDispatch | ReclaimAgenda | RetryAgenda


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long each timer waits (ms)."""

    #: after an owner became ready, before it lets dispatches expire
    grace: int
    #: of silence before an attempt counts as lost (spec 9.2)
    reclaim: int
    #: before a first retry
    backoff: int


class Timers:
    """The loop; `owned` are the partitions that this worker can decide on now."""

    def __init__(
        self,
        *,
        owned: Callable[[], Iterable[Partition]],
        command: Callable[[Proposal], Awaitable[Answer]],
        now: Callable[[], int],
        draw: Callable[[], str],
        patience: Patience,
        cipher: Cipher,
    ) -> None:
        self._owned = owned
        self._command = command
        self._now = now
        self._draw = draw
        self._patience = patience
        self._cipher = cipher
        #: epoch of an ownership -> when it became able to write
        self._since: dict[str, int] = {}

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            proposals = self.proposals()
            await asyncio.gather(*(self._propose(proposal) for proposal in proposals[:AT_ONCE]))
            if len(proposals) <= AT_ONCE:
                await asyncio.sleep(TICK_SECONDS)

    def proposals(self) -> list[Proposal]:
        """Everything that is due now."""
        owned, now = [*self._owned()], self._now()
        # What could not write for a while begins anew: silence counts only while someone listens.
        self._since = {part.ready.epoch: self._since.get(part.ready.epoch, now) for part in owned}
        return [proposal for partition in owned for proposal in self._due(partition, now)]

    def _due(self, partition: Partition, now: int) -> Iterable[Proposal]:
        line, patience, draw = partition.ready, self._patience, self._draw
        since = self._since[line.epoch]
        for open_ in expired(line.open(), now, since, patience.grace):
            yield ExpireDispatch(id=draw(), stream=open_.stream, agenda_id=open_.agenda_id, attempt=open_.attempt)
        for lost in silent(line.running(), now, since, patience.reclaim):
            yield ReclaimAgenda(
                id=draw(),
                stream=lost.stream,
                agenda_id=lost.agenda_id,
                attempt=lost.attempt,
                age=patience.reclaim,
                diagnostic=self._timed_out(lost.customer_id, now),
            )
        for agenda in again(line.failed(), now, patience.backoff):
            yield RetryAgenda(id=draw(), stream=agenda.stream, agenda_id=agenda.agenda_id, attempt=agenda.attempt)

    def _timed_out(self, customer_id: str, now: int) -> str:
        # POP's words (spec 9.2).
        return seal_value(self._cipher, customer_id, {"message": "AgendaProgress timed out.", "time": now})

    async def _propose(self, proposal: Proposal) -> None:
        with suppress(AgendumError):
            await self._command(proposal)

"""Proposes to the command path what is due, twice a second, for the partitions owned now."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from eventstore.commands import ExpireDispatch
from eventstore.errors import AgendumError
from handlers.timers.expiry import due
from projections.partition import Partition
from projections.views import Answer

TICK_SECONDS = 0.5
#: Commands under way at once; the rest is due again at the next tick.
AT_ONCE = 64


class Timers:
    """The loop; `owned` says when each partition became ready here (epoch ms)."""

    def __init__(
        self,
        *,
        owned: Callable[[], Iterable[Partition]],
        command: Callable[[ExpireDispatch], Awaitable[Answer]],
        now: Callable[[], int],
        draw: Callable[[], str],
        grace_ms: int,
    ) -> None:
        self._owned = owned
        self._command = command
        self._now = now
        self._draw = draw
        self._grace = grace_ms
        self._since: dict[str, int] = {}
        self.expired = 0

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            proposals = [proposal for partition in self._owned() for proposal in self._due(partition)]
            await asyncio.gather(*(self._propose(proposal) for proposal in proposals[:AT_ONCE]))
            if len(proposals) <= AT_ONCE:
                await asyncio.sleep(TICK_SECONDS)

    def _due(self, partition: Partition) -> Iterable[ExpireDispatch]:
        epoch = partition.ready.epoch
        since = self._since.setdefault(epoch, self._now())
        for dispatch in due(partition.ready.open(), self._now(), since, self._grace):
            yield ExpireDispatch(
                id=self._draw(), stream=dispatch.stream, agenda_id=dispatch.agenda_id, attempt=dispatch.attempt
            )

    async def _propose(self, proposal: ExpireDispatch) -> None:
        with suppress(AgendumError):
            await self._command(proposal)
            self.expired += 1

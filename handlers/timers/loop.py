"""Proposes to the command path what is due, every now and then, for the partitions owned now; and on demand (spec 9).

A process that is dry says what is due, in `Timers.due` and in the metrics, and proposes nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from eventstore.commands import ExpireDispatch, ReapObjects, ReapRun, ReclaimAgenda, RetryAgenda
from eventstore.errors import AgendumError
from eventstore.sealing import Cipher, seal_value
from handlers.timers.due import again, expired, silent
from handlers.timers.reaper import Reaper
from projections.partition import Partition
from projections.views import Answer

logger = logging.getLogger(__name__)

#: Commands under way at once; the rest is due again at the next tick.
AT_ONCE = 64
#: Between two ticks when there is more to do (s): where nothing succeeds, it is not tried in a hot loop.
MORE_SECONDS = 0.02
#: Of each kind and partition, the oldest that the reaper looks at on one demand.
ON_DEMAND = 512
#: Runs of each process that an answer names.
NAMED = 20

Proposal = ExpireDispatch | ReclaimAgenda | RetryAgenda | ReapObjects | ReapRun
#: The timed processes, and the commands that each proposes.
PROCESSES: Mapping[str, tuple[type[Proposal], ...]] = {
    "expiry": (ExpireDispatch,),
    "reclaimer": (ReclaimAgenda,),
    "retry": (RetryAgenda,),
    "reaper": (ReapObjects, ReapRun),
}
_OF = {kind: process for process, kinds in PROCESSES.items() for kind in kinds}


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long each timer waits (ms)."""

    #: after an owner became ready, before it lets dispatches expire
    grace: int
    #: of silence before an attempt counts as lost (spec 9.2)
    reclaim: int
    #: before a first retry
    backoff: int
    #: between two looks at what is due
    every: int = 500
    #: between two walks of the reaper
    reap_every: int = 60_000


class Due(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is due of one process."""

    process: str
    due: int = 0
    #: of these carried out, the rest was refused, unknown, or is left for the next time
    done: int = 0
    #: some of the runs
    runs: list[str] = []  # noqa: RUF012  # msgspec copies it
    #: carried out as time goes by; false where AGENDUM_DRY_RUN names it, and only who asks carries it out
    by_itself: bool = True


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
        reaper: Reaper,
        dry: Collection[str] = (),
        observe: Callable[[str, int, int], None] = lambda _, __, ___: None,
    ) -> None:
        self._owned = owned
        self._command = command
        self._now = now
        self._draw = draw
        self._patience = patience
        self._cipher = cipher
        self._reaper = reaper
        self._dry = dry
        #: told each process, how much of it was due, and how much was done
        self._observe = observe
        #: epoch of an ownership -> when it became able to write
        self._since: dict[str, int] = {}
        self._reaped = 0

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            found = self.proposals()
            more = False
            for process, proposals in found.items():
                acting = [] if process in self._dry else proposals[:AT_ONCE]
                self._observe(process, len(proposals), await self._carry_out(acting))
                more |= len(proposals) > len(acting) > 0
            more |= await self._reap()
            await asyncio.sleep(MORE_SECONDS if more else self._patience.every / 1000)

    async def due(self, *, dry: bool) -> list[Due]:
        """What is due now of every process; unless `dry`, carried out."""
        answer, reaper = [], self._reaper.anew(ON_DEMAND)
        found = {**self.proposals(), "reaper": list[Proposal]()}
        for partition in [*self._owned()]:
            found["reaper"] += reaper.due(partition, self._now())
            await asyncio.sleep(0)
        for process, proposals in found.items():
            done = 0 if dry else await self._carry_out(proposals)
            runs = [proposal.stream for proposal in proposals[:NAMED]]
            alone = process not in self._dry
            answer.append(Due(process=process, due=len(proposals), done=done, runs=runs, by_itself=alone))
        return answer

    async def _reap(self) -> bool:
        """One stride of the reaper, if its time has come; whether it found something to do."""
        if self._now() < self._reaped + self._patience.reap_every:
            return False
        found = [proposal for partition in self._owned() for proposal in self._reaper.due(partition, self._now())]
        dry = "reaper" in self._dry
        self._observe("reaper", len(found), 0 if dry else await self._carry_out(found))
        if not self._reaper.is_walking:
            self._reaped = self._now()
            self._reaper.begin()
        return bool(found) and not dry

    def proposals(self) -> dict[str, list[Proposal]]:
        """Everything that is due now, by process; but for the reaper's, which walks."""
        owned, now = [*self._owned()], self._now()
        # What could not write for a while begins anew: silence counts only while someone listens.
        self._since = {part.ready.epoch: self._since.get(part.ready.epoch, now) for part in owned}
        self._reaper.forget(set(self._since))
        found: dict[str, list[Proposal]] = {process: [] for process in PROCESSES if process != "reaper"}
        for partition in owned:
            for proposal in self._due(partition, now):
                found[_OF[type(proposal)]].append(proposal)
        return found

    def _due(self, partition: Partition, now: int) -> Iterable[Proposal]:
        watched, patience, draw = partition.ready.watched, self._patience, self._draw
        since = self._since[partition.ready.epoch]
        for open_ in expired(watched.open(), now, since, patience.grace):
            yield ExpireDispatch(id=draw(), stream=open_.stream, agenda_id=open_.agenda_id, attempt=open_.attempt)
        for lost in silent(watched.running(), now, since, patience.reclaim):
            yield ReclaimAgenda(
                id=draw(),
                stream=lost.stream,
                agenda_id=lost.agenda_id,
                attempt=lost.attempt,
                age=patience.reclaim,
                diagnostic=self._timed_out(lost.customer_id, now),
            )
        for agenda in again(watched.failed(), now, patience.backoff):
            yield RetryAgenda(id=draw(), stream=agenda.stream, agenda_id=agenda.agenda_id, attempt=agenda.attempt)

    def _timed_out(self, customer_id: str, now: int) -> str:
        # POP's words (spec 9.2).
        return seal_value(self._cipher, customer_id, {"message": "AgendaProgress timed out.", "time": now})

    async def _carry_out(self, proposals: Sequence[Proposal]) -> int:
        done = 0
        for start in range(0, len(proposals), AT_ONCE):
            done += sum(await asyncio.gather(*map(self._propose, proposals[start : start + AT_ONCE])))
        return done

    async def _propose(self, proposal: Proposal) -> bool:
        try:
            await self._command(proposal)
        except AgendumError:
            return False
        except Exception:
            # One run on which this program fails must not end the loop: its worker would leave, and the next owner too.
            logger.exception("a timed command failed", extra={"action": "timer", "run": proposal.stream})
            return False
        return True

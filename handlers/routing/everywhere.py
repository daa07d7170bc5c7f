"""What is due everywhere: every owner says it of its own partitions, here or one hop away."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from handlers.routing.hops import Hop, Hops
from handlers.timers.loop import NAMED, PROCESSES, Due, Timers

#: Carrying out what is due of a whole partition takes its time (s).
HOP_SECONDS = 60.0


class DueQuestion(msgspec.Struct, frozen=True):
    """What is due, and is it to be carried out?"""

    dry: bool


DUE = Hop("/due", DueQuestion, list[Due])


class Everywhere:
    """The timers of all owners as one."""

    def __init__(self, *, me: str, owners: Callable[[], dict[int, str]], hops: Hops, timers: Timers) -> None:
        self._me = me
        self._owners = owners
        self._hops = hops
        self._timers = timers

    async def due(self, *, dry: bool) -> list[Due]:
        """What is due of each process, everywhere; raises Unavailable rather than leave an owner out."""
        answers = await asyncio.gather(*(self._of(owner, dry) for owner in sorted({*self._owners().values()})))
        return [_together(process, answers) for process in PROCESSES]

    async def here(self, question: DueQuestion) -> list[Due]:
        """What is due at this worker."""
        return await self._timers.due(dry=question.dry)

    async def _of(self, owner: str, dry: bool) -> list[Due]:  # noqa: FBT001
        question = DueQuestion(dry)
        if owner == self._me:
            return await self.here(question)
        found: list[Due] = await self._hops.ask(owner, DUE, question, HOP_SECONDS)
        return found


def _together(process: str, answers: Sequence[Sequence[Due]]) -> Due:
    found = [due for answer in answers for due in answer if due.process == process]
    return Due(
        process=process,
        due=sum(due.due for due in found),
        done=sum(due.done for due in found),
        runs=[run for due in found for run in due.runs][:NAMED],
        by_itself=all(due.by_itself for due in found),
    )

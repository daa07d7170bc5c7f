"""The owners of partitions, as schedulers see them: here by a call, elsewhere by one hop (design 4.2, 4.5)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec

from eventstore.commands import DispatchAgenda, ReturnDispatch
from eventstore.errors import AgendumError, Moving, OutcomeUnknown
from eventstore.ids import partition_of
from handlers.command_path.runs import CommandPath
from handlers.routing.hops import Failure, Hop, Hops
from handlers.scheduling.board import Board
from projections.queues.ready import Picture
from projections.views import Answer

logger = logging.getLogger(__name__)

HOP_SECONDS = 2.0


class ReadyQuestion(msgspec.Struct, frozen=True):
    """What is ready for these Insights, once it differs from the known version?"""

    insights: list[str]
    known: tuple[str, int]
    seconds: float
    #: the queue, if its customers are served by turns
    turns_of: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What became of one dispatch."""

    answer: Answer | None = None
    failure: Failure | None = None


READY = Hop("/ready", ReadyQuestion, Picture)
DISPATCH = Hop("/dispatch", list[DispatchAgenda], list[Outcome])


class LiveOwners:
    """See handlers.scheduling.scheduler.Owners."""

    def __init__(
        self,
        *,
        me: str,
        owners: Callable[[], dict[int, str]],
        partitions: int,
        board: Board,
        path: CommandPath,
        hops: Hops,
        command: Callable[[ReturnDispatch], Awaitable[Answer]],
    ) -> None:
        self._me = me
        self._owners = owners
        self._partitions = partitions
        self._board = board
        self._path = path
        self._hops = hops
        self._command = command
        self._returns: set[asyncio.Task[None]] = set()

    def all(self) -> set[str]:
        """Names of the workers that own anything: their internal addresses."""
        return set(self._owners().values())

    def of(self, stream: str) -> str | None:
        """The worker that owns a stream."""
        return self._owners().get(partition_of(stream, self._partitions))

    async def ready(
        self, owner: str, insights: list[str], known: tuple[str, int], seconds: float, turns_of: str | None = None
    ) -> Picture:
        """An owner's picture by long poll; raises Unavailable."""
        if owner == self._me:
            return await self._board.wait(insights, known, seconds, turns_of)
        question = ReadyQuestion(insights, known, seconds, turns_of)
        picture: Picture = await self._hops.ask(owner, READY, question, seconds + HOP_SECONDS)
        return picture

    async def dispatch(self, owner: str, commands: list[DispatchAgenda]) -> list[Answer | AgendumError]:
        """Let an owner decide dispatches; raises Unavailable when it does not answer."""
        if not owner:
            raise Moving("a partition is between two owners")
        if owner == self._me:
            return await self.dispatch_here(commands)
        outcomes: list[Outcome] = await self._hops.ask(owner, DISPATCH, commands, HOP_SECONDS)
        return [
            outcome.answer if outcome.answer is not None else (outcome.failure or _LOST).error() for outcome in outcomes
        ]

    async def dispatch_here(self, commands: list[DispatchAgenda]) -> list[Answer | AgendumError]:
        """Decide dispatches on the runs that this worker owns, concurrently, each by itself."""
        return await asyncio.gather(*map(self._decided, commands))

    async def _decided(self, command: DispatchAgenda) -> Answer | AgendumError:
        try:
            return await self._path.decide(command)
        except AgendumError as refused:
            return refused
        except Exception as wrong:
            # What was decided of the others is in the log: their answers must not get lost over this one.
            logger.exception("a dispatch made this program fail", extra={"action": "dispatch", "run": command.stream})
            return OutcomeUnknown(f"this program failed on {command.id}: {wrong!r}")

    def take_back(self, command: ReturnDispatch) -> None:
        """Return a dispatch, in the background; what does not succeed here expires."""
        task = asyncio.create_task(self._take_back(command))
        self._returns.add(task)
        task.add_done_callback(self._returns.discard)

    async def _take_back(self, command: ReturnDispatch) -> None:
        with suppress(AgendumError):
            await self._command(command)


def outcomes_of(found: list[Answer | AgendumError]) -> list[Outcome]:
    """Outcomes, ready to travel."""
    return [Outcome(answer=each) if isinstance(each, Answer) else Outcome(failure=Failure.of(each)) for each in found]


_LOST: Any = Failure("OutcomeUnknown", "the owner gave no outcome")

"""The real gateway: each command to the owner of its stream, here or one hop away (design 4.5); queries are `reads`.

While a partition moves, requests wait (handlers.routing.waiting_room).
"""

from collections.abc import Coroutine, Sequence
from time import monotonic
from typing import Any

from eventstore.commands import CatalogueCommand, RunCommand
from eventstore.errors import Moving
from eventstore.ids import partition_of
from handlers.command_path.catalogue import CataloguePath
from handlers.command_path.runs import CommandPath
from handlers.gateway import Kept, Pull
from handlers.routing.directory import HOP_SECONDS, Directory
from handlers.routing.hops import Hop
from handlers.routing.pulls import Pulls
from handlers.routing.reads import Reads
from handlers.routing.waiting_room import WaitingRoom
from handlers.scheduling.schedulers import Schedulers, scheduler_partition
from projections.views import Answer, Query

#: For so long new runs fall into one of the partitions owned here, and then into the next (s): with twelve of them each
#: has as much in one flight of rows as in one turn.
TURN_SECONDS = 0.05

COMMAND = Hop("/command", RunCommand, Answer)
PULL = Hop("/pull", Pull, list[Answer])


def whose_turn(owned: Sequence[int], now: float) -> int:
    """The partition that new runs fall into at a moment (s): over time, every one that is owned gets as many.

    New runs that come together go together: one batch of one partition costs the log, its writer and its reader a good
    deal less than as many batches of all.
    """
    return owned[int(now / TURN_SECONDS) % len(owned)]


class Router:
    """See handlers.gateway.Gateway."""

    def __init__(
        self,
        directory: Directory,
        *,
        path: CommandPath,
        catalogue: CataloguePath,
        schedulers: Schedulers,
        hold: float,
    ) -> None:
        self._directory = directory
        self._partitions = directory.partitions
        self._path = path
        self._catalogue = catalogue
        self._schedulers = schedulers
        self._room = WaitingRoom(directory.holdings.changed, hold)
        self._pulls = Pulls()
        self.reads = Reads(directory, self._room)

    def query(self, query: Query) -> Coroutine[Any, Any, Answer]:
        """See Gateway."""
        return self.reads.query(query)

    def turn(self) -> int | None:
        """See Gateway."""
        owned = [*self._directory.holdings.owned]
        return whose_turn(owned, monotonic()) if owned else None

    async def command(self, command: RunCommand) -> Answer:
        """See Gateway."""
        number = partition_of(command.stream, self._partitions)

        async def once() -> Answer:
            owner = self._directory.owner(number)
            if owner == self._directory.me:
                return await self._path.decide(command)
            return await self._directory.ask(owner, COMMAND, command)

        return await self._room.hold(once, command, is_read=False)

    async def catalogue(self, command: CatalogueCommand) -> Kept:
        """See Gateway."""
        return await self._catalogue.decide(command)

    async def pull(self, pull: Pull) -> Sequence[Answer]:
        """See Gateway."""
        number = scheduler_partition(self._schedulers.queue(pull), self._partitions)

        async def once() -> list[Answer]:
            owner = self._directory.owners().get(number)
            if owner is None:
                raise Moving(f"partition {number} is between two owners")
            if owner == self._directory.me:
                return await self._schedulers.pull(pull)
            found: list[Answer] = await self._directory.hops.ask(owner, PULL, pull, pull.wait + HOP_SECONDS)
            return found

        return await self._pulls.answer(lambda: self._room.hold(once, pull, is_read=True))

    def leave(self) -> None:
        """Answer whoever waits for work with nothing, also where another worker was asked for it."""
        self._pulls.leave()

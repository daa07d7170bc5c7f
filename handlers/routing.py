"""The real gateway: each command and query to the owner of its stream, here or one hop away (design 4.5).

While a partition moves, requests wait (handlers.waiting_room).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

import msgspec

from eventstore.commands import CatalogueCommand, RunCommand
from eventstore.errors import Moving, Unavailable
from eventstore.ids import partition_of
from handlers.catalogue_commands import CataloguePath
from handlers.commands import CommandPath
from handlers.gateway import Kept, Pull
from handlers.hops import Hop, Hops
from handlers.pages import walked
from handlers.pulls import Pulls
from handlers.scheduling.schedulers import Schedulers, scheduler_partition
from handlers.waiting_room import WaitingRoom
from projections.holdings import Holdings
from projections.listing import listing
from projections.merging import merged
from projections.partition import Partition
from projections.queries import answer, splits
from projections.views import Answer, ById, Query

HOP_SECONDS = 12.0
#: An answer from all owners is whole within this, or there is none (s).
ALL_SECONDS = 5.0
#: For so long new runs fall into one of the partitions owned here, and then into the next (s).
TURN_SECONDS = 0.02


class Question(msgspec.Struct, frozen=True):
    """A query, and the partitions whose answer is wanted."""

    query: Query
    partitions: list[int]


def whose_turn(owned: Sequence[int], now: float) -> int:
    """The partition that new runs fall into at a moment (s): over time, every one that is owned gets as many.

    New runs that come together go together: one batch of one partition costs the log, its writer and its reader a good
    deal less than as many batches of all.
    """
    return owned[int(now / TURN_SECONDS) % len(owned)]


COMMAND = Hop("/command", RunCommand, Answer)
QUERY = Hop("/query", Question, Answer)
PULL = Hop("/pull", Pull, list[Answer])


class Router:
    """See handlers.gateway.Gateway."""

    def __init__(
        self,
        *,
        me: str,
        owners: Callable[[], dict[int, str]],
        holdings: Holdings,
        path: CommandPath,
        catalogue: CataloguePath,
        schedulers: Schedulers,
        hops: Hops,
        partitions: int,
        hold: float,
    ) -> None:
        self._me = me
        self._owners = owners
        self._holdings = holdings
        self._path = path
        self._catalogue = catalogue
        self._schedulers = schedulers
        self._hops = hops
        self._partitions = partitions
        self._room = WaitingRoom(holdings.changed, hold)
        self._pulls = Pulls()

    def place_of_new(self) -> Callable[[str], bool]:
        """See Gateway."""
        owned, partitions = [*self._holdings.owned], self._partitions
        if not owned:
            return lambda _: True
        turn = whose_turn(owned, asyncio.get_running_loop().time())
        return lambda stream: partition_of(stream, partitions) == turn

    async def command(self, command: RunCommand) -> Answer:
        """See Gateway."""
        number = partition_of(command.stream, self._partitions)

        async def once() -> Answer:
            owner = self._owner(number)
            if owner == self._me:
                return await self._path.decide(command)
            return await self._ask(owner, COMMAND, command)

        return await self._room.hold(once, command, is_read=False)

    async def catalogue(self, command: CatalogueCommand) -> Kept:
        """See Gateway."""
        return await self._catalogue.decide(command)

    async def pull(self, pull: Pull) -> Sequence[Answer]:
        """See Gateway."""
        number = scheduler_partition(self._schedulers.queue(pull), self._partitions)

        async def once() -> list[Answer]:
            owner = self._owners().get(number)
            if owner is None:
                raise Moving(f"partition {number} is between two owners")
            if owner == self._me:
                return await self._schedulers.pull(pull)
            found: list[Answer] = await self._hops.ask(owner, PULL, pull, pull.wait + HOP_SECONDS)
            return found

        return await self._pulls.answer(lambda: self._room.hold(once, pull, is_read=True))

    def leave(self) -> None:
        """Answer whoever waits for work with nothing, also where another worker was asked for it."""
        self._pulls.leave()

    async def query(self, query: Query) -> Answer:
        """See Gateway."""
        if isinstance(query, ById):
            return await self._by_id(query)
        return await self._from_all(query, query.limit)

    async def query_here(self, question: Question) -> Answer:
        """The answer of some partitions that this worker holds; raises Moving if it does not hold them all."""
        query = question.query
        if isinstance(query, ById):
            return merged([self._read(number, query) for number in question.partitions])
        walk = listing([self._held_here(number) for number in question.partitions], query)
        return self._marked(await walked(walk), query)

    async def _by_id(self, query: ById) -> Answer:
        found = Answer()
        for number in self._homes(query):
            once: Callable[[], Awaitable[Answer]] = partial(self._from, number, query)
            found = await self._room.hold(once, query, is_read=True)
            if found.agendas or found.operations or found.progresses:
                return found
        # An agenda whose progress was used again, and an operation whose id a client chose, may live anywhere.
        return found if query.kind == "progress" else await self._from_all(query, 1)

    def _homes(self, query: ById) -> Iterable[int]:
        """Partitions that an id's object may live in, the likeliest first."""
        if query.kind != "operation":
            return (partition_of(query.id, self._partitions),)
        return dict.fromkeys(partition_of(stream, self._partitions) for stream, _ in splits(query.id))

    async def _from(self, number: int, query: ById) -> Answer:
        if number in self._holdings.owned:
            return self._read(number, query)
        return await self._ask(self._owner(number), QUERY, Question(query, [number]))

    def _read(self, number: int, query: ById) -> Answer:
        return self._marked(answer(self._held_here(number), query), query)

    def _held_here(self, number: int) -> Partition:
        partition = self._holdings.owned.get(number)
        if partition is None or not partition.caught_up:
            raise Moving(f"partition {number} is between two owners")
        return partition

    def _marked(self, found: Answer, query: Query) -> Answer:
        if self._holdings.lease.holds():
            return found
        if isinstance(query, ById) and query.proven:
            raise Moving("these partitions may have another owner by now")
        age = self._holdings.lease.age()
        return msgspec.structs.replace(found, stale=int(1000 * (age or 0)))

    async def _from_all(self, query: Query, limit: int | None) -> Answer:
        async def once() -> Answer:
            by_owner: dict[str, list[int]] = {}
            for number in range(self._partitions):
                by_owner.setdefault(self._owner(number), []).append(number)
            asked = (
                self.query_here(Question(query, numbers))
                if owner == self._me
                else self._ask(owner, QUERY, Question(query, numbers))
                for owner, numbers in by_owner.items()
            )
            return merged(await asyncio.gather(*asked), limit)

        try:
            async with asyncio.timeout(ALL_SECONDS):
                return await self._room.hold(once, query, is_read=True)
        except TimeoutError:
            raise Unavailable(f"expected all owners to answer within {ALL_SECONDS:.0f} s; ask again") from None

    def _owner(self, number: int) -> str:
        if number in self._holdings.owned:
            return self._me
        owner = self._owners().get(number)
        if owner is None or owner == self._me:
            raise Moving(f"partition {number} is between two owners")
        return owner

    async def _ask(self, owner: str, hop: Hop, question: object) -> Answer:
        found: Answer = await self._hops.ask(owner, hop, question, HOP_SECONDS)
        return found

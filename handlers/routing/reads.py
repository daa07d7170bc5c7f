"""Queries, answered by the owners of what they ask for: by one of them, or by all and then completely (design 4.5)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any

import msgspec

from eventstore.errors import Moving, Unavailable
from eventstore.ids import partition_of
from handlers.routing.directory import Directory
from handlers.routing.hops import Hop
from handlers.routing.pages import walked
from handlers.routing.waiting_room import WaitingRoom
from projections.partition import Partition
from projections.queries.answers import answer, splits
from projections.queries.listing import listing
from projections.queries.merging import merged
from projections.views import Answer, ById, Query

#: An answer from all owners is whole within this, or there is none (s).
ALL_SECONDS = 5.0


class Question(msgspec.Struct, frozen=True):
    """A query, and the partitions whose answer is wanted."""

    query: Query
    partitions: list[int]


QUERY = Hop("/query", Question, Answer)


class Reads:
    """Asks here and elsewhere; while a partition moves, a read waits in the room."""

    def __init__(self, directory: Directory, room: WaitingRoom) -> None:
        self._directory = directory
        self._holdings = directory.holdings
        self._partitions = directory.partitions
        self._room = room

    async def query(self, query: Query) -> Answer:
        """See Gateway."""
        if isinstance(query, ById):
            return await self._by_id(query)
        return await self._from_all(query, query.limit)

    async def here(self, question: Question) -> Answer:
        """The answer of some partitions that this worker holds; raises Moving if it does not hold them all."""
        query = question.query
        if isinstance(query, ById):
            return merged([self._read(number, query) for number in question.partitions])
        partitions = [self._indexed_here(number) for number in question.partitions]
        found = await walked(listing(partitions, query))
        # A store may be wiped after its ownership has ended: what was read of it is not all.
        if any(self._holdings.owned.get(partition.number) is not partition for partition in partitions):
            raise Moving("a partition went to another owner while a list was read")
        return self._marked(found, query)

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
        return await self._directory.ask(self._directory.owner(number), QUERY, Question(query, [number]))

    def _read(self, number: int, query: ById) -> Answer:
        # An agenda is found by an index row of its id.
        held = self._indexed_here if query.kind == "agenda" else self._held_here
        return self._marked(answer(held(number), query), query)

    def _held_here(self, number: int) -> Partition:
        partition = self._holdings.owned.get(number)
        if partition is None or not partition.caught_up:
            raise Moving(f"partition {number} is between two owners")
        return partition

    def _indexed_here(self, number: int) -> Partition:
        partition = self._held_here(number)
        if not self._holdings.is_indexed(number):
            raise Moving(f"partition {number} has caught up, and makes its index rows; ask again")
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
            directory, by_owner = self._directory, dict[str, list[int]]()
            for number in range(self._partitions):
                by_owner.setdefault(directory.owner(number), []).append(number)
            asked = (
                self.here(Question(query, numbers))
                if owner == directory.me
                else directory.ask(owner, QUERY, Question(query, numbers))
                for owner, numbers in by_owner.items()
            )
            return merged(await _all(asked), limit)

        try:
            async with asyncio.timeout(ALL_SECONDS):
                return await self._room.hold(once, query, is_read=True)
        except TimeoutError:
            raise Unavailable(f"expected all owners to answer within {ALL_SECONDS:.0f} s; ask again") from None


async def _all(asked: Iterable[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """Every answer; where one does not come, nobody goes on working for the others."""
    tasks = [asyncio.ensure_future(each) for each in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()

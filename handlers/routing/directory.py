"""Where each partition is: here, or at a worker one hop away (design 4.5)."""

from collections.abc import Callable

from eventstore.errors import Moving
from handlers.routing.hops import Hop, Hops
from projections.table.holdings import Holdings
from projections.views import Answer

HOP_SECONDS = 12.0


class Directory:
    """Workers by their internal addresses; `owners` are those that the group says."""

    def __init__(
        self, *, me: str, owners: Callable[[], dict[int, str]], holdings: Holdings, hops: Hops, partitions: int
    ) -> None:
        self.me = me
        self.partitions = partitions
        self.owners = owners
        self.holdings = holdings
        self.hops = hops

    def owner(self, number: int) -> str:
        """Who owns a partition now. Raises Moving."""
        if number in self.holdings.owned:
            return self.me
        owner = self.owners().get(number)
        if owner is None or owner == self.me:
            raise Moving(f"partition {number} is between two owners")
        return owner

    async def ask(self, owner: str, hop: Hop, question: object) -> Answer:
        """What another worker answers. Raises what it raised, Moving, OutcomeUnknown."""
        found: Answer = await self.hops.ask(owner, hop, question, HOP_SECONDS)
        return found

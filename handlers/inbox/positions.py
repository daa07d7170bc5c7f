"""Where readers of the inbox are, as the agent sees it (the real one: eventstore.kafka.positions)."""

from collections.abc import Mapping
from typing import Protocol


class Positions(Protocol):
    """Committed offsets of the inbox (eventstore.kafka.positions)."""

    async def committed(self, numbers: frozenset[int]) -> dict[int, int | None]:
        """Per partition the offset that was committed last; None where none was. Raises Unavailable."""

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Everything below these offsets is done. Raises Unavailable."""

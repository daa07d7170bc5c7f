"""Who asks a scheduler, and whom it asks."""

import asyncio
from typing import Protocol

from eventstore.commands import DispatchAgenda, ReturnDispatch
from eventstore.errors import AgendumError
from handlers.gateway import Pull
from projections.queues.ready import Picture
from projections.views import Answer


class Owners(Protocol):
    """The owners of partitions, wherever they are (handlers.routing.owners)."""

    def all(self) -> set[str]:
        """Names of the workers that own anything."""

    def of(self, stream: str) -> str | None:
        """The worker that owns a stream."""

    async def ready(
        self, owner: str, insights: list[str], known: tuple[str, int], seconds: float, turns_of: str | None = None
    ) -> Picture:
        """An owner's picture by long poll; raises Unavailable."""

    async def dispatch(self, owner: str, commands: list[DispatchAgenda]) -> list[Answer | AgendumError]:
        """Let an owner decide dispatches concurrently; raises Unavailable when it does not answer."""

    def take_back(self, command: ReturnDispatch) -> None:
        """Return a dispatch, in the background."""


class Caller:
    """One waiting puller."""

    __slots__ = ("answer", "pull")

    def __init__(self, pull: Pull) -> None:
        self.pull = pull
        self.answer: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()

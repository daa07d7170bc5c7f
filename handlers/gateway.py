"""How the edge reaches the owners: one interface for endpoints, inbox, timers and scheduler.

`handlers.routing.router` is the real one (local call or one hop). Tests of the edge use the same command path on an
in-memory log behind it.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from eventstore.commands import Caller, CatalogueCommand, RunCommand
from eventstore.model import CatalogueObject
from projections.views import Answer, Query


class Pull(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A puller's wish for work (spec 7.1)."""

    insight_id: str
    #: agendas at the most
    count: int
    #: seconds that the puller waits if there is nothing
    wait: float
    caller: Caller
    #: our own executor, which promises a report at once (design 4.2)
    prompt: bool = False


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What became of a command on the catalogue."""

    #: the catalogue's position, at which it is true
    offset: int
    #: what the event says of its object: what was sent, with id, times and defaults; what was deleted, whole; what was
    #: paused or resumed, as it was before; None: there was nothing to do
    said: CatalogueObject | None


class Gateway(Protocol):
    """Commands, queries and pulls, from wherever they come to wherever they are decided."""

    async def command(self, command: RunCommand) -> Answer:
        """Decide a command at the owner of its stream and wait for the verdict.

        The answer holds the rows that the command is about, as they are now (SubmitAgenda: the agenda;
        DispatchAgenda: agenda, progress with operations, added). Raises Rejected (nothing was written),
        Unavailable (503: unknown outcome, try again with the same id).
        """

    async def query(self, query: Query) -> Answer:
        """Read from the owner, or from all owners; raises Unavailable rather than answer in part."""

    async def pull(self, pull: Pull) -> Sequence[Answer]:
        """Agendas for a puller, each an answer as of its dispatch; empty when the wait is over.

        Cancelling it (the puller is gone) lets nothing be handed out; what was handed out meanwhile is returned.
        """

    async def catalogue(self, command: CatalogueCommand) -> Kept:
        """Decide a catalogue command here and wait until this worker's own tail has it."""

    def turn(self) -> int | None:
        """The partition that new streams are to fall into now: they are decided here, which saves a submission its hop
        (design 4.5). None: any, while this worker owns nothing.
        """

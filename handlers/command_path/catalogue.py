"""The command path of the catalogue: any worker decides, the version fence arbitrates (design 4.6)."""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from eventstore.catalogue_events import CatalogueEvent, CatalogueObjectDeleted, InsightPaused, InsightResumed
from eventstore.commands import CatalogueCommand
from eventstore.envelope import Envelope
from eventstore.errors import OutcomeUnknown
from eventstore.events import TYPES
from eventstore.log import EventLog
from eventstore.model import CatalogueObject
from handlers.access.rights import may_see
from handlers.command_path.appending import Appending, record_of
from handlers.command_path.locks import Locks
from handlers.deciders.catalogue import decide_catalogue
from handlers.deciders.repeats import repeats
from handlers.gateway import Kept
from projections.catalogue.fold import Item, saved
from projections.catalogue.tail import CatalogueTail
from projections.verdict import Verdict

ATTEMPTS = 5
#: Events that name their object and do not hold it.
_NAMING = CatalogueObjectDeleted | InsightPaused | InsightResumed


class CataloguePath:
    """Decides commands on catalogue objects, and answers once this worker's own tail has passed the record."""

    def __init__(
        self,
        *,
        tail: CatalogueTail,
        log: EventLog,
        topic: str,
        source: str,
        now: Callable[[], int],
        jitter: Callable[[], float],
    ) -> None:
        self._tail = tail
        self._log = log
        self._topic = topic
        self._source = source
        self._now = now
        #: seconds to wait after another worker was faster
        self._jitter = jitter
        self._locks = Locks()

    async def decide(self, command: CatalogueCommand) -> Kept:
        """Carry a command out. Raises Rejected, Unavailable."""
        return await asyncio.shield(asyncio.create_task(self._decide(command)))

    async def _decide(self, command: CatalogueCommand) -> Kept:
        catalogue = self._tail.catalogue
        async with self._locks.hold(command.stream):
            for _ in range(ATTEMPTS):
                await self._tail.settle()
                item = catalogue.item(command.stream)
                command = replace(command, now=self._now())
                stored = None if item is None else item.object
                if item is not None and repeats(command, item.requests):
                    # As it is now, which may be another's by now.
                    seen = stored if stored is not None and may_see(stored, command.caller) else None
                    return Kept(catalogue.position, seen)
                event = decide_catalogue(command, stored)
                if event is None:
                    return Kept(catalogue.position, None)
                said = stored if isinstance(event, _NAMING) else saved(event)
                verdict = await self._append(command, item, event, said)
                if verdict is Verdict.APPLIED or verdict is Verdict.DUPLICATE:
                    return Kept(catalogue.position, said)
                await asyncio.sleep(self._jitter())
        raise OutcomeUnknown(f"expected a turn on {command.stream}, but {ATTEMPTS} times another worker was faster")

    async def _append(
        self, command: CatalogueCommand, item: Item | None, event: CatalogueEvent, about: CatalogueObject | None
    ) -> Verdict | None:
        envelope = Envelope(
            id=command.id,
            type=TYPES[type(event)],
            source=self._source,
            time=command.now,
            version=1 if item is None else item.version + 1,
            prev=None if item is None else item.link,
            customer_id=None if about is None else about.customer_id,
            correlation=command.correlation,
            request=command.request,
        )
        record = record_of(command.stream, envelope, event)
        appending = Appending(self._log, self._topic, 0, self._tail.catalogue, command.id, record)
        try:
            return await appending.verdict()
        finally:
            appending.end()

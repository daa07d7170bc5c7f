"""The command path of the catalogue: any worker decides, the version fence arbitrates (design 4.6)."""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from eventstore.commands import CatalogueCommand, SaveCustomer, SaveInsight, SaveResourcePool
from eventstore.envelope import Envelope
from eventstore.errors import OutcomeUnknown, Unavailable
from eventstore.events import TYPES, CatalogueEvent
from eventstore.log import EventLog
from handlers.appending import append, record_of
from handlers.deciders.catalogue import decide_catalogue
from handlers.locks import Locks
from projections.catalogue_tail import CatalogueTail
from projections.folds.catalogue import Item
from projections.verdict import Verdict

ATTEMPTS = 5


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

    async def decide(self, command: CatalogueCommand) -> int:
        """Carry a command out; the catalogue's position then. Raises Rejected, Unavailable."""
        return await asyncio.shield(asyncio.create_task(self._decide(command)))

    async def _decide(self, command: CatalogueCommand) -> int:
        catalogue = self._tail.catalogue
        async with self._locks.hold(command.stream):
            for _ in range(ATTEMPTS):
                if not await self._tail.current():
                    raise Unavailable("expected Kafka to tell the end of the catalogue; ask again")
                item = catalogue.item(command.stream)
                command = replace(command, now=self._now())
                event = decide_catalogue(command, None if item is None else item.object)
                if event is None:
                    return catalogue.position
                verdict = await self._append(command, item, event)
                if verdict is Verdict.APPLIED or verdict is Verdict.DUPLICATE:
                    return catalogue.position
                await asyncio.sleep(self._jitter())
        raise OutcomeUnknown(f"expected a turn on {command.stream}, but {ATTEMPTS} times another worker was faster")

    async def _append(self, command: CatalogueCommand, item: Item | None, event: CatalogueEvent) -> Verdict | None:
        envelope = Envelope(
            id=command.id,
            type=TYPES[type(event)],
            source=self._source,
            time=command.now,
            version=1 if item is None else item.version + 1,
            prev=None if item is None else item.link,
            customer_id=_customer(command, item),
            correlation=command.correlation,
            request=command.request,
        )
        record = record_of(command.stream, envelope, event)
        return await append(self._log, self._topic, 0, self._tail.catalogue, command.id, record)


def _customer(command: CatalogueCommand, item: Item | None) -> str | None:
    match command:
        case SaveCustomer(customer=said) | SaveResourcePool(resource_pool=said) | SaveInsight(insight=said):
            return said.customer_id
        case _:
            return None if item is None else item.object.customer_id

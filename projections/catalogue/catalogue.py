"""What every worker knows of the catalogue, and what can be looked up in it (design 4.6). Pure."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from eventstore.log import Record
from eventstore.model import AgendaTemplate, CatalogueObject, Customer, Insight, ResourcePool
from eventstore.reading import Dropped, Read
from projections.catalogue.fold import Item, evolve, judge
from projections.verdict import Verdict

C = TypeVar("C", bound=CatalogueObject)
_INSIGHTS = Insight.__name__.lower()
Waiter = Callable[[Verdict | None], None]


class Catalogue:
    """The whole catalogue as of `next`; objects in the order in which they were first saved."""

    def __init__(self, classify: Callable[[Record], Read | Dropped]) -> None:
        self.next = 0
        #: kind -> stream -> item: every submission asks for the Insights, and customers may be many
        self._kinds: dict[str, dict[str, Item]] = {}
        #: pool -> its Insights, of those pools that were asked for since an Insight was saved
        self._by_pool: dict[str, list[Insight]] = {}
        self.verdicts: Counter[str] = Counter()
        self._classify = classify
        self._waiters: dict[str, Waiter] = {}

    @property
    def position(self) -> int:
        """Offset of the last record folded."""
        return self.next - 1

    def expect(self, event_id: str, waiter: Waiter) -> None:
        """Call `waiter` with the verdict on the first record with this event id."""
        self._waiters[event_id] = waiter

    def forget(self, event_id: str) -> None:
        """Nobody waits for this event id any more."""
        self._waiters.pop(event_id, None)

    def fold(self, records: Sequence[Record]) -> None:
        """Fold what is next; raises TooNew."""
        for record in records:
            if record.offset >= self.next:
                self._fold_one(record)
                self.next = record.offset + 1

    def _fold_one(self, record: Record) -> None:
        read = self._classify(record)
        if isinstance(read, Dropped):
            self.verdicts[read.reason] += 1
            return
        item = self.item(read.stream)
        verdict = judge(item, read.envelope)
        self.verdicts[verdict] += 1
        if verdict is Verdict.APPLIED:
            self.keep(read.stream, evolve(item, read.envelope, read.event, read.link))
        waiter = self._waiters.pop(read.envelope.id, None)
        if waiter is not None:
            waiter(verdict)

    def keep(self, stream: str, item: Item) -> None:
        """An object as it is now; what comes back comes last."""
        name = _kind(stream)
        if name == _INSIGHTS:
            self._by_pool.clear()
        kind = self._kinds.setdefault(name, {})
        if stream in kind and kind[stream].object is None:
            del kind[stream]
        kind[stream] = item

    def items(self) -> dict[str, Item]:
        """Every stream with its item, tombstones included, kind by kind in their order: what `begin` takes."""
        found: dict[str, Item] = {}
        for kind in self._kinds.values():
            found.update(kind)
        return found

    def begin(self, position: int, items: Mapping[str, Item]) -> None:
        """Begin as a catalogue that had folded everything before `position`; to be called on an empty one."""
        self.next = position
        for stream, item in items.items():
            self.keep(stream, item)

    def item(self, stream: str) -> Item | None:
        """An object with the head of its stream."""
        return self._kinds.get(_kind(stream), {}).get(stream)

    def customer(self, identity: str) -> Customer | None:
        """A customer by id."""
        return self._one(Customer, identity)

    def pool(self, identity: str) -> ResourcePool | None:
        """A resource pool by id."""
        return self._one(ResourcePool, identity)

    def insight(self, identity: str) -> Insight | None:
        """An Insight by id."""
        return self._one(Insight, identity)

    def template(self, identity: str) -> AgendaTemplate | None:
        """An AgendaTemplate by id."""
        return self._one(AgendaTemplate, identity)

    def all(self, kind: type[C]) -> Iterator[C]:
        """Every object of a kind."""
        for item in self._kinds.get(kind.__name__.lower(), {}).values():
            if isinstance(item.object, kind):
                yield item.object

    def insights_of_pool(self, pool_id: str) -> Sequence[Insight]:
        """The Insights of a pool."""
        found = self._by_pool.get(pool_id)
        if found is None:
            found = [insight for insight in self.all(Insight) if insight.resource_pool_id == pool_id]
            self._by_pool[pool_id] = found
        return found

    def insights_of_queue(self, queue: str) -> list[Insight]:
        """The Insights whose agendas stand in a queue."""
        return [insight for insight in self.all(Insight) if queue_of(insight) == queue]

    def _one(self, kind: type[C], identity: str) -> C | None:
        item = self.item(f"{kind.__name__.lower()}/{identity}")
        return item.object if item is not None and isinstance(item.object, kind) else None


def _kind(stream: str) -> str:
    return stream.partition("/")[0]


def queue_of(insight: Insight) -> str:
    """A queue is (customer of the Insight, queueName); without a queueName an Insight is its own (design 4.2).

    By name alone another customer's Insight could pull this one's agendas.
    """
    if insight.queue_name:
        return f"{insight.customer_id}\x1f{insight.queue_name}"
    return f"\x1f\x1f{insight.id}"

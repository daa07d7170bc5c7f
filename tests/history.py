"""A log in memory with the whole life of some runs, decided by the real deciders, and every kind of noise between."""

from collections.abc import Iterable

from eventstore.catalogue_events import CustomerSaved
from eventstore.codec import encode
from eventstore.commands import RunCommand
from eventstore.envelope import Envelope
from eventstore.events import TYPES, AgendaDeleted, Event, LogOpened
from eventstore.log import NewRecord
from eventstore.memory import InMemoryLog
from eventstore.model import Customer
from eventstore.reading import OPENED_KEY, RUN_EVENTS, Classifier
from handlers.deciders.registry import decide
from projections.partition import Partition
from projections.queues.ready import ReadyLine
from projections.store import MemoryStore
from tests import builders as b

TOPIC, P = "t-agendas", 1


def classifier() -> Classifier:
    return Classifier(P, [(0, 3)], RUN_EVENTS)


class History:
    """Appends what a live partition decides; the partition folds as an owner's does."""

    def __init__(self) -> None:
        self.log = InMemoryLog({TOPIC: P})
        self.live = Partition(0, MemoryStore(), classifier(), ReadyLine("live"), 0)
        self._place(NewRecord(OPENED_KEY, *encode(self._envelope(LogOpened, 1), LogOpened(log_id="l", partitions=P))))

    def add(self, command: RunCommand) -> None:
        """Decide, append, fold."""
        run = self.live.run(command.stream)
        event = decide(command, run)
        assert event is not None
        head = run.head
        self.put(command.stream, event, 1 if head is None else head.version + 1, None if head is None else head.link)

    def put(self, stream: str, event: Event, version: int, prev: str | None = None) -> NewRecord:
        """Append an event that nobody decided, and fold."""
        identity = f"e{self.live.next}"
        return self._place(
            NewRecord(stream.encode(), *encode(self._envelope(type(event), version, prev, identity), event))
        )

    def place(self, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]] = ()) -> None:
        """Append bytes, and fold."""
        self._place(NewRecord(key, value, [*headers]))  # type: ignore[arg-type]  # anybody may write without a key

    def _place(self, record: NewRecord) -> NewRecord:
        self.log.put(TOPIC, 0, record)
        assert self.live.fold(self.log.records(TOPIC, 0)[-1:])
        return record

    @staticmethod
    def _envelope(kind: type[Event], version: int, prev: str | None = None, identity: str = "l") -> Envelope:
        return Envelope(
            id=identity, type=TYPES[kind], source="test", time=b.NOW, version=version, prev=prev, customer_id="alice"
        )


def whole_life() -> History:
    """Two runs to their ends, and between them everything that a reader must drop (offset 3 is poisonous)."""
    story = History()
    story.add(b.submit())
    story.place(b"r1", b"\xff not ours")
    story.put("r1", AgendaDeleted(agenda_id="a1"), 2)
    story.place(None, b"no key")
    twice = story.put("r2", AgendaDeleted(agenda_id="a1"), 1)
    story.place(twice.key, twice.value, twice.headers)
    story.add(b.dispatch())
    story.put("r1", AgendaDeleted(agenda_id="a1"), 1)
    story.put("r1", AgendaDeleted(agenda_id="a1"), 9, "nonsense")
    story.put("customer/c1", CustomerSaved(customer=Customer(id="c1")), 1)
    story.add(b.report(500, b.operation("x"), percent=50.0, diagnostics=["plain:mac:{}", None]))
    story.add(b.submit("a2", "z", stream="r3", id="submit-a2"))
    story.add(b.report(500, b.operation("y"), state=b.COMPLETE, message="succeeded", identity="report-2"))
    story.add(b.delete_agenda())
    story.add(b.delete_progress())
    story.add(b.reap())
    story.add(b.submit())
    return story

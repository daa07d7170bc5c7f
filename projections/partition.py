"""One owned partition of `agendas`: its rows, folded from the log record by record (design 4.3, 4.4). Pure, given a
store: nothing here waits, so a fold is never torn by a revocation.

Born at a takeover from what restore left in the store, gone at every revocation, overlay and all.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from eventstore.log import Record
from eventstore.reading import Dropped, Read
from projections.folds.run import evolve
from projections.indexes.keys import DUE, READY, turns
from projections.indexes.zones import Zones
from projections.overlay import Overlay
from projections.queues.ready import ReadyLine
from projections.rows import PREFIX_LENGTH, Head, read_row, stream_of, write_rows
from projections.run import Run
from projections.store import Store
from projections.verdict import Verdict, judge
from projections.views import ProgressView

#: What an overlay may hold before its partition's source is paused (bytes).
OVERLAY_BOUND = 64 << 20

#: Told the verdict on an event, or None when the ownership ended before it was seen.
Waiter = Callable[[Verdict | None], None]


class Partition:
    """Rows of one partition as of `next`; `position` is the offset of the last record folded."""

    def __init__(
        self,
        number: int,
        store: Store,
        classify: Callable[[Record], Read | Dropped],
        ready: ReadyLine,
        next_offset: int,
    ) -> None:
        self.number = number
        self.store = store
        self.ready = ready
        self.overlay = Overlay()
        self.next = next_offset
        #: end of the log when it was asked for after the assignment: not an owner before it is folded to there
        self.want: int | None = None
        self.verdicts: Counter[str] = Counter()
        #: epoch ms at which the broker appended the last record folded
        self.timestamp = 0
        #: streams with a foreign verdict: to be checked against the log
        self.suspects: set[str] = set()
        #: progresses shown of late, until an event of their run is applied: nothing else changes rows (queries)
        self.shown: dict[str, ProgressView] = {}
        #: where operations may lie that have a text, once somebody has asked
        self.zones: Zones | None = None
        #: the ownership has ended
        self.abandoned = False
        self._classify = classify
        self._waiters: dict[str, Waiter] = {}
        # What is folded later is later than what the store remembers.
        for queue, customer, turn in sorted(turns(store.scan), key=lambda found: found[2]):
            ready.memory.remember(queue, customer, turn)
        ready.load(_pending(store))

    def twin(self, store: Store) -> "Partition":
        """A partition that folds alike, from the beginning, into another store."""
        return Partition(self.number, store, self._classify, ReadyLine(self.ready.epoch), 0)

    @property
    def position(self) -> int:
        """Offset of the last record folded; -1 before the first."""
        return self.next - 1

    @property
    def caught_up(self) -> bool:
        """Folded to the end that was asked for after the assignment."""
        return self.want is not None and self.next >= self.want

    @property
    def full(self) -> bool:
        """The overlay holds as much as it may: pause the source until the writer has caught up."""
        return self.overlay.size > OVERLAY_BOUND

    def expect(self, event_id: str, waiter: Waiter) -> None:
        """Call `waiter` with the verdict on the first record with this event id; said before the send."""
        self._waiters[event_id] = waiter

    def forget(self, event_id: str) -> None:
        """Nobody waits for this event id any more."""
        self._waiters.pop(event_id, None)

    def abandon(self) -> None:
        """The ownership has ended: whoever waits will not learn the verdict here."""
        self.abandoned = True
        waiters, self._waiters = self._waiters, {}
        for waiter in waiters.values():
            waiter(None)

    def get(self, key: bytes) -> bytes | None:
        """The stored form of a row as it is now."""
        found = self.overlay.get(key)
        return self.store.get(key) if found is None else found

    def keys(self, prefix: bytes) -> Iterable[bytes]:
        """Keys of the rows under a prefix, in order, without graves."""
        stored = dict(self.store.scan(prefix))
        for key in self.overlay.keys(prefix):
            stored[key] = self.overlay.get(key) or b""
        return [key for key in sorted(stored) if len(stored[key]) > PREFIX_LENGTH]

    def run(self, stream: str) -> Run:
        """The rows of one stream, read when asked for."""
        return Run(stream, self.get, self.keys)

    def fold(self, records: Sequence[Record]) -> bool:
        """Fold what is next; False where a record is missing before one of these: seek back to `next`.

        Raises TooNew at a record of a newer release, with everything before it folded.
        """
        for record in records:
            if record.offset < self.next:
                continue
            if record.offset != self.next:
                return False
            self._fold_one(record)
            self.next = record.offset + 1
            self.timestamp = record.timestamp
        return True

    def _fold_one(self, record: Record) -> None:
        read = self._classify(record)
        if isinstance(read, Dropped):
            self.verdicts[read.reason] += 1
            return
        run = Run(read.stream, self._look_up, self.keys)
        before = run.head
        verdict = judge(before, read.envelope)
        self.verdicts[verdict] += 1
        if verdict is Verdict.APPLIED:
            self._apply(run, before, read, record.offset)
        elif verdict is Verdict.FOREIGN:
            self.suspects.add(read.stream)
        waiter = self._waiters.pop(read.envelope.id, None)
        if waiter is not None:
            waiter(verdict)

    def _look_up(self, key: bytes) -> bytes | None:
        # Like `get`; what lies on the disk stays there until this row flies, so it is remembered for that moment.
        found = self.overlay.get(key)
        if found is None:
            found = self.store.get(key)
            self.overlay.remember(key, found)
        return found

    def _apply(self, run: Run, before: Head | None, read: Read, offset: int) -> None:
        changes = evolve(run, read.envelope, read.event, read.link)
        self.shown.pop(run.stream, None)
        self.overlay.put_all(write_rows(offset, changes))
        if run.is_new:
            self.overlay.remember_none(changes)  # the writer need not look for them either
        after = changes[run.head_key]
        self.ready.update(run.stream, before, after if isinstance(after, Head) else None)


def _pending(store: Store) -> Iterator[tuple[str, Head]]:
    """The heads that have something ready or dispatched, by their index rows: a takeover reads no others."""
    prefixes = (b"i" + READY, b"i" + DUE)
    keys = {entry[len(prefix) :] for prefix in prefixes for entry, _ in store.scan(prefix)}
    for key in keys:
        head = read_row(key, store.get(key))
        if head is not None:
            yield stream_of(key), head

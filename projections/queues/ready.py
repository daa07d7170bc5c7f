"""Which agendas of one owned partition are ready: an aggregate, in memory. Pure.

Born at a takeover from one scan, kept by the fold, gone with the ownership. No stored row is shared by two streams
(design 4.1), so what spans streams lives here.

A scheduler asks for a `Picture`, and again when `sequence` moved. Pictures are whole (decision beside design 4.2, which
sent deltas with gaps to detect): a picture is bounded, costs as much with 10^6 ready entries as with 100, and whatever
a scheduler had wrong ends with the next one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import count, islice

import msgspec
from sortedcontainers import SortedDict

from projections.indexes.keys import Turn
from projections.queues.memory import Memory
from projections.queues.watched import Watched
from projections.rows import AgendaHead, Head

#: Oldest entries of one customer that a picture shows.
PER_CUSTOMER = 256
#: Oldest entries that a picture shows in all.
IN_ALL = 512
#: Pictures kept until something in them changes.
PICTURES = 64


class Entry(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """A ready agenda; in order of the line."""

    #: its place in the line: epoch ms since which it waits
    added: int
    agenda_id: str
    stream: str
    insight_id: str
    customer_id: str
    #: number of its latest attempt: a dispatch makes it one more
    attempt: int


class Picture(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one owner partition has ready for some Insights."""

    epoch: str
    sequence: int
    #: the oldest, in order of the line
    entries: list[Entry]
    #: customer -> how many are ready in all
    counts: dict[str, int]
    #: customer -> the decision that served it last here; only where turns were asked for
    served: dict[str, Turn] = {}


class Standing(SortedDict):  # type: ignore[misc]
    """One customer's ready entries for one Insight: (added, agenda id) -> entry."""

    #: tells this state of this line from every other state of any line
    moved = -1


_moves = count()


class ReadyLine:
    """The line of one partition; `epoch` names this ownership."""

    def __init__(self, epoch: str, changed: Callable[[str], None] = lambda _: None) -> None:
        self.epoch = epoch
        #: called with an Insight's id when something became ready for it
        self.changed = changed
        self._lines: dict[str, dict[str, Standing]] = {}
        self._sequences: dict[str, int] = {}
        #: the last picture of each set of Insights: of twelve partitions, few have changed since
        self._pictures: dict[tuple[tuple[str, ...], int], Picture] = {}
        #: whom each queue served when
        self.memory = Memory()
        #: what a timer looks at
        self.watched = Watched()

    def load(self, heads: Iterable[tuple[str, Head]]) -> None:
        """Take in the head rows that a takeover found."""
        for stream, head in heads:
            self.update(stream, None, head)
        self.watched.loaded()

    def update(self, stream: str, before: Head | None, after: Head | None) -> None:
        """Take in what one event did to a head; unchanged agendas are the same objects, which makes this cheap."""
        old = {} if before is None else before.agendas
        new = {} if after is None else after.agendas
        if old is new:
            return
        for agenda_id, agenda in new.items():
            known = old.get(agenda_id)
            if known is not agenda:
                self._replace(stream, agenda_id, known, agenda)
        for agenda_id, agenda in old.items():
            if agenda_id not in new:
                self._replace(stream, agenda_id, agenda, None)

    def picture(self, insights: Iterable[str], limit: int = IN_ALL) -> Picture:
        """The oldest ready entries for some Insights, and how many each customer has."""
        names = tuple(insights)
        known = self._pictures.get((names, limit))
        if known is None or known.sequence != self.sequence(names):
            if len(self._pictures) >= PICTURES:
                self._pictures.clear()
            known = self._pictures[names, limit] = self._draw(names, limit)
        return known

    def _draw(self, insights: Sequence[str], limit: int) -> Picture:
        lines = [(customer, line) for name in insights for customer, line in self._lines.get(name, {}).items()]
        counts: dict[str, int] = {}
        for customer, line in lines:
            counts[customer] = counts.get(customer, 0) + len(line)
        oldest = merge(*(islice(line.values(), PER_CUSTOMER) for _, line in lines))
        return Picture(
            epoch=self.epoch,
            sequence=self.sequence(insights),
            entries=[*islice(oldest, limit)],
            counts=counts,
        )

    def standing(self, insights: Iterable[str]) -> Iterator[tuple[str, Standing]]:
        """Customers with what each has ready for an Insight, in order of the line."""
        for name in insights:
            for customer, line in self._lines.get(name, {}).items():
                if line:
                    yield customer, line

    def sequence(self, insights: Iterable[str]) -> int:
        """Moves whenever something became ready, or ceased to be, for one of these Insights."""
        return sum(self._sequences.get(name, 0) for name in insights)

    def depths(self) -> dict[str, tuple[int, int]]:
        """Insight -> how many are ready, and since when the oldest waits (epoch ms)."""
        return {
            name: (sum(map(len, lines.values())), min(line.peekitem(0)[1].added for line in lines.values() if line))
            for name, lines in self._lines.items()
            if any(lines.values())
        }

    def _replace(self, stream: str, agenda_id: str, old: AgendaHead | None, new: AgendaHead | None) -> None:
        if old is not None:
            if old.ready and old.insight_id is not None:
                line = self._lines[old.insight_id][old.customer_id]
                line.pop((old.added, agenda_id), None)
                self._moved(old.insight_id, line)
            self.watched.forget(agenda_id, old)
        if new is None:
            return
        if new.queue is not None and new.epoch is not None and new.number is not None:
            self.memory.remember(new.queue, new.customer_id, (new.epoch, new.number))
        if new.ready and new.insight_id is not None and new.added is not None:
            entry = Entry(new.added, agenda_id, stream, new.insight_id, new.customer_id, new.attempt)
            line = self._lines.setdefault(new.insight_id, {}).setdefault(new.customer_id, Standing())
            line[new.added, agenda_id] = entry
            self._moved(new.insight_id, line)
            self.changed(new.insight_id)
        self.watched.watch(stream, agenda_id, new)

    def _moved(self, insight_id: str, line: Standing) -> None:
        line.moved = next(_moves)
        self._sequences[insight_id] = self._sequences.get(insight_id, 0) + 1

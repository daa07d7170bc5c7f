"""The data object reaper (spec 9.3): views go, events stay. Walks the runs by age, so many at a time, and goes round.

What is old and not to be reaped (a backlog of a week, say) is passed over; the walk remembers where it stopped, so it
does not stand in the way of what is. POP has no ages per customer, so there are none here.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import get_args

from eventstore.commands import ReapObjects, ReapRun
from projections.partition import Partition
from projections.queries.ages import Aged, Ages, Kind, by_age, old_of

#: Runs of a kind and partition that are looked at in one go: about a ms.
LOOKS = 32
KINDS: tuple[Kind, ...] = get_args(Kind)


class Reaper:
    """Walks partitions; where it stopped in each is soft, and forgotten with the ownership.

    `trace` is after how many ms the trace of a deleted run is reaped.
    """

    def __init__(self, ages: Ages, trace: int | None, draw: Callable[[], str], looks: int = LOOKS) -> None:
        self._ages = ages
        self._trace = trace
        self._draw = draw
        self._looks = looks
        #: where the next look begins; None: this walk has come to what is young
        self._places: dict[tuple[str, Kind], bytes | None] = {}

    def anew(self, looks: int) -> "Reaper":
        """One that begins with the oldest, and looks at so many runs in one go."""
        return Reaper(self._ages, self._trace, self._draw, looks)

    @property
    def is_walking(self) -> bool:
        """There is more to look at, somewhere."""
        return any(place is not None for place in self._places.values())

    def begin(self) -> None:
        """The next walk begins with the oldest."""
        self._places.clear()

    def forget(self, epochs: set[str]) -> None:
        """Remember the places of these ownerships alone."""
        self._places = {place: found for place, found in self._places.items() if place[0] in epochs}

    def due(self, partition: Partition, now: int) -> Iterator[ReapObjects | ReapRun]:
        """What is to be reaped now of the next runs of a partition: one command a run."""
        for kind in KINDS:
            age = self._trace if kind == "trace" else self._ages.least
            for row in [] if age is None else self._next(partition, kind, now - age):
                command = self._trace_of(partition, row, now) if kind == "trace" else self._run(partition, row, now)
                if command is not None:
                    yield command

    def _next(self, partition: Partition, kind: Kind, until: int) -> list[Aged]:
        walk = (partition.ready.epoch, kind)
        place = self._places.get(walk, b"")
        if place is None:
            return []
        rows = [*islice(by_age(partition, kind, until, place), self._looks)]
        self._places[walk] = rows[-1].place if len(rows) == self._looks else None
        return rows

    def _run(self, partition: Partition, row: Aged, now: int) -> ReapObjects | None:
        ages = self._ages
        if old_of(partition.run(row.stream), ages, now) is None:
            return None
        return ReapObjects(
            id=self._draw(),
            stream=row.stream,
            agenda_age=ages.agenda,
            progress_age=ages.progress,
            operation_age=ages.operation,
        )

    def _trace_of(self, partition: Partition, row: Aged, now: int) -> ReapRun | None:
        head, age = partition.run(row.stream).head, self._trace or 0
        if head is None or head.deleted is None or head.deleted + age > now:
            return None
        return ReapRun(id=self._draw(), stream=row.stream, age=age)

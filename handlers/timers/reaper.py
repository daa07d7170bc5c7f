"""The data object reaper (spec 9.3): views go, events stay. Walks the rows by age, so many at a time, and goes round.

What is old and not to be reaped (a backlog of a week, say) is passed over; the walk remembers where it stopped, so it
does not stand in the way of what is. POP has no ages per customer, so there are none here.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import get_args

import msgspec

from eventstore.commands import ReapObjects, ReapRun
from handlers.timers.due import old
from projections.ages import Aged, Kind, by_age
from projections.partition import Partition

#: Rows of a kind and partition that are looked at in one go: about a ms.
LOOKS = 32
KINDS: tuple[Kind, ...] = get_args(Kind)


class Ages(msgspec.Struct, frozen=True, kw_only=True):
    """After how many ms objects are reaped, by kind; None: never. A trace is what is left of a deleted run."""

    agenda: int | None = None
    progress: int | None = None
    operation: int | None = None
    trace: int | None = None


class Reaper:
    """Walks partitions; where it stopped in each is soft, and forgotten with the ownership."""

    def __init__(self, ages: Ages, draw: Callable[[], str], looks: int = LOOKS) -> None:
        self._ages = ages
        self._draw = draw
        self._looks = looks
        #: where the next look begins; None: this walk has come to what is young
        self._places: dict[tuple[str, Kind], bytes | None] = {}

    def anew(self, looks: int) -> "Reaper":
        """One that begins with the oldest, and looks at so many rows in one go."""
        return Reaper(self._ages, self._draw, looks)

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
        """What is to be reaped now of the next rows of a partition: one command a run."""
        runs: set[str] = set()
        for kind in KINDS:
            for row in self._old(partition, kind, now):
                if row.stream not in runs:
                    runs.add(row.stream)
                    yield self._command(row)

    def _old(self, partition: Partition, kind: Kind, now: int) -> list[Aged]:
        age = getattr(self._ages, kind)
        if age is None:
            return []
        walk = (partition.ready.epoch, kind)
        place = self._places.get(walk, b"")
        if place is None:
            return []
        rows = [*islice(by_age(partition, kind, now - age, place), self._looks)]
        self._places[walk] = rows[-1].place if len(rows) == self._looks else None
        return [*old(rows, now, age)]

    def _command(self, row: Aged) -> ReapObjects | ReapRun:
        ages = self._ages
        if row.kind == "trace":
            return ReapRun(id=self._draw(), stream=row.stream, age=ages.trace or 0)
        return ReapObjects(
            id=self._draw(),
            stream=row.stream,
            agenda_age=ages.agenda,
            progress_age=ages.progress,
            operation_age=ages.operation,
        )

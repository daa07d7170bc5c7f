"""The runs of a partition by age, the oldest first, and what of a run is old: what the reaper walks, and takes. Pure.

One index row a run, by the minute of its progress's last update, so that an executor's reports, every 5 s, do not move
it each time. Nothing of a run is old before its progress's last update is. A run without a progress is rare (its
progress was deleted, or an operation was posted alone): those stand by themselves, and are all looked at.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from eventstore.model import Base
from projections.indexes.keys import AGE, STRAY
from projections.partition import Partition
from projections.rows import stream_of
from projections.run import Run

Kind = Literal["run", "stray", "trace"]
LETTERS: dict[Kind, bytes] = {"run": b"p", "stray": STRAY, "trace": b"h"}


class Aged(msgspec.Struct, frozen=True, gc=False):
    """A run in the order of age."""

    stream: str
    #: its place in the index
    place: bytes


class Ages(msgspec.Struct, frozen=True, kw_only=True):
    """After how many ms objects are old, by kind; None: never."""

    agenda: int | None = None
    progress: int | None = None
    operation: int | None = None

    @property
    def least(self) -> int | None:
        """Nothing is old before."""
        return min((age for age in (self.agenda, self.progress, self.operation) if age is not None), default=None)


class Old(msgspec.Struct, frozen=True):
    """What is old of a run."""

    agendas: list[str]
    progress: bool
    #: names of operations; none where the progress goes, and they with it
    operations: list[str]


def by_age(partition: Partition, kind: Kind, until: int, after: bytes = b"") -> Iterator[Aged]:
    """Runs of a kind, those longest without an update first: from a place on, and up to the minute of a time."""
    prefix = b"i" + AGE + LETTERS[kind]
    for place, _ in partition.store.scan(prefix, after + b"\0" if after else b""):
        if int.from_bytes(place[len(prefix) : len(prefix) + 8], "big") > until:
            return
        yield Aged(stream_of(place[len(prefix) + 8 :]), place)


def old_of(run: Run, ages: Ages, now: int) -> Old | None:
    """What is old of a run that is at rest; None: nothing.

    An object's age counts from its own updatedTime or that of its progress, whichever is later.
    """
    head, progress = run.head, run.progress()
    if head is None or not head.at_rest:
        return None
    alive = 0 if progress is None else progress.updated_time or 0

    def is_old(row: Base | None, age: int | None) -> bool:
        if row is None or row.updated_time is None or age is None:
            return False
        return max(row.updated_time, alive) + age <= now

    whole = is_old(progress, ages.progress)
    present = [] if whole or ages.operation is None else run.operation_names()
    names = [name for name in present if is_old(run.operation(name), ages.operation)]
    agendas = [name for name in head.agendas if is_old(run.agenda(name), ages.agenda)]
    return Old(agendas, whole, names) if whole or names or agendas else None

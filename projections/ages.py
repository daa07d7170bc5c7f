"""The rows of a partition by age, the oldest first: what the reaper walks instead of all rows (spec 9.3). Pure.

By the minute of the last update, so that an executor's reports, every 5 s, do not move an index row each.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from projections.indexes import AGE
from projections.partition import Partition
from projections.rows import Head, read_row, stream_of

Kind = Literal["agenda", "progress", "operation", "trace"]
LETTERS: dict[Kind, bytes] = {"agenda": b"a", "progress": b"p", "operation": b"o", "trace": b"h"}


class Aged(msgspec.Struct, frozen=True, gc=False):
    """A row in the order of age."""

    kind: Kind
    stream: str
    #: the minute of its last update as the index has it (epoch ms)
    minute: int
    #: since when it ages: its last update, or its progress's if that is later; None: it is gone, or not at rest
    since: int | None
    #: its place in the index
    place: bytes


def by_age(partition: Partition, kind: Kind, until: int, after: bytes = b"") -> Iterator[Aged]:
    """Rows of a kind, those longest without an update first: from a place on, and up to the minute of a time."""
    prefix = b"i" + AGE + LETTERS[kind]
    for place, _ in partition.store.scan(prefix, after + b"\0" if after else b""):
        key = place[len(prefix) + 8 :]
        minute = int.from_bytes(place[len(prefix) : len(prefix) + 8], "big")
        if minute > until:
            return
        yield Aged(kind, stream_of(key), minute, _since(partition, key), place)


def _since(partition: Partition, key: bytes) -> int | None:
    run = partition.run(stream_of(key))
    row, head = read_row(key, partition.get(key)), run.head
    if row is None or head is None or not head.at_rest:
        return None
    if isinstance(row, Head):
        return row.deleted
    progress = run.progress()
    updated: int | None = row.updated_time
    if updated is None or progress is None:
        return updated
    return max(updated, progress.updated_time or 0)

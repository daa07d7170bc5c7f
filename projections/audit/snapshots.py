"""What a partition's rows are at one moment, for whoever checks them against the log (design 4.4). Pure.

Of an owner taken between two records: the disk's snapshot costs nothing, the overlay is copied by reference. So it is
of exactly one position, that of the last record folded, and shows what is served, in memory and on the disk. The fold
goes on while the rows are read, a chunk at a time. Of a standby it is of the position that the `applied` row names:
between two of those its rows are of several moments, and no snapshot is taken; nor while its owner writes all anew.
"""

from collections.abc import Iterable, Iterator

import msgspec

from eventstore.errors import Moving
from projections.partition import Partition
from projections.rows import APPLIED, FOLD_VERSION, IN_PART, PREFIX_LENGTH, Applied, offset_of
from projections.table.digest import in_hex, row_digest
from projections.table.replica import Replica

#: Rows between two turns of the loop: about 1 ms.
CHUNK_ROWS = 256
#: Rows stand under these; index rows under another.
_KINDS = (b"a\0", b"h\0", b"o\0", b"p\0")
#: Key, source offset and digest of one row.
Entry = tuple[bytes, int, bytes]

_decode_applied = msgspec.json.Decoder(Applied).decode


class Opening(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What a snapshot is of."""

    partition: int
    #: offset of the last record that the rows hold
    position: int
    #: the fold's version
    fold: int
    #: what the disk says of itself: its log, the offset that all rows on it are of, and what they sum to
    applied: Applied | None


class Rows(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Some of its rows, in no order."""

    entries: list[Entry]


class Closing(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """That was all: what is cut short has none."""

    rows: int
    #: sum of the rows' digests
    digest: str


Part = Opening | Rows | Closing


class Snapshot:
    """Rows as of `opening.position`; close it, or the database stays open."""

    def __init__(self, held: Partition | Replica) -> None:
        """Raises Moving where a standby's rows are of several moments: its next batch may end that."""
        self._overlay = dict(held.overlay.items()) if isinstance(held, Partition) else {}
        self._disk = held.store.frozen()
        found = self._disk.get(APPLIED)
        applied = None if found is None else _decode_applied(found[PREFIX_LENGTH:])
        position = -1 if applied is None else applied.offset
        if isinstance(held, Partition):
            position = held.position
        elif held.newest > position:
            self.close()
            raise Moving(f"the standby of partition {held.number} is between two batches")
        elif applied is not None and applied.digest == IN_PART:
            self.close()
            raise Moving(f"partition {held.number} is written anew, and its standby has a part of it")
        self.opening = Opening(partition=held.number, position=position, fold=FOLD_VERSION, applied=applied)

    def parts(self) -> Iterator[Part]:
        """The snapshot, piece by piece. Raises LookupError when its partition is released meanwhile."""
        yield self.opening
        entries: list[Entry] = []
        count = total = 0
        for key, value in self._rows():
            digest = row_digest(key, value)
            total += digest
            count += 1
            entries.append((key, offset_of(value), digest.to_bytes(16, "big")))
            if len(entries) == CHUNK_ROWS:
                yield Rows(entries=entries)
                entries = []
        yield Rows(entries=entries)
        yield Closing(rows=count, digest=in_hex(total))

    def close(self) -> None:
        """Let go of the disk."""
        self._disk.close()

    def _rows(self) -> Iterable[tuple[bytes, bytes]]:
        for key, value in self._overlay.items():
            if len(value) != PREFIX_LENGTH:
                yield key, value
        for kind in _KINDS:
            for key, value in self._disk.scan(kind):
                if key not in self._overlay and len(value) != PREFIX_LENGTH:
                    yield key, value

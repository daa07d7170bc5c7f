"""Index rows that a store owes: left out while it is filled, and made when lists may be asked for (design 4.4).

A partition that begins with nothing, from its changelog or from the log, is not asked for lists before it has caught
up. Index rows of agendas and progresses, which lists alone are read by, would be most of what is written until then,
and each event would move those of the event before. So they are left out, and made in one sweep, in slices, once all
that this worker owns has caught up and is written: commands, pulls, reports and reads by id are served meanwhile, and
lists wait (handlers.routing.reads). What takeovers and timers read is made with each row, as ever. Nor does RocksDB log
what is written meanwhile: after a crash the store is as it was at some position of the changelog, and goes on there.

The debt stands in the store from before the first row without until after the last was made. Who finds it there, after
a crash, keeps all index rows from then on, and sweeps again: to make one that is there changes nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat

from projections.indexes.keys import keys_of
from projections.indexes.traits import all_traits
from projections.store import Item, Store

#: Says that index rows may be missing.
OWED = b"\0unindexed"
#: What the keys of rows begin with whose index rows may be left out, in order.
SPARED = (b"a\0", b"p\0")
#: Rows between two hand-overs (about 2 ms).
SLICE = 128


class Debt:
    """Of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        #: some index rows may be missing
        self.owed = store.get(OWED) is not None
        #: whoever lands rows leaves them out, and does not log what he writes
        self.growing = False
        self._next = b""
        if self.owed:
            # Whoever held it before, and failed, may have left it open with what is not logged (see pay).
            store.flush()

    def begin(self) -> None:
        """From now on they are left out: there is no row yet."""
        self._store.write([(OWED, b"")])
        self.owed = self.growing = True
        self._next = b""

    def forget(self) -> None:
        """The store was cleared: nothing is owed of nothing."""
        self.owed = self.growing = False

    def pay(self, count: int = SLICE) -> None:
        """Make those of so many rows more; from the first time on none is left out."""
        if self.growing:
            # What comes from now on is logged, and must not outlive what was not.
            self._store.flush()
            self.growing = False
        rows = [*islice(chain.from_iterable(self._store.scan(kind, self._next) for kind in SPARED), count)]
        if rows:
            self._store.write(zip(sorted(_entries(rows)), repeat(b"")))
            self._next = rows[-1][0] + b"\0"
        else:
            self._store.write((), [OWED])
            self.owed = False


def _entries(rows: Sequence[Item]) -> Iterator[bytes]:
    for kind in SPARED:
        group = [row for row in rows if row[0].startswith(kind)]
        keys = (key for key, _ in group)
        yield from keys_of(kind[:1], [*zip(keys, all_traits(kind[:1], group), strict=True)])

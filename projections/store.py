"""Where a partition's rows lie: RocksDB, or memory for tests of the model. Two twins, one contract (tests/contract)."""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Protocol, cast

import rocksdict
from sortedcontainers import SortedDict

Item = tuple[bytes, bytes]


class Store(Protocol):
    """Ordered bytes to bytes; `write` happens wholly or not at all."""

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""

    def write(self, puts: Iterable[Item], removals: Iterable[bytes] = ()) -> None:
        """Removals first, then puts, in one atomic write."""

    def scan(self, prefix: bytes, start: bytes = b"") -> Iterator[Item]:
        """Items whose keys begin with a prefix, in order of the keys, as they are when the first is read.

        Those before `start` are passed over at no cost.
        """

    def clear(self) -> None:
        """Remove everything."""


class MemoryStore:
    """Rows in memory: survives what a test calls a crash, as a disk does."""

    def __init__(self) -> None:
        self._rows = SortedDict()

    def get(self, key: bytes) -> bytes | None:
        """See Store."""
        found: bytes | None = self._rows.get(key)
        return found

    def write(self, puts: Iterable[Item], removals: Iterable[bytes] = ()) -> None:
        """See Store."""
        added, removed = dict(puts), [*removals]
        for key in removed:
            self._rows.pop(key, None)
        self._rows.update(added)

    def scan(self, prefix: bytes, start: bytes = b"") -> Iterator[Item]:
        """See Store."""
        keys = takewhile(lambda key: key.startswith(prefix), self._rows.irange(minimum=max(prefix, start)))
        yield from [(key, self._rows[key]) for key in keys]

    def clear(self) -> None:
        """See Store."""
        self._rows.clear()


class RocksStore:
    """Rows in the RocksDB that Faust opened for a partition of its table.

    Faust closes a database by forgetting it: whoever keeps a reference keeps its lock. So this is the only one, and
    `release` drops it; what still calls afterwards (a writer that awaited an ack) gets an error, not a foreign file.
    """

    def __init__(self, db: rocksdict.Rdict) -> None:
        self._db: rocksdict.Rdict | None = db

    def get(self, key: bytes) -> bytes | None:
        """See Store."""
        found: bytes | None = self._open.get(key)
        return found

    def write(self, puts: Iterable[Item], removals: Iterable[bytes] = ()) -> None:
        """See Store."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key in removals:
            batch.delete(key)
        for key, value in puts:
            batch.put(key, value)
        self._open.write(batch)

    def scan(self, prefix: bytes, start: bytes = b"") -> Iterator[Item]:
        """See Store."""
        items = cast(Iterator[Item], self._open.items(from_key=max(prefix, start)))  # raw mode: bytes alone
        for key, value in items:
            if not key.startswith(prefix):
                return
            yield key, value

    def clear(self) -> None:
        """See Store."""
        self._open.delete_range(b"", b"\xff" * 16)

    def release(self) -> None:
        """Forget the database, so that Faust's forgetting closes it."""
        self._db = None

    @property
    def _open(self) -> rocksdict.Rdict:
        if self._db is None:
            raise LookupError("expected an open partition, but it was released: its ownership has ended")
        return self._db

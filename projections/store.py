"""Where a partition's rows lie: RocksDB, or memory for tests of the model. Two twins, one contract (tests/contract)."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Protocol, cast
from weakref import WeakSet

import rocksdict
from sortedcontainers import SortedDict

Item = tuple[bytes, bytes]

_RELEASED = "expected an open partition, but it was released: its ownership has ended"


class Store(Protocol):
    """Ordered bytes to bytes; `write` happens wholly or not at all."""

    def get(self, key: bytes) -> bytes | None:
        """The value under a key."""

    def write(self, puts: Iterable[Item], removals: Iterable[bytes] = (), *, logged: bool = True) -> None:
        """Removals first, then puts, in one atomic write.

        What is not logged may be gone after a crash, the last first, until `flush`: nothing may be logged before that.
        """

    def flush(self) -> None:
        """All that was not logged is safe when this returns: some ms."""

    def scan(self, prefix: bytes, start: bytes = b"") -> Iterator[Item]:
        """Items whose keys begin with a prefix, in order of the keys, as they are when the first is read.

        Those before `start` are passed over at no cost.
        """

    def keys(self, prefix: bytes, start: bytes = b"") -> Iterator[bytes]:
        """The keys alone of what `scan` shows, as they are when this is called, at a third of its cost.

        What lies behind them may follow: whoever takes many at a time looks for the end once, not at each.
        """

    def clear(self) -> None:
        """Remove everything."""

    def frozen(self) -> "Frozen":
        """Everything as it is now, whatever is written later."""


class Frozen(Protocol):
    """A store as it was at one moment; holds resources until closed."""

    def get(self, key: bytes) -> bytes | None:
        """See Store."""

    def scan(self, prefix: bytes) -> Iterator[Item]:
        """See Store. Raises LookupError once closed."""

    def close(self) -> None:
        """Let go of what it holds; harmless twice."""


class MemoryStore:
    """Rows in memory: survives what a test calls a crash, as a disk does."""

    def __init__(self) -> None:
        self._rows = SortedDict()

    def get(self, key: bytes) -> bytes | None:
        """See Store."""
        found: bytes | None = self._rows.get(key)
        return found

    def write(self, puts: Iterable[Item], removals: Iterable[bytes] = (), *, logged: bool = True) -> None:  # noqa: ARG002  # a dictionary has no log
        """See Store."""
        added, removed = dict(puts), [*removals]
        for key in removed:
            self._rows.pop(key, None)
        self._rows.update(added)

    def flush(self) -> None:
        """See Store."""

    def scan(self, prefix: bytes, start: bytes = b"") -> Iterator[Item]:
        """See Store."""
        yield from [(key, self._rows[key]) for key in self.keys(prefix, start) if key.startswith(prefix)]

    def keys(self, prefix: bytes, start: bytes = b"") -> Iterator[bytes]:
        """See Store."""
        found = []
        for key in self._rows.irange(minimum=max(prefix, start)):
            found.append(key)
            if not key.startswith(prefix):
                break
        return iter(found)

    def clear(self) -> None:
        """See Store."""
        self._rows.clear()

    def frozen(self) -> Frozen:
        """See Store."""
        copy = MemoryStore()
        copy._rows = self._rows.copy()
        return copy

    def close(self) -> None:
        """See Frozen."""


class RocksStore:
    """Rows in the RocksDB that Faust opened for a partition of its table.

    Faust closes a database by forgetting it: whoever keeps a reference keeps its lock. So this is the only one, and
    `release` drops it; what still calls afterwards (a writer that awaited an ack) gets an error, not a foreign file.
    """

    def __init__(self, db: rocksdict.Rdict) -> None:
        self._db: rocksdict.Rdict | None = db
        self._frozen: WeakSet[FrozenRocks] = WeakSet()

    def get(self, key: bytes) -> bytes | None:
        """See Store."""
        db = self._db
        if db is None:
            raise LookupError(_RELEASED)
        found: bytes | None = db.get(key)
        return found

    def write(self, puts: Iterable[Item], removals: Iterable[bytes] = (), *, logged: bool = True) -> None:
        """See Store."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key in removals:
            batch.delete(key)
        put = batch.put
        for key, value in puts:
            put(key, value)
        self._open.write(batch, None if logged else _unlogged())

    def flush(self) -> None:
        """See Store."""
        self._open.flush()

    def scan(self, prefix: bytes, start: bytes = b"") -> Iterator[Item]:
        """See Store."""
        items = cast(Iterator[Item], self._open.items(from_key=max(prefix, start)))  # raw mode: bytes alone
        for key, value in items:
            if not key.startswith(prefix):
                return
            yield key, value

    def keys(self, prefix: bytes, start: bytes = b"") -> Iterator[bytes]:
        """See Store."""
        # Not with an upper bound in the options: rocksdict forgets its bytes while the iterator reads them (0.3.29).
        return cast(Iterator[bytes], self._open.keys(from_key=max(prefix, start)))

    def clear(self) -> None:
        """See Store."""
        self._open.delete_range(b"", b"\xff" * 16)

    def frozen(self) -> Frozen:
        """See Store."""
        found = FrozenRocks(self._open.iter())
        self._frozen.add(found)
        return found

    def release(self) -> None:
        """Forget the database, so that Faust's forgetting closes it; what is frozen holds its lock as well."""
        for frozen in self._frozen:
            frozen.close()
        self._db = None

    @property
    def _open(self) -> rocksdict.Rdict:
        if self._db is None:
            raise LookupError(_RELEASED)
        return self._db


@lru_cache(maxsize=1)
def _unlogged() -> rocksdict.WriteOptions:
    found = rocksdict.WriteOptions()
    found.disable_wal = True  # type: ignore[method-assign, assignment]  # a property, whatever the stubs say
    return found


class FrozenRocks:
    """RocksDB at one moment: costs nothing to make, and keeps the database open until it is closed.

    One iterator, made at once, because an iterator sees what was there when it was made. Not rocksdict's Snapshot: its
    iterators show what was written after it (0.3.29; tests/contract/test_store.py).
    """

    def __init__(self, rows: rocksdict.RdictIter) -> None:
        self._rows: rocksdict.RdictIter | None = rows

    def get(self, key: bytes) -> bytes | None:
        """See Frozen; not while a scan goes on."""
        rows = self._open
        rows.seek(key)
        return rows.value() if rows.valid() and rows.key() == key else None

    def scan(self, prefix: bytes) -> Iterator[Item]:
        """See Frozen; one at a time."""
        self._open.seek(prefix)
        # Asked for anew for each row: a reference kept by this generator would outlive `close`.
        while self._open.valid() and (key := self._open.key()).startswith(prefix):
            yield key, self._open.value()
            self._open.next()

    def close(self) -> None:
        """See Frozen."""
        self._rows = None

    @property
    def _open(self) -> rocksdict.RdictIter:
        if self._rows is None:
            raise LookupError(_RELEASED)
        return self._rows

"""The stores: RocksDB and its twin in memory, one contract for what is frozen."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import rocksdict

from projections.store import MemoryStore, RocksStore, Store

ROWS = [(b"a\0%03d" % number, b"%d" % number) for number in range(300)]


@pytest.fixture(params=["memory", "rocks"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    found: Store = MemoryStore()
    if request.param == "rocks":
        found = RocksStore(rocksdict.Rdict(str(tmp_path / "db"), rocksdict.Options(raw_mode=True)))
    found.write([*ROWS, (b"b\0", b"other")])
    yield found
    if isinstance(found, RocksStore):
        found.release()


def test_what_is_frozen_stays_as_it_was(store: Store) -> None:
    frozen = store.frozen()
    store.write([(b"a\000001", b"new"), (b"a\0999", b"more")], [b"a\000000"])

    assert [*frozen.scan(b"a\0")] == ROWS
    assert (frozen.get(b"a\000001"), frozen.get(b"a\0999"), frozen.get(b"a\000000")) == (b"1", None, b"0")
    assert store.get(b"a\000001") == b"new"
    frozen.close()
    frozen.close()


def test_writing_goes_on_while_it_is_scanned(store: Store) -> None:
    scan = store.frozen().scan(b"a\0")
    first = next(scan)
    store.clear()

    assert [first, *scan] == ROWS
    assert [*store.scan(b"a\0")] == []


def test_a_released_database_is_free_although_a_snapshot_is_being_read(tmp_path: Path) -> None:
    """Faust opens it again in this process: a snapshot or an iterator that lives on would hold its lock."""
    path = str(tmp_path / "db")
    store = RocksStore(rocksdict.Rdict(path, rocksdict.Options(raw_mode=True)))
    store.write(ROWS)
    frozen = store.frozen()
    scan = frozen.scan(b"a\0")
    next(scan)

    store.release()

    rocksdict.Rdict(path, rocksdict.Options(raw_mode=True)).close()
    with pytest.raises(LookupError, match="released"):
        next(scan)
    with pytest.raises(LookupError, match="released"):
        frozen.get(b"a\000001")
    gc.collect()

"""Both stores of rows keep the same promises: RocksDB as Faust opens it, and its twin in memory."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from projections.group.disk import disk_options
from projections.indexes.keys import index_keys, turns
from projections.indexes.traits import traits_of
from projections.rows import AgendaHead, Head, head_key, write_row
from projections.store import MemoryStore, RocksStore, Store

Items = list[tuple[bytes, bytes]]


def rocks(folder: Path) -> RocksStore:
    return RocksStore(disk_options().open(folder))


@pytest.fixture(params=["memory", "rocks"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    found = rocks(tmp_path / "db")
    yield found
    found.release()


def all_of(store: Store, prefix: bytes = b"") -> Items:
    return list(store.scan(prefix))


def test_a_new_store_holds_nothing(store: Store) -> None:
    assert store.get(b"h\0a") is None
    assert all_of(store) == []
    assert all_of(store, b"h") == []


def test_what_is_written_is_there(store: Store) -> None:
    store.write([(b"h\0a", b"1"), (b"h\0b", b"")])
    assert (store.get(b"h\0a"), store.get(b"h\0b"), store.get(b"h\0")) == (b"1", b"", None)


def test_keys_and_values_are_any_bytes(store: Store) -> None:
    items = [(bytes([byte]), bytes([byte, 0, 255 - byte])) for byte in range(256)]
    store.write(items)
    assert all_of(store) == items
    assert all(store.get(key) == value for key, value in items)


def test_the_last_word_on_a_key_stands(store: Store) -> None:
    store.write([(b"a", b"1"), (b"a", b"2")])
    store.write([(b"b", b"1")])
    store.write([(b"b", b"2")])
    assert all_of(store) == [(b"a", b"2"), (b"b", b"2")]


def test_removals_come_before_puts_and_may_name_what_is_not_there(store: Store) -> None:
    store.write([(b"a", b"1"), (b"b", b"1"), (b"c", b"1")])
    store.write([(b"b", b"2")], [b"a", b"b", b"none", b"a"])
    assert all_of(store) == [(b"b", b"2"), (b"c", b"1")]
    store.write([], [b"b", b"c"])
    assert all_of(store) == []
    assert store.get(b"b") is None


def test_a_write_takes_whatever_can_be_walked_once(store: Store) -> None:
    store.write([(b"a", b"1")])
    store.write(((key, b"2") for key in (b"b", b"c")), (key for key in (b"a",)))
    assert all_of(store) == [(b"b", b"2"), (b"c", b"2")]


def test_a_write_that_breaks_changes_nothing(store: Store) -> None:
    def broken() -> Iterator[tuple[bytes, bytes]]:
        yield b"b", b"1"
        raise RuntimeError("no more rows")

    store.write([(b"a", b"1"), (b"c", b"1")])
    with pytest.raises(RuntimeError, match="no more rows"):
        store.write(broken(), [b"a"])
    with pytest.raises(RuntimeError, match="no more rows"):
        store.write([(b"a", b"2")], (key for key, _ in broken()))
    assert all_of(store) == [(b"a", b"1"), (b"c", b"1")]


def test_a_scan_shows_what_there_was_when_it_began(store: Store) -> None:
    before = [(b"a1", b"1"), (b"a2", b"1"), (b"a3", b"1")]
    store.write(before)
    scan = store.scan(b"a")
    seen = [next(scan)]
    store.write([(b"a3", b"2"), (b"a4", b"1")], [b"a2"])
    assert [*seen, *scan] == before
    assert all_of(store) == [(b"a1", b"1"), (b"a3", b"2"), (b"a4", b"1")]


def test_keys_are_those_of_a_scan_as_they_were_when_they_were_asked_for(store: Store) -> None:
    before = [b"a1", b"a2", b"a3"]
    store.write([(key, b"1") for key in before])
    keys, later = store.keys(b"a"), store.keys(b"a", b"a2")
    store.write([(b"a0", b"1"), (b"a4", b"1")], [b"a2"])
    assert [*keys] == before
    assert [*later] == before[1:]
    assert [*store.keys(b"a")] == [b"a0", b"a1", b"a3", b"a4"]
    store.write([(b"b", b"1")])
    assert [*store.keys(b"a")] == [b"a0", b"a1", b"a3", b"a4", b"b"]


def test_keys_hold_what_begins_with_the_prefix_first(store: Store) -> None:
    store.write([(key, b"") for key in (b"\0", b"a", b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff")])
    assert [*store.keys(b"a")][:3] == [b"a", b"a\xff", b"a\xff\xff"]
    assert [*store.keys(b"a\xff")][:2] == [b"a\xff", b"a\xff\xff"]
    assert [*store.keys(b"\xff")] == [b"\xff", b"\xff\xff"]
    assert not [key for key in store.keys(b"c") if key.startswith(b"c")]


def test_an_empty_write_changes_nothing(store: Store) -> None:
    store.write([(b"a", b"1")])
    store.write([])
    store.write([], [])
    assert all_of(store) == [(b"a", b"1")]


def test_a_scan_follows_the_bytes_of_the_keys(store: Store) -> None:
    keys = [b"h\0b", b"h\0", b"h\0\xff", b"h\0a\0z", b"h\0a", b"h\0B", b"h\0a\xff", b"h\0aa"]
    store.write([(key, b"") for key in keys])
    assert [key for key, _ in store.scan(b"")] == sorted(keys)
    assert [key for key, _ in store.scan(b"h\0a")] == [b"h\0a", b"h\0a\0z", b"h\0aa", b"h\0a\xff"]


@pytest.mark.parametrize("prefix", [b"o\0r1\0", b"o\0r1", b"o", b"o\0r1\0a", b"p", b"\xff", b"o\0r1\0a\0", b"\0"])
def test_a_scan_sees_those_that_begin_with_the_prefix_and_no_neighbours(store: Store, prefix: bytes) -> None:
    keys = [b"h\0r1", b"o\0r1\0a", b"o\0r1\0b", b"o\0r10\0a", b"o\0r2\0a", b"p\0r1", b"\xff\xff", b"\xff"]
    store.write([(key, key) for key in keys])
    assert all_of(store, prefix) == [(key, key) for key in sorted(keys) if key.startswith(prefix)]


def test_a_scan_may_be_left_early_and_begun_again(store: Store) -> None:
    store.write([(b"a1", b""), (b"a2", b""), (b"a3", b"")])
    assert next(store.scan(b"a")) == (b"a1", b"")
    store.write([], [b"a1"])
    assert next(store.scan(b"a")) == (b"a2", b"")


def test_clearing_removes_everything_and_the_store_goes_on(store: Store) -> None:
    store.write([(bytes([byte]) * 8, b"x") for byte in range(256)])
    store.clear()
    assert all_of(store) == []
    assert store.get(b"a" * 8) is None
    store.write([(b"a", b"1")])
    assert all_of(store) == [(b"a", b"1")]


def test_a_removed_key_is_not_seen_by_a_scan_and_can_come_back(store: Store) -> None:
    store.write([(b"a", b"1"), (b"b", b"1")])
    store.write([], [b"a"])
    assert all_of(store, b"a") == []
    store.write([(b"a", b"2")])
    assert all_of(store) == [(b"a", b"2"), (b"b", b"1")]


@pytest.mark.parametrize("seed", range(5))
def test_any_series_of_writes_leaves_what_a_dictionary_would_hold(store: Store, seed: int) -> None:
    chance, model = random.Random(seed), dict[bytes, bytes]()

    def key() -> bytes:
        return chance.choice([b"h", b"o", b"\xff"]) + b"\0" + bytes(chance.choices(b"ab\0\xff", k=chance.randint(0, 3)))

    for step in range(100):
        puts = [(key(), b"%d" % chance.randrange(100)) for _ in range(chance.randint(0, 5))]
        removals = [key() for _ in range(chance.randint(0, 5))]
        store.write(puts, removals)
        for gone in removals:
            model.pop(gone, None)
        model.update(puts)
        prefix = key()[: chance.randint(0, 3)]
        expected = sorted(item for item in model.items() if item[0].startswith(prefix))
        assert all_of(store, prefix) == expected, f"step {step}"


def test_what_is_not_logged_is_there_at_once_and_stays_there(store: Store) -> None:
    store.write([(b"a", b"1"), (b"b", b"1")])
    store.write([(b"b", b"2")], [b"a"], logged=False)
    assert all_of(store) == [(b"b", b"2")]
    store.flush()
    store.write([(b"c", b"3")])
    assert all_of(store) == [(b"b", b"2"), (b"c", b"3")]


#: Writes many rows that are not logged, one after the other, then one that is, and dies; or flushes in between.
CRASH = """
import os, signal, sys
from pathlib import Path
from projections.group.disk import disk_options
from projections.store import RocksStore

store = RocksStore(disk_options().open(Path(sys.argv[1])))
store.write([(b"a", b"")])
for number in range(int(sys.argv[2])):
    store.write([(b"b%06d" % number, bytes(10_000))], logged=False)
if sys.argv[3] == "flushed":
    store.flush()
    store.write([(b"c", b"")])
os.kill(os.getpid(), signal.SIGKILL)
"""


class TestRocks:
    """What the disk alone promises."""

    @pytest.mark.parametrize("between", ["flushed", "nothing"])
    def test_of_what_is_not_logged_a_crash_leaves_the_first_and_all_that_was_flushed(
        self, tmp_path: Path, between: str
    ) -> None:
        count = 3000  # more than the buffers hold, so some were written anyhow
        died = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path / "db"), f"{count}", between], check=False)
        assert died.returncode == -signal.SIGKILL

        store = rocks(tmp_path / "db")
        found = [key for key, _ in all_of(store)]
        rows = [b"b%06d" % number for number in range(count)]
        if between == "flushed":
            assert found == [b"a", *rows, b"c"]
        else:
            assert found == [b"a", *rows[: len(found) - 1]]
        store.release()

    def test_what_is_not_logged_is_there_after_reopening(self, tmp_path: Path) -> None:
        store = rocks(tmp_path / "db")
        store.write([(b"a", b"1")], logged=False)
        store.release()

        store = rocks(tmp_path / "db")
        assert all_of(store) == [(b"a", b"1")]
        store.release()

    def test_rows_are_there_after_reopening_and_removed_ones_are_not(self, tmp_path: Path) -> None:
        store = rocks(tmp_path / "db")
        store.write([(b"a", b"1"), (b"b", b"1"), (b"c\0\xff", b"")])
        store.write([(b"b", b"2")], [b"a"])
        store.release()

        store = rocks(tmp_path / "db")
        assert all_of(store) == [(b"b", b"2"), (b"c\0\xff", b"")]
        store.clear()
        store.release()

        store = rocks(tmp_path / "db")
        assert all_of(store) == []
        store.release()

    def test_release_gives_the_lock_back_and_nothing_else_does(self, tmp_path: Path) -> None:
        store = rocks(tmp_path / "db")
        with pytest.raises(Exception, match=r"(?i)lock"):
            rocks(tmp_path / "db")
        store.release()
        rocks(tmp_path / "db").release()

    @pytest.mark.parametrize(
        "use",
        [
            lambda store: store.get(b"a"),
            lambda store: store.write([(b"a", b"2")]),
            lambda store: list(store.scan(b"")),
            lambda store: store.clear(),
        ],
        ids=["get", "write", "scan", "clear"],
    )
    def test_what_comes_after_the_release_is_an_error_and_touches_no_file(
        self, tmp_path: Path, use: Callable[[Store], object]
    ) -> None:
        store = rocks(tmp_path / "db")
        store.write([(b"a", b"1")])
        store.release()
        store.release()
        with pytest.raises(LookupError, match="its ownership has ended"):
            use(store)
        again = rocks(tmp_path / "db")
        assert all_of(again) == [(b"a", b"1")]
        again.release()


def test_a_scan_may_begin_in_the_middle(store: Store) -> None:
    store.write([(b"a1", b""), (b"a2", b""), (b"a4", b""), (b"b1", b"")])
    assert [key for key, _ in store.scan(b"a", b"a2")] == [b"a2", b"a4"]
    assert [key for key, _ in store.scan(b"a", b"a3")] == [b"a4"]
    assert [key for key, _ in store.scan(b"a", b"b")] == []
    assert [key for key, _ in store.scan(b"b", b"a")] == [b"b1"]


def test_the_last_turn_of_each_customer_is_found_by_one_look_per_customer(store: Store) -> None:
    looks = 0

    def scan(prefix: bytes, start: bytes) -> Iterator[tuple[bytes, bytes]]:
        nonlocal looks
        looks += 1
        return store.scan(prefix, start)

    for number in range(300):
        customer = f"c{number % 3}"
        agenda = AgendaHead(customer_id=customer, queue=f"q{number % 2}", epoch=5, number=number)
        head = Head(version=1, link="", last="", agendas={"a": agenda})
        key = head_key(f"r{number}")
        store.write((entry, b"") for entry in index_keys(key, traits_of(key, write_row(0, head))))
    assert {(queue, customer): turn for queue, customer, turn in turns(scan)} == {
        ("q0", "c0"): (5, 294),
        ("q0", "c1"): (5, 298),
        ("q0", "c2"): (5, 296),
        ("q1", "c0"): (5, 297),
        ("q1", "c1"): (5, 295),
        ("q1", "c2"): (5, 299),
    }
    assert looks == 7

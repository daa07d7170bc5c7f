"""What may be in a store is always looked for; what surely is not, seldom."""

import random

import pytest

from eventstore.log import Landed
from projections.rows import prefix
from projections.store import MemoryStore
from projections.table import unseen
from projections.table.changelog import record_of
from projections.table.replica import Replica
from projections.table.unseen import Unseen


@pytest.mark.parametrize("marks", [2, 1 << 20])
def test_what_was_put_there_is_found_and_what_was_not_is_seldom_looked_for(
    marks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unseen, "MARKS", marks)
    rows, looked = dict[bytes, bytes](), 0

    def get(key: bytes) -> bytes | None:
        nonlocal looked
        looked += 1
        return rows.get(key)

    asked = Unseen()
    for start in range(0, 3000, 50):
        keys = [b"%d" % (n % 1000) for n in range(start, start + 50)]
        assert asked.below(keys, get) == {key: rows.get(key) for key in keys}
        rows.update({key: key for key in keys})
    assert looked >= 2000
    assert looked < 2100 or marks == 2


@pytest.mark.parametrize("seed", range(20))
def test_of_each_row_the_newest_stays_however_a_store_was_filled(seed: int) -> None:
    """Records of several versions in any order, batches of any size, rows landed in between, another start."""
    chance, store, newest = random.Random(seed), MemoryStore(), dict[bytes, bytes]()
    replica, place = Replica(0, store), 0
    replica.spare()
    for _ in range(60):
        records = []
        for _ in range(chance.randint(1, 8)):
            key, value = b"p\0r%d" % chance.randint(0, 9), prefix(chance.randint(0, 99)) + b"{}"
            newest[key] = max(newest.get(key, b""), value)
            record = record_of(key, value)
            records.append(Landed("changelog", 0, place, 0, record.key, record.value, record.headers))
            place += 1
        replica.absorb(records)
        if chance.random() < 0.1:
            replica = Replica(0, store)
            replica.spare()
    assert {key: store.get(key) for key in newest} == newest

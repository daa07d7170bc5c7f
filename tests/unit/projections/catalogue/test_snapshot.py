"""A snapshot is used by who can say that it is exact, and named for what it is by all others."""

from hashlib import sha256
from itertools import product
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from eventstore.codec import decode
from eventstore.envelope import Envelope
from eventstore.events import TYPES
from eventstore.memory import MemoryRecord
from eventstore.model import AgendaTemplate, CatalogueObject, Customer, Insight, ResourcePool
from eventstore.reading import CATALOGUE_EVENTS, Classifier
from projections.catalogue import snapshot
from projections.catalogue.catalogue import Catalogue
from projections.catalogue.fold import CATALOGUE_FOLD, Item, evolve, stream_of
from projections.catalogue.snapshot import Flaw, Snapshot, pack, unpack
from tests.builders import customer, insight
from tests.golden.test_golden import golden

#: What every fold so far made of the golden events; a sum that is here never changes.
FOLDS = {
    1: "41b9d39076996be0298325285d08465d1cc027afd8ca4062c15db87ef6692add",
    2: "27f0c59107a8f897e19d12e189ccccfbe335438ee73c6dc7f81542002bc677d2",
}
GONE = Item(2, "link2", "e2", None)
HELD: tuple[CatalogueObject, ...] = (ResourcePool(id="p"), customer("b"), customer("a"), insight("i"))
SNAPSHOT = Snapshot(7, {**{stream_of(thing): Item(1, "link", "e1", thing) for thing in HELD}, "insight/gone": GONE})


def test_it_is_read_as_it_was_written() -> None:
    found = unpack(pack(SNAPSHOT, "log"), "log", 7)
    assert found == SNAPSHOT
    assert isinstance(found, Snapshot)
    assert [*found.items] == [*SNAPSHOT.items], "in this order"
    assert unpack(pack(SNAPSHOT, "log"), "log", 8) == SNAPSHOT, "the topic went on meanwhile"
    assert unpack(pack(Snapshot(1, {}), "log"), "log", 1) == Snapshot(1, {})


def test_the_keys_that_were_used_are_read_as_they_were_written() -> None:
    used = Snapshot(3, {"customer/a": Item(2, "link", "e2", customer("a"), (("e1", "digest"), ("e2", "other")))})
    assert unpack(pack(used, "log"), "log", 3) == used


def test_one_of_another_log_is_refused() -> None:
    assert unpack(pack(SNAPSHOT, "log"), "other", 7) == Flaw("log other", "log log")


def test_one_that_is_ahead_of_the_topic_is_refused() -> None:
    assert unpack(pack(SNAPSHOT, "log"), "log", 6) == Flaw("an offset up to the topic's end 6", "offset 7")


@pytest.mark.parametrize("fold", [CATALOGUE_FOLD - 1, CATALOGUE_FOLD + 1])
def test_one_of_another_fold_is_refused(fold: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other_release:
        other_release.setattr(snapshot, "CATALOGUE_FOLD", fold)
        packed = pack(SNAPSHOT, "log")
    assert unpack(packed, "log", 7) == Flaw(f"fold {CATALOGUE_FOLD}", f"fold {fold}")


@pytest.mark.parametrize("data", [b"", b"\n", b"garbage", b"\x00\xff" * 100, pack(SNAPSHOT, "log")[:-1]])
def test_what_is_damaged_is_refused(data: bytes) -> None:
    found = unpack(data, "log", 7)
    assert isinstance(found, Flaw)
    assert found.expected.startswith("bytes whose digest is ")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"logId":"log"}\n', "the layout of this release"),
        (b"[1]\n", "the layout of this release"),
        (b"\xff\n", "the layout of this release"),
        (b'{"logId":"log","fold":%d,"next":1,"objects":1}\n["a"]\n' % CATALOGUE_FOLD, "the layout of this release"),
        (b'{"logId":"log","fold":%d,"next":1,"objects":1}\n' % CATALOGUE_FOLD, "1 objects"),
    ],
)
def test_a_sound_file_of_another_layout_is_refused(body: bytes, expected: str) -> None:
    found = unpack(snapshot._digest(body) + b"\n" + body, "log", 7)
    assert isinstance(found, Flaw)
    assert found.expected == expected


def test_what_golden_events_become_is_what_this_fold_always_made_of_them() -> None:
    """Another sum: raise CATALOGUE_FOLD and add its line; a snapshot of the old one must not be used."""
    assert sha256(_golden() + _fields()).hexdigest() == FOLDS[CATALOGUE_FOLD]
    assert [*FOLDS] == [*range(1, CATALOGUE_FOLD + 1)]


def _golden() -> bytes:
    """Each three golden events one upon another, the first of them also upon what was deleted: items, in JSON."""
    found = Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS))
    names = sorted(TYPES[kind] for kind in CATALOGUE_EVENTS)
    events: dict[str, tuple[Envelope, Any]] = {name: decode(*golden(name)[1:]) for name in names}
    for first, *three in product([None, GONE], names, names, names):
        item = first
        for later, name in enumerate(three):
            envelope, event = events[name]
            item = evolve(item, replace(envelope, time=envelope.time + later), event, f"link of {name}")
        found.keep(f"{'/'.join(three)}/{first and first.last}", item or GONE)
    return pack(Snapshot(1, found.items()), "log").partition(b"\n")[2].partition(b"\n")[2]


def _fields() -> bytes:
    """A field that is new stands in events of before, where an older fold passed over it."""
    kinds = (Customer, ResourcePool, Insight, AgendaTemplate)
    fields = {kind.__name__: [each.encode_name for each in msgspec.structs.fields(kind)] for kind in kinds}
    return msgspec.json.encode(fields)


def test_records_that_are_in_it_are_not_folded_again() -> None:
    found = Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS))
    found.begin(SNAPSHOT.next, SNAPSHOT.items)
    found.fold([MemoryRecord("catalogue", 0, offset, 1, None, b"") for offset in range(9)])
    assert found.verdicts == {"no key": 2}
    assert (found.next, found.items()) == (9, SNAPSHOT.items)

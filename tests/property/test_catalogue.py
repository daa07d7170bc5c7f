"""Whatever stands in the catalogue's topic: who begins behind a snapshot knows what who reads it whole knows."""

from collections.abc import Sequence

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from eventstore.catalogue_events import (
    AgendaTemplateSaved,
    CatalogueEvent,
    CatalogueObjectDeleted,
    CustomerSaved,
    InsightPaused,
    InsightResumed,
    InsightSaved,
    ResourcePoolSaved,
)
from eventstore.codec import encode
from eventstore.envelope import Envelope
from eventstore.events import TYPES
from eventstore.log import Record
from eventstore.memory import MemoryRecord
from eventstore.model import AgendaTemplate, Customer, Insight, ResourcePool, SchedulingAlgorithm
from eventstore.reading import CATALOGUE_EVENTS, OPENED_KEY, Classifier, Read
from projections.catalogue.catalogue import Catalogue
from projections.catalogue.snapshot import Snapshot, pack, unpack

LOG = "log-1"
classify = Classifier(1, kinds=CATALOGUE_EVENTS)
TEXT = st.none() | st.sampled_from(["", "a", "two\nlines", "\x00\u2028\U0001f600", '"\\'])
#: JSON knows no 64 bits, and whoever puts an object says when it was added.
TIME = st.none() | st.sampled_from([0, -1, 1_700_000_000_000, 2**63, 2**70])
TEXTS = st.none() | st.lists(st.sampled_from(["a", "b"]), max_size=2)
SEALED = st.none() | st.dictionaries(st.sampled_from(["p", "q"]), st.sampled_from(["plain:m:1", "plain:n:[null]"]))
BOOL = st.none() | st.booleans()
#: The streams of our own four kinds, and two that only somebody else would name so.
STREAMS = ["customer/a", "customer/b", "resourcepool/a", "insight/a", "insight/b", "agendatemplate/a", "odd", "odd/a"]


def of(kind: type, **more: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    base = {"id": TEXT, "customer_id": TEXT, "title": TEXT, "added_time": TIME}
    return st.builds(kind, **base, **more)


EVENTS_DRAWN: st.SearchStrategy[CatalogueEvent] = st.one_of(
    st.builds(CustomerSaved, customer=of(Customer, billing_code=TEXT, resource_pool_id=TEXT)),
    st.builds(ResourcePoolSaved, resource_pool=of(ResourcePool)),
    st.builds(
        InsightSaved,
        insight=of(
            Insight,
            queue_name=TEXT,
            queue_size=TIME,
            scheduling_algorithm=st.none() | st.sampled_from(SchedulingAlgorithm),
            mappers=st.none() | st.dictionaries(st.sampled_from(["id", "operationType"]), st.just(["x", ""])),
            is_global=BOOL,
            allowed_customer_ids=TEXTS,
        ),
    ),
    st.builds(
        AgendaTemplateSaved,
        agenda_template=of(AgendaTemplate, agenda=SEALED, params=SEALED, static_parameters=SEALED, is_global=BOOL),
    ),
    st.builds(CatalogueObjectDeleted, kind=st.just("customer"), id=st.just("a")),
    st.builds(InsightPaused, insight_id=st.just("a"), by=st.just("me"), why=st.sampled_from(["x", "y"])),
    st.builds(InsightResumed, insight_id=st.just("a"), by=st.just("me")),
)
#: A stream, an event, and how far its writer was from knowing the stream's head: 0, mostly.
STEPS = st.lists(
    st.tuples(st.sampled_from(STREAMS), EVENTS_DRAWN, st.sampled_from([0, 0, 0, 0, 1, -1]), st.booleans()),
    max_size=25,
)


def written(steps: Sequence[tuple[str, CatalogueEvent, int, bool]]) -> list[Record]:
    """A topic: LogOpened, then what each step writes; a step may also write bytes of nobody."""
    records: list[Record] = [MemoryRecord("catalogue", 0, 0, 1, OPENED_KEY, b"{}")]
    known = Catalogue(classify)
    for offset, (stream, event, off, noise) in enumerate(steps, start=1):
        item = known.item(stream)
        version, prev = (0, None) if item is None else (item.version, item.link)
        envelope = Envelope(
            id=f"e{offset}", type=TYPES[type(event)], source="t", time=offset, version=version + 1 + off, prev=prev
        )
        value, headers = encode(envelope, event)
        key = None if noise and off else stream.encode()
        records.append(MemoryRecord("catalogue", 0, offset, offset, key, value, headers))
        known.fold(records)
    return records


def folded(records: Sequence[Record], begin: Snapshot | None = None) -> Catalogue:
    found = Catalogue(classify)
    if begin is not None:
        found.begin(begin.next, begin.items)
    found.fold(records)
    return found


def known_by(catalogue: Catalogue) -> tuple[object, ...]:
    """All that it knows, in its order."""
    kinds = (Customer, ResourcePool, Insight, AgendaTemplate)
    return catalogue.next, [*catalogue.items().items()], [[*catalogue.all(kind)] for kind in kinds]


@settings(deadline=None)
@for_all(STEPS, st.data())
def test_who_begins_behind_a_snapshot_knows_what_who_reads_all_knows(
    steps: list[tuple[str, CatalogueEvent, int, bool]], data: st.DataObject
) -> None:
    records = written(steps)
    at = data.draw(st.integers(0, len(records)), label="folded before the snapshot")
    before = folded(records[:at])
    packed = pack(Snapshot(before.next, before.items()), LOG)

    kept = unpack(packed, LOG, len(records))

    assert isinstance(kept, Snapshot)
    assert known_by(folded((), kept)) == known_by(before)
    assert pack(kept, LOG) == packed
    assert known_by(folded(records[at:], kept)) == known_by(folded(records))
    assert known_by(folded(records, kept)) == known_by(folded(records)), "what is in it already changes nothing"


@settings(deadline=None)
@for_all(STEPS, st.data())
def test_one_wrong_byte_is_found(steps: list[tuple[str, CatalogueEvent, int, bool]], data: st.DataObject) -> None:
    known = folded(written(steps))
    packed = pack(Snapshot(known.next, known.items()), LOG)
    at = data.draw(st.integers(0, len(packed) - 1))
    wrong = bytes([packed[at] ^ data.draw(st.integers(1, 255))])

    assert not isinstance(unpack(packed[:at] + wrong + packed[at + 1 :], LOG, known.next), Snapshot)
    assert not isinstance(unpack(packed[:at], LOG, known.next), Snapshot), "cut"
    assert not isinstance(unpack(packed + wrong, LOG, known.next), Snapshot), "longer"


def test_the_steps_write_every_event_of_the_catalogue_as_it_is_read() -> None:
    """The steps above are of real records: each event, as it is written, is one for the real classifier."""
    steps: list[tuple[str, CatalogueEvent, int, bool]] = [
        ("customer/a", CustomerSaved(customer=Customer()), 0, False),
        ("resourcepool/a", ResourcePoolSaved(resource_pool=ResourcePool()), 0, False),
        ("insight/a", InsightSaved(insight=Insight()), 0, False),
        ("insight/a", InsightPaused(insight_id="a", by="me", why="x"), 0, False),
        ("insight/a", InsightResumed(insight_id="a", by="me"), 0, False),
        ("agendatemplate/a", AgendaTemplateSaved(agenda_template=AgendaTemplate()), 0, False),
        ("customer/a", CatalogueObjectDeleted(kind="customer", id="a"), 0, False),
    ]
    read = [classify(record) for record in written(steps)[1:]]
    assert {type(each.event) for each in read if isinstance(each, Read)} == CATALOGUE_EVENTS

"""What is deleted leaves a tombstone, and what comes back goes on from there (design 4.3, 4.6)."""

from msgspec.structs import replace

from eventstore.catalogue_events import CatalogueEvent, CatalogueObjectDeleted, CustomerSaved, InsightSaved
from eventstore.codec import encode
from eventstore.envelope import Envelope
from eventstore.events import TYPES
from eventstore.memory import MemoryRecord
from eventstore.model import Customer
from eventstore.reading import Dropped, Read
from projections.catalogue.catalogue import Catalogue
from tests.builders import customer, insight


def history(*events: tuple[str, int, str | None, CatalogueEvent]) -> Catalogue:
    """A catalogue that folded events, each with its stream, version and link before."""
    reads: list[Read | Dropped] = []
    records = []
    for offset, (stream, version, prev, event) in enumerate(events):
        envelope = Envelope(id=f"e{offset}", type=TYPES[type(event)], source="t", time=1, version=version, prev=prev)
        value, headers = encode(envelope, event)
        reads.append(Read(stream, envelope, event, f"link{offset}"))
        records.append(MemoryRecord("catalogue", 0, offset, 1, b"k", value, headers))
    found = Catalogue(lambda record: reads[record.offset])
    found.fold(records)
    return found


SAVED = CustomerSaved(customer=customer("a", billing_code="b"))
GONE = CatalogueObjectDeleted(kind="customer", id="a")


def test_what_is_deleted_is_found_no_more() -> None:
    found = history(("customer/a", 1, None, SAVED), ("customer/a", 2, "link0", GONE))
    assert found.customer("a") is None
    assert not [*found.all(Customer)]


def test_what_comes_back_comes_last_without_what_it_was() -> None:
    found = history(
        ("customer/a", 1, None, SAVED),
        ("customer/b", 1, None, CustomerSaved(customer=customer("b"))),
        ("customer/a", 2, "link0", GONE),
        ("customer/a", 3, "link2", CustomerSaved(customer=Customer(id="a"))),
    )
    assert found.verdicts == {"applied": 4}
    assert [*found.all(Customer)] == [customer("b"), Customer(id="a")]


def test_the_insights_of_a_pool_are_those_that_name_it_now() -> None:
    here, there = insight("a", resource_pool_id="here"), insight("a", resource_pool_id="there")
    other = insight("b", resource_pool_id="here")
    found = history(
        ("insight/a", 1, None, InsightSaved(insight=here)), ("insight/b", 1, None, InsightSaved(insight=other))
    )
    assert [*found.insights_of_pool("here")] == [here, other]
    item = found.item("insight/a")
    assert item is not None
    found.keep("insight/a", replace(item, object=there))
    assert ([*found.insights_of_pool("here")], [*found.insights_of_pool("there")]) == ([other], [there])
    found.keep("insight/a", replace(item, object=None))
    assert ([*found.insights_of_pool("here")], [*found.insights_of_pool("there")]) == ([other], [])


def test_a_creation_that_does_not_know_of_the_deletion_is_not_applied() -> None:
    found = history(("customer/a", 1, None, SAVED), ("customer/a", 2, "link0", GONE), ("customer/a", 1, None, SAVED))
    assert found.customer("a") is None

"""The catalogue as a fold: customers, pools and Insights, each a stream of its own (design 4.6). Pure.

Small, and wanted whole by every worker: so it is not rows in a store but one immutable value, replaced per event.
"""

import msgspec
from msgspec.structs import replace

from eventstore.catalogue_events import (
    CatalogueEvent,
    CustomerSaved,
    InsightPaused,
    InsightResumed,
    InsightSaved,
    ResourcePoolSaved,
)
from eventstore.envelope import Envelope
from eventstore.model import CatalogueObject, Insight, Paused, merge
from projections.verdict import Verdict


class Item(msgspec.Struct, frozen=True, gc=False):
    """One object with the head of its stream."""

    version: int
    link: str
    last: str
    object: CatalogueObject


def stream_of(thing: CatalogueObject) -> str:
    """The stream of an object: `customer/<id>`, `resourcepool/<id>`, `insight/<id>`."""
    return f"{type(thing).__name__.lower()}/{thing.id}"


def judge(item: Item | None, envelope: Envelope) -> Verdict:
    """The verdict on an event, by the rule of projections.verdict."""
    version = 0 if item is None else item.version
    if envelope.version <= version:
        return Verdict.DUPLICATE if item is not None and envelope.id == item.last else Verdict.STALE
    link = None if item is None else item.link
    return Verdict.APPLIED if (envelope.version, envelope.prev) == (version + 1, link) else Verdict.FOREIGN


def evolve(item: Item | None, envelope: Envelope, event: CatalogueEvent, link: str) -> Item:
    """The object after an applied event: what was said, over what is stored."""
    said = saved(event)
    stored = None if item is None else item.object
    after = said if stored is None else _laid(stored, said)
    if isinstance(after, Insight):
        after = _pausing(after, event, envelope.time)
    return Item(envelope.version, link, envelope.id, after)


def saved(event: CatalogueEvent) -> CatalogueObject:
    """What an event says of its object."""
    match event:
        case CustomerSaved(customer=customer):
            return customer
        case ResourcePoolSaved(resource_pool=pool):
            return pool
        case InsightSaved(insight=insight):
            return insight
        case InsightPaused(insight_id=identity) | InsightResumed(insight_id=identity):
            return Insight(id=identity)


def _pausing(insight: Insight, event: CatalogueEvent, at: int) -> Insight:
    match event:
        case InsightPaused(by=by, why=why):
            since = at if insight.paused is None else insight.paused.since
            return replace(insight, paused=Paused(by=by, why=why, since=since))
        case InsightResumed():
            return replace(insight, paused=None)
        case _:
            return insight


def _laid(stored: CatalogueObject, said: CatalogueObject) -> CatalogueObject:
    if type(stored) is not type(said):
        return stored
    return merge(stored, said)

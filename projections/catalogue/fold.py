"""The catalogue as a fold: customers, pools, Insights and templates, each a stream of its own (design 4.6). Pure.

Small, and wanted whole by every worker: so it is not rows in a store but one immutable value, replaced per event.
"""

import msgspec
from msgspec.structs import replace

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
from eventstore.envelope import Envelope
from eventstore.model import CatalogueObject, Insight, Paused, merge
from projections.verdict import Verdict

#: Raised whenever an event, or what follows from it here, becomes another item: snapshots of another one are not used.
CATALOGUE_FOLD = 2
#: Commands with an Idempotency-Key that an item remembers, as a run's head does (design 4.5).
REQUESTS = 8

Saved = CustomerSaved | ResourcePoolSaved | InsightSaved | AgendaTemplateSaved


class Item(msgspec.Struct, frozen=True, gc=False):
    """One object with the head of its stream."""

    version: int
    link: str
    last: str
    #: None: it was deleted, and the next one under this id goes on from this version
    object: CatalogueObject | None
    #: (event id, digest of the body) of the last commands that came with an Idempotency-Key
    requests: tuple[tuple[str, str], ...] = ()


def stream_of(thing: CatalogueObject) -> str:
    """The stream of an object: `customer/<id>`, `resourcepool/<id>`, `insight/<id>`, `agendatemplate/<id>`."""
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
    stored = None if item is None else item.object
    if isinstance(event, CatalogueObjectDeleted):
        after = None
    elif isinstance(event, InsightPaused | InsightResumed):
        # Of an Insight that is there; what is deleted stays so.
        after = _pausing(stored, event, envelope.time) if isinstance(stored, Insight) else stored
    else:
        said = saved(event)
        after = said if stored is None else _laid(stored, said)
    requests = () if item is None else item.requests
    if envelope.request is not None:
        requests = (*requests, (envelope.id, envelope.request))[-REQUESTS:]
    return Item(envelope.version, link, envelope.id, after, requests)


def saved(event: Saved) -> CatalogueObject:
    """What an event says of its object."""
    match event:
        case CustomerSaved(customer=customer):
            return customer
        case ResourcePoolSaved(resource_pool=pool):
            return pool
        case InsightSaved(insight=insight):
            return insight
        case AgendaTemplateSaved(agenda_template=template):
            return template


def _pausing(insight: Insight, event: InsightPaused | InsightResumed, at: int) -> Insight:
    if isinstance(event, InsightResumed):
        return replace(insight, paused=None)
    since = at if insight.paused is None else insight.paused.since
    return replace(insight, paused=Paused(by=event.by, why=event.why, since=since))


def _laid(stored: CatalogueObject, said: CatalogueObject) -> CatalogueObject:
    if type(stored) is not type(said):
        return stored
    return merge(stored, said)

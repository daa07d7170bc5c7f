"""Customers, resource pools, Insights and templates: POST, GET, PUT, DELETE (spec 2.5, 3.2)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eventstore.errors import Invalid, NotFound, Unavailable
from eventstore.model import AgendaTemplate, CatalogueObject, Customer, Insight, ResourcePool
from handlers.access.rights import may_see, refuse_anothers_pool
from handlers.endpoints.ask import Ask, Reply
from handlers.endpoints.lists import cursor_of, page_of, wanted
from handlers.intake.catalogue import (
    Build,
    Draft,
    Said,
    customer_command,
    deletion,
    insight_command,
    pool_command,
    template_command,
)
from handlers.wire.objects import OpenAgendaTemplate, OpenCustomer, OpenInsight, OpenResourcePool
from handlers.wire.responses import Wire, catalogue_object, envelope
from projections.catalogue.catalogue import Catalogue


class Collection(msgspec.Struct, frozen=True):
    """One kind of object: its type, what is sent of it, POP's name for it, and the command that saves it."""

    kind: type[CatalogueObject]
    sent: type[Said]
    name: str
    build: Build

    def stream(self, identity: str) -> str:
        """The stream of an object of this kind."""
        return f"{self.kind.__name__.lower()}/{identity}"


CUSTOMERS = Collection(Customer, OpenCustomer, "Customer", customer_command)
POOLS = Collection(ResourcePool, OpenResourcePool, "ResourcePool", pool_command)
INSIGHTS = Collection(Insight, OpenInsight, "Insight", insight_command)
TEMPLATES = Collection(AgendaTemplate, OpenAgendaTemplate, "AgendaTemplate", template_command)


async def get(ask: Ask, collection: Collection) -> Reply:
    """Objects of a kind that the caller may read."""
    current = await ask.edge.tail.current()
    if not ask.edge.tail.caught_up:
        raise Unavailable("expected the catalogue to be read to its end, which takes a moment after a start; ask again")
    catalogue = ask.edge.tail.catalogue
    asked = wanted(ask)
    where = asked.where if asked.id is None else {**asked.where, "id": asked.id}
    things = (thing for thing in catalogue.all(collection.kind) if fits(thing, where) and may_see(thing, ask.caller))
    rows, more = page_of(things, asked)
    shown = [] if asked.count else [asked.shown(_wire(thing, catalogue, ask)) for thing in rows]
    body = envelope(shown, cid=ask.cid, count=len(rows))
    if asked.paged and more and rows:
        body["next"] = cursor_of(rows[-1])
    return Reply(body, f"catalogue/0@{catalogue.position}", None if current else int(1000 * ask.edge.tail.age))


async def post(ask: Ask, collection: Collection) -> Reply:
    """Create or merge over; the answer is the submitted object, not what it was merged into (spec 2.5)."""
    said = await ask.body(collection.sent, collection.name)
    if said is None:
        raise Invalid("Unable to POST/PUT a null object")
    origin = await ask.origin()
    identity = said.id or ask.object_id or origin.identity("object", 0)
    kept = await ask.edge.gateway.catalogue(await _command(ask, collection, said, identity, must_exist=False))
    answer = {} if kept.said is None else _wire(kept.said, None, ask)
    if isinstance(said, OpenResourcePool) and said.insight_ids is not None:
        answer["insightIds"] = said.insight_ids
    return Reply(envelope([answer], cid=ask.cid), f"catalogue/0@{kept.offset}")


async def put(ask: Ask, collection: Collection) -> Reply:
    """Merge over what is there; the answer is the whole object."""
    said = await ask.body(collection.sent, collection.name)
    if said is None:
        raise Invalid("Unable to POST/PUT a null object")
    identity = named(ask, said.id)
    kept = await ask.edge.gateway.catalogue(await _command(ask, collection, said, identity, must_exist=True))
    catalogue = ask.edge.tail.catalogue
    item = catalogue.item(collection.stream(identity))
    if item is None or item.object is None:
        raise NotFound(f"Unable to get object by id {identity}")
    return Reply(envelope([_wire(item.object, catalogue, ask)], cid=ask.cid), f"catalogue/0@{kept.offset}")


async def delete(ask: Ask, collection: Collection) -> Reply:
    """Delete an object; the answer is what it was. What is not there is an empty success (spec 2.5, 14.12)."""
    if not ask.object_id:
        return Reply(envelope([], cid=ask.cid))
    kept = await ask.edge.gateway.catalogue(deletion(collection.stream(ask.object_id), await ask.origin()))
    found = [] if kept.said is None else [_wire(kept.said, ask.edge.tail.catalogue, ask)]
    return Reply(envelope(found, cid=ask.cid), f"catalogue/0@{kept.offset}")


def named(ask: Ask, said: str | None) -> str:
    """The id that a PUT means: that of the URL or of the body, or of both if they agree (spec 2.5)."""
    identity = ask.object_id or said
    if not identity:
        raise Invalid("The id field must be specified.")
    if said and said != identity:
        raise Invalid(f"Mismatched Id in URL and on input object: {identity} {said}")
    return identity


def fits(thing: CatalogueObject, where: Mapping[str, str]) -> bool:
    """Whether all these attributes are texts that equal; numbers, booleans, maps and lists never do (spec 2.4)."""
    if not where:
        return True
    names = dict(zip(thing.__struct_encode_fields__, thing.__struct_fields__, strict=True))
    return all(
        name in names and isinstance(found := getattr(thing, names[name]), str) and found == value
        for name, value in where.items()
    )


async def _command(ask: Ask, collection: Collection, said: Said, identity: str, *, must_exist: bool) -> Any:
    await ask.edge.tail.current()
    if isinstance(said, OpenInsight) and said.resource_pool_id is not None and not ask.caller.everywhere:
        await ask.edge.tail.settle()
        refuse_anothers_pool(said.resource_pool_id, ask.caller, ask.edge.tail.catalogue)
    item = ask.edge.tail.catalogue.item(collection.stream(identity))
    stored = None if item is None else item.object
    draft = Draft(origin=await ask.origin(), cipher=ask.edge.cipher, must_exist=must_exist, stored=stored)
    return collection.build(said, identity, draft)


def _wire(thing: CatalogueObject, catalogue: Catalogue | None, ask: Ask) -> Wire:
    """An object as the caller may see it: a pool with the ids of those Insights alone that the caller sees."""
    if isinstance(thing, AgendaTemplate):
        return ask.edge.opener.template(thing)
    if catalogue is None:
        return catalogue_object(thing, None)

    def insight_ids(pool: str) -> list[str]:
        return [insight.id or "" for insight in catalogue.insights_of_pool(pool) if may_see(insight, ask.caller)]

    return catalogue_object(thing, insight_ids)

"""Customers, resource pools and Insights: POST, GET, PUT (spec 2.5, 3.2)."""

from collections.abc import Callable, Mapping
from typing import Any

from eventstore.commands import Caller, SaveCustomer, SaveInsight, SaveResourcePool
from eventstore.errors import Invalid, Unavailable
from eventstore.model import Customer, Insight, ResourcePool
from handlers.endpoints.ask import Ask, Reply, reserved
from handlers.intake import Origin
from handlers.rights import may_see, refuse_anothers_pool
from handlers.validation import refuse_unstorable
from handlers.wire.requests import OpenCustomer, OpenInsight, OpenResourcePool, epoch_ms
from handlers.wire.responses import catalogue_object, envelope
from projections.catalogue import Catalogue

Thing = Customer | ResourcePool | Insight
Said = OpenCustomer | OpenResourcePool | OpenInsight


async def get(ask: Ask, kind: type[Customer] | type[ResourcePool] | type[Insight]) -> Reply:
    """Objects of a kind that the caller may read."""
    current = await ask.edge.tail.current()
    catalogue = ask.edge.tail.catalogue
    where, limit, fields, count = reserved(ask.queries)
    if ask.object_id is not None:
        where = {**where, "id": ask.object_id}
    found = [
        _wire(thing, catalogue, ask.caller)
        for thing in catalogue.all(kind)
        if may_see(thing, ask.caller) and _fits(thing, where, catalogue, ask.caller)
    ][:limit]
    if fields is not None:
        found = [{name: value for name, value in each.items() if name in fields} for each in found]
    answer = envelope([] if count else found, cid=ask.cid, count=len(found))
    return Reply(answer, f"catalogue/0@{catalogue.position}", None if current else 0)


async def post(ask: Ask, kind: type[Said], name: str, build: "Build") -> Reply:
    """Create or merge over; the answer is the submitted object (spec 2.5)."""
    said = await ask.body(kind, name)
    if said is None:
        raise Invalid("Unable to POST/PUT a null object")
    origin = await ask.origin()
    await _refuse_anothers_pool(ask, said)
    command = build(said, said.id or ask.object_id or origin.identity("object", 0), origin, False)
    offset = await ask.edge.gateway.catalogue(command)
    return await _answer(ask, command, offset)


async def put(ask: Ask, kind: type[Said], name: str, build: "Build") -> Reply:
    """Merge over what is there; the answer is the whole object."""
    said = await ask.body(kind, name)
    if said is None:
        raise Invalid("Unable to POST/PUT a null object")
    identity = ask.object_id or said.id
    if identity is None:
        raise Invalid("The id field must be specified.")
    if said.id is not None and said.id != identity:
        raise Invalid(f"Mismatched Id in URL and on input object: {identity} {said.id}")
    await _refuse_anothers_pool(ask, said)
    command = build(said, identity, await ask.origin(), True)
    return await _answer(ask, command, await ask.edge.gateway.catalogue(command))


def customer_command(said: Any, identity: str, origin: Origin, must_exist: bool) -> SaveCustomer:  # noqa: FBT001
    """SaveCustomer of what was sent."""
    customer = Customer(**_base(said, identity), billing_code=said.billing_code, resource_pool_id=said.resource_pool_id)
    return SaveCustomer(**_command(origin, f"customer/{identity}"), customer=customer, must_exist=must_exist)


def pool_command(said: Any, identity: str, origin: Origin, must_exist: bool) -> SaveResourcePool:  # noqa: FBT001
    """SaveResourcePool of what was sent."""
    pool = ResourcePool(**_base(said, identity))
    stream = f"resourcepool/{identity}"
    return SaveResourcePool(**_command(origin, stream), resource_pool=pool, must_exist=must_exist)


def insight_command(said: Any, identity: str, origin: Origin, must_exist: bool) -> SaveInsight:  # noqa: FBT001
    """SaveInsight of what was sent."""
    insight = Insight(
        **_base(said, identity),
        resource_pool_id=said.resource_pool_id,
        queue_name=said.queue_name,
        queue_size=said.queue_size,
        scheduling_algorithm=said.scheduling_algorithm,
        mappers=said.mappers,
        is_global=said.is_global,
        allowed_customer_ids=said.allowed_customer_ids,
    )
    return SaveInsight(**_command(origin, f"insight/{identity}"), insight=insight, must_exist=must_exist)


Build = Callable[[Any, str, Origin, bool], SaveCustomer | SaveResourcePool | SaveInsight]


def _base(said: Any, identity: str) -> dict[str, Any]:
    refuse_unstorable([identity])
    return {
        "id": identity,
        "cid": said.cid,
        "customer_id": said.customer_id,
        "title": said.title,
        "added_time": epoch_ms(said.added_time, "addedTime"),
    }


def _command(origin: Origin, stream: str) -> dict[str, Any]:
    return {
        "id": origin.identity("command", 0),
        "stream": stream,
        "caller": origin.caller,
        "correlation": origin.correlation,
        "request": origin.request,
    }


async def _answer(ask: Ask, command: SaveCustomer | SaveResourcePool | SaveInsight, offset: int) -> Reply:
    catalogue = ask.edge.tail.catalogue
    item = catalogue.item(command.stream)
    if item is None:
        raise Unavailable(f"expected {command.stream} at offset {offset}; ask again")
    return Reply(envelope([_wire(item.object, catalogue, ask.caller)], cid=ask.cid), f"catalogue/0@{offset}")


def _wire(thing: Thing, catalogue: Catalogue, caller: Caller) -> dict[str, Any]:
    """An object as the caller may see it: a pool with the ids of those Insights alone that the caller sees."""

    def insight_ids(pool: str) -> list[str]:
        return [insight.id or "" for insight in catalogue.insights_of_pool(pool) if may_see(insight, caller)]

    return catalogue_object(thing, insight_ids)


async def _refuse_anothers_pool(ask: Ask, said: Said) -> None:
    if isinstance(said, OpenInsight) and said.resource_pool_id is not None and not ask.caller.everywhere:
        if not await ask.edge.tail.current():
            raise Unavailable("expected Kafka to tell the end of the catalogue; ask again")
        refuse_anothers_pool(said.resource_pool_id, ask.caller, ask.edge.tail.catalogue)


def _fits(thing: Thing, where: Mapping[str, str], catalogue: Catalogue, caller: Caller) -> bool:
    if not where:
        return True
    wire = _wire(thing, catalogue, caller)
    return all(isinstance(wire.get(name), str) and wire[name] == value for name, value in where.items())

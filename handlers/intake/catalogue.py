"""From open wire objects to commands on the catalogue (spec 1.4, 1.8 to 1.10, design 4.7). Pure."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from eventstore.commands import (
    CatalogueCommand,
    DeleteCatalogueObject,
    SaveAgendaTemplate,
    SaveCustomer,
    SaveInsight,
    SaveResourcePool,
)
from eventstore.model import AgendaTemplate, CatalogueObject, Customer, Insight, ResourcePool
from eventstore.sealing import Cipher, open_map, seal_map
from handlers.intake.origin import Origin
from handlers.intake.validation import refuse_unstorable
from handlers.wire.objects import OpenAgendaTemplate, OpenCustomer, OpenInsight, OpenResourcePool, plain
from handlers.wire.parsing import epoch_ms

Said = OpenCustomer | OpenResourcePool | OpenInsight | OpenAgendaTemplate
#: A template's sealed fields.
BODIES = ("agenda", "params", "static_parameters")


class Draft(msgspec.Struct, frozen=True, gc=False):
    """What stands around the object that was sent."""

    origin: Origin
    cipher: Cipher
    #: PUT
    must_exist: bool
    #: the object under this id, as this worker knows it
    stored: CatalogueObject | None = None


#: What was sent, its id, and what stands around it -> the command.
Build = Callable[[Any, str, Draft], CatalogueCommand]


def customer_command(said: OpenCustomer, identity: str, draft: Draft) -> SaveCustomer:
    """SaveCustomer of what was sent."""
    customer = Customer(**_base(said, identity), billing_code=said.billing_code, resource_pool_id=said.resource_pool_id)
    return SaveCustomer(**_command(draft, f"customer/{identity}"), customer=customer)


def pool_command(said: OpenResourcePool, identity: str, draft: Draft) -> SaveResourcePool:
    """SaveResourcePool of what was sent."""
    pool = ResourcePool(**_base(said, identity))
    return SaveResourcePool(**_command(draft, f"resourcepool/{identity}"), resource_pool=pool)


def insight_command(said: OpenInsight, identity: str, draft: Draft) -> SaveInsight:
    """SaveInsight of what was sent."""
    insight = Insight(
        **_base(said, identity),
        resource_pool_id=said.resource_pool_id,
        queue_name=said.queue_name,
        queue_size=said.queue_size,
        scheduling_algorithm=said.scheduling_algorithm,
        # Sets of texts, whose case is kept and whose order means nothing (spec 1.9).
        mappers=None if said.mappers is None else {name: [*dict.fromkeys(said.mappers[name])] for name in said.mappers},
        is_global=said.is_global,
        allowed_customer_ids=said.allowed_customer_ids,
    )
    return SaveInsight(**_command(draft, f"insight/{identity}"), insight=insight)


def template_command(said: OpenAgendaTemplate, identity: str, draft: Draft) -> SaveAgendaTemplate:
    """SaveAgendaTemplate of what was sent, its bodies sealed."""
    stored = draft.stored if isinstance(draft.stored, AgendaTemplate) else None
    owner = None if stored is None else stored.customer_id
    customer = said.customer_id or owner or ""
    bodies: dict[str, Mapping[str, Any] | None] = {
        "agenda": None if said.agenda is None else plain(said.agenda),
        "params": said.params,
        "static_parameters": said.static_parameters,
    }
    if stored is not None and owner != customer:
        # It changes hands: what stays as it is would be sealed under the key of the customer before.
        for name in BODIES:
            kept = getattr(stored, name)
            if bodies[name] is None and kept is not None:
                bodies[name] = open_map(draft.cipher, owner or "", kept)
    sealed: dict[str, Any] = {
        name: None if body is None else seal_map(draft.cipher, customer, body) for name, body in bodies.items()
    }
    template = AgendaTemplate(
        **_base(said, identity),
        **sealed,
        is_default_template=said.is_default_template,
        is_global=said.is_global,
        allowed_customer_ids=said.allowed_customer_ids,
    )
    fields = _command(draft, f"agendatemplate/{identity}")
    return SaveAgendaTemplate(**fields, agenda_template=template, sealed_over=owner)


def deletion(stream: str, origin: Origin) -> DeleteCatalogueObject:
    """The command that deletes an object."""
    return DeleteCatalogueObject(
        id=origin.identity("command", 0),
        stream=stream,
        caller=origin.caller,
        correlation=origin.correlation,
        request=origin.request,
    )


def _base(said: Said, identity: str) -> dict[str, Any]:
    refuse_unstorable([identity])
    return {
        "id": identity,
        "cid": said.cid,
        "customer_id": said.customer_id,
        "title": said.title,
        "added_time": epoch_ms(said.added_time, "addedTime"),
    }


def _command(draft: Draft, stream: str) -> dict[str, Any]:
    origin = draft.origin
    return {
        "id": origin.identity("command", 0),
        "stream": stream,
        "caller": origin.caller,
        "correlation": origin.correlation,
        "request": origin.request,
        "must_exist": draft.must_exist,
    }

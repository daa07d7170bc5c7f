"""POST and PUT of customers, pools and Insights (spec 2.5). Pure."""

from typing import TypeVar, assert_never

from msgspec.structs import replace

from eventstore.catalogue_events import CatalogueEvent, CustomerSaved, InsightSaved, ResourcePoolSaved
from eventstore.commands import Caller, CatalogueCommand, SaveCustomer, SaveInsight, SaveResourcePool
from eventstore.errors import Forbidden, Invalid, NotFound
from eventstore.model import CatalogueObject, Customer, Insight, ResourcePool
from handlers.rights import may_see

F = TypeVar("F", Customer, ResourcePool, Insight)


def decide_catalogue(command: CatalogueCommand, stored: CatalogueObject | None) -> CatalogueEvent:
    """The event that a command leads to; raises Rejected."""
    match command:
        case SaveCustomer(customer=customer):
            _check(command, customer, stored, titled=True)
            return CustomerSaved(customer=_stamped(command, customer))
        case SaveResourcePool(resource_pool=pool):
            _check(command, pool, stored, titled=False)
            return ResourcePoolSaved(resource_pool=_stamped(command, pool))
        case SaveInsight(insight=insight):
            _check(command, insight, stored, titled=True)
            return InsightSaved(insight=_stamped(command, _with_defaults(command, insight)))
        case _ as never:
            assert_never(never)


def _check(command: CatalogueCommand, said: CatalogueObject, stored: CatalogueObject | None, *, titled: bool) -> None:
    if command.must_exist:
        if stored is None or not may_see(stored, command.caller):
            raise NotFound(f"Unable to get object by id {said.id}")
    elif not (said.customer_id or "").strip():
        raise Invalid("The customerId field must be specified.")
    elif titled and not (said.title or "").strip():
        raise Invalid("The title field must be specified.")
    refuse_anothers(command.caller, said, stored)


def refuse_anothers(caller: Caller, said: CatalogueObject, stored: CatalogueObject | None) -> None:
    """Both what is said and what is stored must be the caller's; whose it is instead is told to who sees it anyway."""
    if said.customer_id is not None and not caller.may_touch(said.customer_id):
        raise Forbidden(f"You do not have permission to perform this action for customerId {said.customer_id}")
    # Tighter than POP: a POST that meets a stored object needs the right to that one too (design 5).
    if stored is not None and not caller.may_touch(stored.customer_id):
        whose = f"customerId {stored.customer_id}" if may_see(stored, caller) else f"id {said.id}"
        raise Forbidden(f"You do not have permission to perform this action for {whose}")


def _stamped(command: CatalogueCommand, said: F) -> F:
    added = said.added_time if command.must_exist else command.now
    return replace(said, added_time=added, updated_time=command.now)


def _with_defaults(command: CatalogueCommand, said: Insight) -> Insight:
    if said.allowed_customer_ids is not None:
        lowered = {customer.lower() for customer in said.allowed_customer_ids}
        said = replace(said, allowed_customer_ids=sorted(lowered))
    if command.must_exist:
        return said
    return replace(
        said,
        queue_size=0 if said.queue_size is None else said.queue_size,
        is_global=False if said.is_global is None else said.is_global,
    )

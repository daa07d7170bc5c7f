"""POST and PUT of customers, pools and Insights (spec 2.5); pause and resume of an Insight. Pure."""

from typing import TypeVar, assert_never

from msgspec.structs import replace

from eventstore.catalogue_events import (
    CatalogueEvent,
    CustomerSaved,
    InsightPaused,
    InsightResumed,
    InsightSaved,
    ResourcePoolSaved,
)
from eventstore.commands import (
    CatalogueCommand,
    PauseInsight,
    ResumeInsight,
    SaveCustomer,
    SaveInsight,
    SaveResourcePool,
)
from eventstore.errors import Forbidden, Invalid, NotFound
from eventstore.model import CatalogueObject, Customer, Insight, ResourcePool

F = TypeVar("F", Customer, ResourcePool, Insight)
Save = SaveCustomer | SaveResourcePool | SaveInsight


def decide_catalogue(command: CatalogueCommand, stored: CatalogueObject | None) -> CatalogueEvent | None:
    """The event that a command leads to, or None where it is already true; raises Rejected."""
    match command:
        case PauseInsight() | ResumeInsight():
            return _pause_or_resume(command, stored)
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


def _pause_or_resume(
    command: PauseInsight | ResumeInsight, stored: CatalogueObject | None
) -> InsightPaused | InsightResumed | None:
    if not isinstance(stored, Insight) or not command.caller.may_touch(stored.customer_id):
        raise NotFound(f"The Insight specified was not found or is not visible: {command.insight_id}")
    by, paused = command.caller.subject, stored.paused
    match command:
        case PauseInsight(insight_id=identity, why=why):
            if not why.strip():
                raise Invalid("The reason field must be specified.")
            if paused is not None and (paused.by, paused.why) == (by, why):
                return None
            return InsightPaused(insight_id=identity, by=by, why=why)
        case ResumeInsight(insight_id=identity, why=why):
            return None if paused is None else InsightResumed(insight_id=identity, by=by, why=why)


def _check(command: Save, said: CatalogueObject, stored: CatalogueObject | None, *, titled: bool) -> None:
    if command.must_exist:
        if stored is None:
            raise NotFound(f"Unable to get object by id {said.id}")
    elif not (said.customer_id or "").strip():
        raise Invalid("The customerId field must be specified.")
    elif titled and not (said.title or "").strip():
        raise Invalid("The title field must be specified.")
    # Tighter than POP: a POST that meets a stored object needs the right to that one too (design 5).
    for customer_id in (None if stored is None else stored.customer_id, said.customer_id):
        if customer_id is not None and not command.caller.may_touch(customer_id):
            raise Forbidden(f"You do not have permission to perform this action for customerId {customer_id}")


def _stamped(command: Save, said: F) -> F:
    added = said.added_time if command.must_exist else command.now
    return replace(said, added_time=added, updated_time=command.now)


def _with_defaults(command: Save, said: Insight) -> Insight:
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

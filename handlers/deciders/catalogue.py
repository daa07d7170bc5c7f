"""POST, PUT and DELETE of customers, pools, Insights and templates (spec 2.5); pause and resume of an Insight. Pure."""

from typing import TypeVar, assert_never

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
from eventstore.commands import (
    Caller,
    CatalogueCommand,
    DeleteCatalogueObject,
    PauseInsight,
    ResumeInsight,
    SaveAgendaTemplate,
    SaveCustomer,
    SaveInsight,
    SaveResourcePool,
)
from eventstore.errors import Conflict, Invalid, NotFound
from eventstore.model import AgendaTemplate, CatalogueObject, Customer, Insight, ResourcePool
from handlers.access.rights import demand, may_see, refused

F = TypeVar("F", Customer, ResourcePool, Insight, AgendaTemplate)
Save = SaveCustomer | SaveResourcePool | SaveInsight | SaveAgendaTemplate
Shared = TypeVar("Shared", Insight, AgendaTemplate)


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
            if not command.must_exist and insight.queue_size is None:
                insight = replace(insight, queue_size=0)
            return InsightSaved(insight=_stamped(command, _shared(command, insight)))
        case SaveAgendaTemplate(agenda_template=template):
            _check(command, template, stored, titled=False)
            if command.sealed_over != (None if stored is None else stored.customer_id):
                raise Conflict(
                    f"expected template {template.id} of {command.sealed_over}, but it changed hands: ask again"
                )
            if not command.must_exist and template.is_default_template is None:
                template = replace(template, is_default_template=False)
            return AgendaTemplateSaved(agenda_template=_stamped(command, _shared(command, template)))
        case DeleteCatalogueObject():
            return _delete(command, stored)
        case _ as never:
            assert_never(never)


def _delete(command: DeleteCatalogueObject, stored: CatalogueObject | None) -> CatalogueObjectDeleted | None:
    if stored is None or not may_see(stored, command.caller):
        return None
    demand(command.caller, stored.customer_id)
    return CatalogueObjectDeleted(kind=type(stored).__name__.lower(), id=stored.id or "")


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
        if stored is None or not may_see(stored, command.caller):
            raise NotFound(f"Unable to get object by id {said.id}")
    elif not (said.customer_id or "").strip():
        raise Invalid("The customerId field must be specified.")
    elif titled and not (said.title or "").strip():
        raise Invalid("The title field must be specified.")
    _refuse_anothers(command.caller, said, stored)


def _refuse_anothers(caller: Caller, said: CatalogueObject, stored: CatalogueObject | None) -> None:
    """Both what is said and what is stored must be the caller's; whose it is instead is told to who sees it anyway."""
    if said.customer_id is not None:
        demand(caller, said.customer_id)
    # Tighter than POP: a POST that meets a stored object needs the right to that one too (design 5).
    if stored is not None and not caller.may_touch(stored.customer_id):
        raise refused(f"customerId {stored.customer_id}" if may_see(stored, caller) else f"id {said.id}")


def _stamped(command: Save, said: F) -> F:
    added = said.added_time if command.must_exist else command.now
    return replace(said, added_time=added, updated_time=command.now)


def _shared(command: Save, said: Shared) -> Shared:
    """As POP's setters leave what others may see: allowed customers a sorted set in lower case (spec 1.2)."""
    if said.allowed_customer_ids is not None:
        lowered = {customer.lower() for customer in said.allowed_customer_ids}
        said = replace(said, allowed_customer_ids=sorted(lowered))
    if command.must_exist or said.is_global is not None:
        return said
    return replace(said, is_global=False)

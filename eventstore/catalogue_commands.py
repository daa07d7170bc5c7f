"""What someone wants of the catalogue. Pure."""

from eventstore.callers import Command
from eventstore.model import AgendaTemplate, Customer, Insight, ResourcePool


class SaveCustomer(Command, frozen=True, kw_only=True):
    """POST (creates or merges) or PUT (must exist) a customer."""

    customer: Customer
    must_exist: bool = False


class SaveResourcePool(Command, frozen=True, kw_only=True):
    """POST or PUT a resource pool."""

    resource_pool: ResourcePool
    must_exist: bool = False


class SaveInsight(Command, frozen=True, kw_only=True):
    """POST or PUT an Insight."""

    insight: Insight
    must_exist: bool = False


class SaveAgendaTemplate(Command, frozen=True, kw_only=True):
    """POST or PUT a template, its bodies sealed under the key of the customer that it then belongs to."""

    agenda_template: AgendaTemplate
    must_exist: bool = False
    #: whose template was stored when this was sealed; where it changes hands, what is stored is sealed anew
    sealed_over: str | None = None


class DeleteCatalogueObject(Command, frozen=True, kw_only=True):
    """Remove a customer, pool, Insight or template; the stream names it."""


class PauseInsight(Command, frozen=True, kw_only=True):
    """Hand out nothing of an Insight until it is resumed; the caller is who."""

    insight_id: str
    why: str


class ResumeInsight(Command, frozen=True, kw_only=True):
    """Hand out again."""

    insight_id: str
    why: str | None = None


CatalogueCommand = (
    SaveCustomer
    | SaveResourcePool
    | SaveInsight
    | SaveAgendaTemplate
    | DeleteCatalogueObject
    | PauseInsight
    | ResumeInsight
)

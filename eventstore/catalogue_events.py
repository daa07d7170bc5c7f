"""What can happen in the catalogue; registered, like all events, in eventstore.events. Pure."""

from eventstore.model import AgendaTemplate, Customer, Fact, Insight, ResourcePool


class CustomerSaved(Fact, frozen=True, kw_only=True):
    """A customer was put: the fields that were said."""

    customer: Customer


class ResourcePoolSaved(Fact, frozen=True, kw_only=True):
    """A resource pool was put: the fields that were said."""

    resource_pool: ResourcePool


class InsightSaved(Fact, frozen=True, kw_only=True):
    """An Insight was put: the fields that were said."""

    insight: Insight


class AgendaTemplateSaved(Fact, frozen=True, kw_only=True):
    """A template was put: the fields that were said."""

    agenda_template: AgendaTemplate


class CatalogueObjectDeleted(Fact, frozen=True, kw_only=True):
    """An object of the catalogue is gone; what names it stays as it is. Its stream says which it was."""

    #: `customer`, `resourcepool`, `insight` or `agendatemplate`
    kind: str
    id: str


class InsightPaused(Fact, frozen=True, kw_only=True):
    """An Insight hands out nothing from now on; what is ready keeps its place. Paused again: another reason."""

    insight_id: str
    by: str
    why: str


class InsightResumed(Fact, frozen=True, kw_only=True):
    """A paused Insight hands out again."""

    insight_id: str
    by: str
    why: str | None = None


CatalogueEvent = (
    CustomerSaved
    | ResourcePoolSaved
    | InsightSaved
    | AgendaTemplateSaved
    | CatalogueObjectDeleted
    | InsightPaused
    | InsightResumed
)

"""Which Insight an agenda is bound to: its customer's pool, and the first mapper that matches (spec 4.2). Pure."""

from collections.abc import Callable, Mapping, Sequence, Set

from eventstore.errors import Invalid, NotFound
from eventstore.model import AgendaTemplate, Insight
from handlers.wire.parsing import text_of
from handlers.wire.requests import OpenAgenda, OpenOperation
from projections.catalogue.catalogue import Catalogue

#: POP's words where no Insight takes an agenda.
NO_INSIGHT = "No available insights for processing agenda"


class NoCustomer(Invalid):
    """The agenda's customer is not there: answered inside the envelope (spec 4.2, 1)."""

    title = "ValidationException"


def bind(
    agenda: OpenAgenda,
    operations: Sequence[OpenOperation],
    catalogue: Catalogue,
    usable: Callable[[Insight], bool] = lambda _: True,
) -> Insight:
    """The Insight, of those that the agenda's customer may read and that are usable; raises NoCustomer, NotFound."""
    customer_id = agenda.customer_id or ""
    customer = catalogue.customer(customer_id)
    if customer is None or customer.customer_id != customer_id:
        raise NoCustomer(f"Customer not found for customerId {customer_id}")
    pool = customer.resource_pool_id
    insights = () if pool is None else catalogue.insights_of_pool(pool)
    # Once for all Insights: every submission looks at each of its pool.
    said = {
        "operationName": {operation.name.lower() for operation in operations if operation.name is not None},
        "operationType": {operation.type.lower() for operation in operations if operation.type is not None},
    }
    matches = [
        insight
        for insight in insights
        if may_read(insight, customer_id) and usable(insight) and _maps(insight, said, agenda, operations)
    ]
    if not matches:
        raise NotFound(NO_INSIGHT)
    wish = (agenda.params or {}).get("defaultInsight")
    if wish is None:
        return matches[0]
    wanted = text_of(wish).lower()
    named = (one for one in matches if wanted and wanted in ((one.title or "").lower(), (one.id or "").lower()))
    return next(named, matches[0])


def may_read(insight: Insight | AgendaTemplate, account: str) -> bool:
    """The GET rule for one account: global, its own, or allowed (spec 3.2)."""
    return (
        bool(insight.is_global)
        or insight.customer_id == account
        or account.lower() in (insight.allowed_customer_ids or ())
    )


def _maps(
    insight: Insight, said: Mapping[str, Set[str]], agenda: OpenAgenda, operations: Sequence[OpenOperation]
) -> bool:
    for name, values in (insight.mappers or {}).items():
        wanted = [value.lower() for value in values]
        if name in said:
            if not said[name].isdisjoint(wanted):
                return True
        elif name == "paramMap" and any(_has_param(value, agenda, operations) for value in wanted):
            return True
    return False


def _has_param(pair: str, agenda: OpenAgenda, operations: Sequence[OpenOperation]) -> bool:
    key, *rest = pair.split("=")
    if not key or not rest or not rest[0]:
        return False
    maps = [agenda.params or {}, *(operation.params or {} for operation in operations)]
    return any(
        value is not None and name.lower() == key and text_of(value).lower() == rest[0]
        for params in maps
        for name, value in params.items()
    )

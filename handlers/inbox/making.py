"""The inbox of a worker, made of what the composition root has; a file of its own because that one is long."""

from prometheus_client import CollectorRegistry

from handlers.endpoints.ask import Edge
from handlers.inbox.agent import Inbox
from handlers.inbox.delivery import Delivery, caller_of, carrying_out
from handlers.inbox.gauges import Gauges
from handlers.kafka import Connections
from handlers.settings import Settings
from projections.holdings import Holdings


def inbox_of(
    settings: Settings,
    connections: Connections,
    holdings: Holdings,
    edge: Edge,
    source: str,
    registry: CollectorRegistry,
) -> Inbox | None:
    """The agent; None where nobody may speak by topic."""
    if not settings.inbox_customers.strip():
        return None
    carry_out = carrying_out(edge, caller_of(settings.inbox_customers))
    return Inbox(
        source=connections.inbox,
        positions=connections.positions,
        log=connections.log,
        topics=connections.topics,
        held=lambda: (holdings.generation, frozenset(holdings.owned)),
        delivery=Delivery(carry_out, settings.inbox_concurrency, edge.partitions),
        limit=settings.body_bytes,
        name=source,
        gauges=Gauges(registry),
    )

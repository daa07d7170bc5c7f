"""Third: what watches the worker, for those who run it."""

import msgspec

from handlers.assembly.connected import Connected
from handlers.assembly.keeping import Keeping
from handlers.clock import now
from handlers.process.health import Health
from handlers.process.metrics import Metrics


class Watching(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this worker can do its work, and how much of it it does."""

    health: Health
    metrics: Metrics


def watching_of(connected: Connected, keeping: Keeping) -> Watching:
    """Both look at what is held; commands, timers and requests tell the metrics of themselves."""
    connections = connected.connections
    health = Health(
        holdings=keeping.holdings,
        group=keeping.group,
        tail=keeping.tail,
        log=connections.log,
        topics=connections.topics,
    )
    return Watching(health=health, metrics=Metrics(keeping.holdings, health, now))

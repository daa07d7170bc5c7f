"""First: connections to Kafka, and the internal listener, whose address is this worker's name to all others."""

from collections.abc import Callable

import msgspec

from handlers.endpoints.server import HopApi
from handlers.process.failpoints import failpoint
from handlers.process.kafka import Connections
from handlers.process.listener import HttpServer
from handlers.process.settings import Settings


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """What everything else is made on."""

    connections: Connections
    #: partition of `agendas` -> id of its log
    log_ids: dict[int, str]
    catalogue_id: str
    internal: HttpServer
    #: what answers there; it knows no path until the worker is whole
    hops_in: HopApi
    #: where other workers reach this one
    me: str
    #: `ce_source` of what this worker writes
    source: str
    failpoint: Callable[[str], None]


async def connected_of(settings: Settings) -> Connected:
    """Kafka, with its topics made and checked; the listener listens. Raises LogError, Unavailable, OSError."""
    point = failpoint(settings.failpoint)
    connections = Connections(settings, point)
    log_ids, catalogue_id = await connections.start()
    hops_in = HopApi()
    internal = HttpServer(hops_in, settings.internal_host, settings.internal_port)
    await internal.start()
    me = f"http://{settings.internal_host}:{internal.port}"
    return Connected(
        connections=connections,
        log_ids=log_ids,
        catalogue_id=catalogue_id,
        internal=internal,
        hops_in=hops_in,
        me=me,
        source=f"agendum/{me}",
        failpoint=point,
    )

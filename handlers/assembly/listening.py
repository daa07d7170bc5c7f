"""Last: the doors: POP's API and what operators ask, hops of other workers, the inbox."""

from collections.abc import Mapping

import aiohttp
import msgspec

from handlers.access.authorizing import identity_of, operators_only
from handlers.access.identity import Identity
from handlers.access.keys import Keys
from handlers.assembly.connected import Connected
from handlers.assembly.deciding import Deciding
from handlers.assembly.keeping import Keeping
from handlers.assembly.watching import Watching
from handlers.clock import draw
from handlers.documents.manual import documents
from handlers.edge.customers import Customers
from handlers.edge.edge import Edge
from handlers.endpoints.server import Plain, PublicApi
from handlers.inbox.agent import Inbox
from handlers.inbox.delivery import Delivery, caller_of, carrying_out
from handlers.inbox.gauges import Gauges
from handlers.process.listener import Handler, HttpServer
from handlers.process.settings import Settings
from handlers.routing.hop_routes import hop_routes
from handlers.routing.hops import hop_route
from handlers.routing.snapshots import OWNERS, answered
from handlers.wire.responses import Opener
from projections.table.holdings import Holdings


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where others speak to this worker."""

    public: HttpServer
    #: None: nobody is told by a signature
    keys: Keys | None
    #: None: nobody may speak by topic
    inbox: Inbox | None


def listening_of(
    settings: Settings,
    connected: Connected,
    keeping: Keeping,
    watching: Watching,
    deciding: Deciding,
    session: aiohttp.ClientSession,
) -> Listening:
    """The public listener, which does not listen yet; hops are answered from here on. `session` fetches key sets."""
    edge = _edge(settings, connected, keeping, deciding)
    identity, keys = identity_of(settings, session, watching.metrics.key_set)
    connected.hops_in.routes = _hops_in(settings, keeping, deciding)
    plain = _plain(settings, connected, watching)
    guarded = _guarded(settings, keeping, identity, plain)
    public = PublicApi(edge, identity, watching.metrics, plain, settings.body_bytes, guarded, settings.base_path)
    return Listening(
        public=HttpServer(public, settings.host, settings.port, body_bytes=settings.body_bytes),
        keys=keys,
        inbox=_inbox(settings, connected, keeping.holdings, watching, edge),
    )


def _edge(settings: Settings, connected: Connected, keeping: Keeping, deciding: Deciding) -> Edge:
    return Edge(
        gateway=deciding.router,
        tail=keeping.tail,
        cipher=deciding.cipher,
        opener=Opener(deciding.cipher),
        draw=draw,
        partitions=connected.connections.topics.partitions,
        poll=settings.poll,
        # An unchanged report is an event only now and then, and well before silence would mean something (design 4.8).
        quiet_ms=settings.reclaim_ms // 5,
        customers=Customers(),
        timers=deciding.everywhere,
    )


def _hops_in(settings: Settings, keeping: Keeping, deciding: Deciding) -> Mapping[str, Handler]:
    return hop_routes(
        secret=settings.secret,
        path=deciding.path,
        router=deciding.router,
        board=keeping.board,
        owners=deciding.owners,
        schedulers=deciding.schedulers,
        everywhere=deciding.everywhere,
        holdings=keeping.holdings,
    )


def _plain(settings: Settings, connected: Connected, watching: Watching) -> dict[str, Plain]:
    return {
        "/healthz": watching.health.alive,
        "/readyz": watching.health.ready,
        **documents(connected.connections.topics, settings.base_path),
        "/metrics": lambda: (200, watching.metrics.text(), "text/plain; version=0.0.4"),
    }


def _guarded(
    settings: Settings, keeping: Keeping, identity: Identity, plain: Mapping[str, Plain]
) -> dict[str, Handler]:
    guarded = dict([hop_route(OWNERS, settings.secret, answered(keeping.group.owners))])
    if settings.auth != "sample":
        guarded["/metrics"] = operators_only(identity, plain["/metrics"])
    return guarded


def _inbox(
    settings: Settings, connected: Connected, holdings: Holdings, watching: Watching, edge: Edge
) -> Inbox | None:
    if not settings.inbox_customers.strip():
        return None
    connections, carry_out = connected.connections, carrying_out(edge, caller_of(settings.inbox_customers))
    return Inbox(
        source=connections.inbox,
        positions=connections.positions,
        log=connections.log,
        topics=connections.topics,
        held=lambda: (holdings.generation, frozenset(holdings.owned)),
        delivery=Delivery(carry_out, settings.inbox_concurrency, edge.partitions),
        limit=settings.body_bytes,
        name=connected.source,
        gauges=Gauges(watching.metrics.registry),
    )

"""The composition root: constructs a worker and returns it; the only place that builds things."""

import aiohttp

from eventstore.reading import CATALOGUE_EVENTS, RUN_EVENTS, Classifier
from eventstore.sealing import PlainCipher
from handlers.authorizing import identity_of, operators_only
from handlers.catalogue_commands import CataloguePath
from handlers.clock import draw, jitter, now
from handlers.commands import CommandPath
from handlers.endpoints.ask import Edge
from handlers.failpoints import failpoint
from handlers.health import Health
from handlers.hop_routes import hop_routes
from handlers.hops import Hops, hop_route
from handlers.inbox.making import inbox_of
from handlers.kafka import Connections
from handlers.manual import documents
from handlers.metrics import Metrics
from handlers.owners import LiveOwners
from handlers.routing import Router
from handlers.scheduling.board import Board
from handlers.scheduling.schedulers import Schedulers
from handlers.server import HopApi, HttpServer, PublicApi
from handlers.settings import Settings
from handlers.snapshots import OWNERS, answered
from handlers.timers.everywhere import Everywhere
from handlers.timers.loop import Patience, Timers
from handlers.timers.reaper import Reaper
from handlers.wire.responses import Opener
from handlers.worker import Worker
from projections.ages import Ages
from projections.catalogue import Catalogue
from projections.catalogue_file import CatalogueFile
from projections.catalogue_tail import CatalogueTail
from projections.feed import Feed
from projections.group import Group, GroupSettings
from projections.holdings import Holdings
from projections.ownership import Lease
from projections.partition import Partition
from projections.ready import ReadyLine
from projections.restore import Restore
from projections.store import Store

#: An owner that listens again gives executors, which report every 5 s, this long (ms).
GRACE_MS = 30_000
#: What a trickle of events waits for company on its way to changelog and disk (s).
FLIGHT_PAUSE = 0.2


async def build(settings: Settings) -> Worker:
    """A worker that is connected and listens, and has not joined its group yet. Raises LogError, Unavailable."""
    point = failpoint(settings.failpoint)
    connections = Connections(settings, point)
    log_ids, catalogue_id = await connections.start()
    topics, log = connections.topics, connections.log
    hop_server = HttpServer(lambda asked: hops_in(asked), settings.internal_host, settings.internal_port)  # noqa: PLW0108  # not there yet
    await hop_server.start()
    me = f"http://{settings.internal_host}:{hop_server.port}"
    source = f"agendum/{me}"

    lease = Lease(min(settings.session, settings.rebalance))
    group = Group(
        GroupSettings(
            bootstrap=settings.kafka,
            topics=topics,
            url=me,
            data=settings.data,
            session=settings.session,
            heartbeat=settings.heartbeat,
            rebalance=settings.rebalance,
        ),
        lease,
    )
    board = Board(lambda: [part for part in holdings.owned.values() if part.caught_up and lease.holds()])
    classify = Classifier(topics.partitions, settings.poisonous, RUN_EVENTS)

    def born(number: int, store: Store, offset: int) -> Partition:
        return Partition(number, store, classify, ReadyLine(draw(), board.changed), offset)

    holdings = Holdings(
        log=log,
        topic=topics.agendas.name,
        log_ids=log_ids,
        table=group.table,
        lease=lease,
        feed=Feed(connections.agendas),
        restore=Restore(log, topics.changelog.name, connections.rows),
        changelog=connections.changelog,
        born=born,
        failpoint=point,
        pause=FLIGHT_PAUSE,
    )
    catalogue = Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS))
    catalogue_file = CatalogueFile(settings.data, catalogue, catalogue_id, point)
    end = (await log.ends(topics.catalogue.name))[0]
    catalogue_file.restore(end)
    tail = CatalogueTail(catalogue, log, topics.catalogue.name, connections.catalogue, end)
    health = Health(holdings=holdings, group=group, tail=tail, log=log, topics=topics)
    metrics = Metrics(holdings, health, now)
    path = CommandPath(
        owner=holdings.owner,
        partitions=topics.partitions,
        log=log,
        topic=topics.agendas.name,
        source=source,
        now=now,
        observe=metrics.command,
    )
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60))
    hops = Hops(session, settings.secret)
    owners = LiveOwners(
        me=me,
        owners=group.owners,
        partitions=topics.partitions,
        board=board,
        path=path,
        hops=hops,
        command=lambda command: router.command(command),  # noqa: PLW0108  # not there yet
    )
    schedulers = Schedulers(
        catalogue=catalogue,
        owners=owners,
        now=now,
        draw=draw,
        patience_ms=settings.patience_ms,
        prompt_patience_ms=min(settings.prompt_patience_ms, settings.patience_ms),
    )
    router = Router(
        me=me,
        owners=group.owners,
        holdings=holdings,
        path=path,
        catalogue=CataloguePath(tail=tail, log=log, topic=topics.catalogue.name, source=source, now=now, jitter=jitter),
        schedulers=schedulers,
        hops=hops,
        partitions=topics.partitions,
        hold=settings.hold,
    )
    cipher = PlainCipher(settings.sealing_secret.encode())
    timers = Timers(
        owned=lambda: [part for number in [*holdings.owned] if (part := holdings.owner(number)) is not None],
        command=path.decide,
        now=now,
        draw=draw,
        patience=Patience(
            grace=min(GRACE_MS, settings.patience_ms),
            reclaim=settings.reclaim_ms,
            backoff=settings.retry_ms,
            reap_every=settings.reap_every_ms,
        ),
        cipher=cipher,
        reaper=_reaper(settings),
        dry=settings.dry_run,
        observe=metrics.timed,
    )
    everywhere = Everywhere(me=me, owners=group.owners, hops=hops, timers=timers)
    edge = Edge(
        gateway=router,
        tail=tail,
        cipher=cipher,
        opener=Opener(cipher),
        draw=draw,
        partitions=topics.partitions,
        poll=settings.poll,
        # An unchanged report is an event only now and then, and well before silence would mean something (design 4.8).
        quiet_ms=settings.reclaim_ms // 5,
        customers={},
        timers=everywhere,
    )
    hops_in = HopApi(
        hop_routes(
            secret=settings.secret,
            path=path,
            router=router,
            board=board,
            owners=owners,
            schedulers=schedulers,
            everywhere=everywhere,
            holdings=holdings,
        )
    )
    plain = {
        "/healthz": health.alive,
        "/readyz": health.ready,
        **documents(topics, settings.base_path),
        "/metrics": lambda: (200, metrics.text(), "text/plain; version=0.0.4"),
    }
    identity, keys = identity_of(settings, session, metrics.key_set)
    guarded = dict([hop_route(OWNERS, settings.secret, answered(group.owners))])
    if settings.auth != "sample":
        guarded["/metrics"] = operators_only(identity, plain["/metrics"])
    public = PublicApi(edge, identity, metrics, plain, settings.body_bytes, guarded, settings.base_path)
    return Worker(
        connections=connections,
        group=group,
        holdings=holdings,
        tail=tail,
        catalogue_file=catalogue_file,
        timers=timers,
        keys=keys,
        inbox=inbox_of(settings, connections, holdings, edge, source, metrics.registry),
        schedulers=schedulers,
        router=router,
        path=path,
        health=health,
        public=HttpServer(public, settings.host, settings.port, body_bytes=settings.body_bytes),
        internal=hop_server,
        session=session,
    )


def _reaper(settings: Settings) -> Reaper:
    ages = Ages(
        agenda=settings.reap_agenda_ms or None,
        progress=settings.reap_progress_ms or None,
        operation=settings.reap_operation_ms or None,
    )
    return Reaper(ages, settings.reap_trace_ms, draw)

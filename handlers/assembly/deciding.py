"""Fourth: what decides: the command path, who is next in each queue, the ways between workers, the timed processes."""

import aiohttp
import msgspec

from eventstore.sealing import Cipher, PlainCipher
from handlers.assembly.connected import Connected
from handlers.assembly.keeping import Keeping
from handlers.assembly.watching import Watching
from handlers.clock import draw, jitter, now
from handlers.command_path.catalogue import CataloguePath
from handlers.command_path.runs import CommandPath
from handlers.process.metrics import Metrics
from handlers.process.settings import Settings
from handlers.routing.directory import Directory
from handlers.routing.everywhere import Everywhere
from handlers.routing.hops import Hops
from handlers.routing.owners import LiveOwners
from handlers.routing.router import Router
from handlers.scheduling.schedulers import Schedulers
from handlers.timers.loop import Patience, Timers
from handlers.timers.reaper import Reaper
from projections.queries.ages import Ages
from projections.table.holdings import Holdings

#: An owner that listens again gives executors, which report every 5 s, this long (ms).
GRACE_MS = 30_000


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about what someone wants, and about what is due."""

    path: CommandPath
    owners: LiveOwners
    schedulers: Schedulers
    router: Router
    timers: Timers
    everywhere: Everywhere
    cipher: Cipher


def deciding_of(
    settings: Settings, connected: Connected, keeping: Keeping, watching: Watching, session: aiohttp.ClientSession
) -> Deciding:
    """Nothing of it acts before the worker runs; `session` carries its hops to other workers."""
    metrics, cipher = watching.metrics, PlainCipher(settings.sealing_secret.encode())
    path = _path(connected, keeping.holdings, metrics)
    hops = Hops(session, settings.secret)
    owners, schedulers, router = _ways(settings, connected, keeping, path, hops)
    timers = _timers(settings, keeping.holdings, path, cipher, metrics)
    return Deciding(
        path=path,
        owners=owners,
        schedulers=schedulers,
        router=router,
        timers=timers,
        everywhere=Everywhere(me=connected.me, owners=keeping.group.owners, hops=hops, timers=timers),
        cipher=cipher,
    )


def _path(connected: Connected, holdings: Holdings, metrics: Metrics) -> CommandPath:
    topics = connected.connections.topics
    return CommandPath(
        owner=holdings.owner,
        partitions=topics.partitions,
        log=connected.connections.log,
        topic=topics.agendas.name,
        source=connected.source,
        now=now,
        observe=metrics.command,
    )


def _ways(
    settings: Settings, connected: Connected, keeping: Keeping, path: CommandPath, hops: Hops
) -> tuple[LiveOwners, Schedulers, Router]:
    """Schedulers reach owners, the router reaches schedulers, and a dispatch is returned to its owner by the router."""
    me, partitions = connected.me, connected.connections.topics.partitions
    owners = LiveOwners(
        me=me,
        owners=keeping.group.owners,
        partitions=partitions,
        board=keeping.board,
        path=path,
        hops=hops,
        command=lambda command: router.command(command),  # noqa: PLW0108  # not there yet
    )
    schedulers = Schedulers(
        catalogue=keeping.tail.catalogue,
        owners=owners,
        now=now,
        draw=draw,
        patience_ms=settings.patience_ms,
        prompt_patience_ms=min(settings.prompt_patience_ms, settings.patience_ms),
    )
    router = Router(
        Directory(me=me, owners=keeping.group.owners, holdings=keeping.holdings, hops=hops, partitions=partitions),
        path=path,
        catalogue=_catalogue_path(connected, keeping),
        schedulers=schedulers,
        hold=settings.hold,
    )
    return owners, schedulers, router


def _catalogue_path(connected: Connected, keeping: Keeping) -> CataloguePath:
    return CataloguePath(
        tail=keeping.tail,
        log=connected.connections.log,
        topic=connected.connections.topics.catalogue.name,
        source=connected.source,
        now=now,
        jitter=jitter,
    )


def _timers(settings: Settings, holdings: Holdings, path: CommandPath, cipher: Cipher, metrics: Metrics) -> Timers:
    return Timers(
        owned=lambda: [part for number in [*holdings.owned] if (part := holdings.owner(number)) is not None],
        command=path.decide,
        now=now,
        draw=draw,
        patience=Patience(
            grace=min(GRACE_MS, settings.patience_ms),
            reclaim=settings.reclaim_ms,
            backoff=settings.retry_ms,
            every=settings.timers_every_ms,
            reap_every=settings.reap_every_ms,
        ),
        cipher=cipher,
        reaper=_reaper(settings),
        dry=settings.dry_run,
        observe=metrics.timed,
    )


def _reaper(settings: Settings) -> Reaper:
    ages = Ages(
        agenda=settings.reap_agenda_ms or None,
        progress=settings.reap_progress_ms or None,
        operation=settings.reap_operation_ms or None,
    )
    return Reaper(ages, settings.reap_trace_ms, draw)

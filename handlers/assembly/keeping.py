"""Second: what keeps the views of the log here: the group and its lease, the partitions held, the catalogue."""

import msgspec

from eventstore.reading import CATALOGUE_EVENTS, RUN_EVENTS, Classifier
from handlers.assembly.connected import Connected
from handlers.clock import draw
from handlers.process.settings import Settings
from handlers.scheduling.board import Board
from projections.catalogue.catalogue import Catalogue
from projections.catalogue.file import CatalogueFile
from projections.catalogue.tail import CatalogueTail
from projections.group.group import Group
from projections.group.membership import GroupSettings
from projections.partition import Partition
from projections.queues.ready import ReadyLine
from projections.store import Store
from projections.table.feed import Feed
from projections.table.holdings import Holdings
from projections.table.ownership import Lease
from projections.table.restore import Restore

#: What a trickle of events waits for company on its way to changelog and disk (s): what a worker that is killed leaves
#: to be folded again, and standbys learn later. With 32 clients a submission cost an eighth more CPU at 0.2 s.
FLIGHT_PAUSE = 0.5


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """What is true now, as far as this worker holds it."""

    group: Group
    holdings: Holdings
    #: what is ready in the partitions held, for schedulers anywhere
    board: Board
    tail: CatalogueTail
    catalogue_file: CatalogueFile


async def keeping_of(settings: Settings, connected: Connected) -> Keeping:
    """The catalogue as it was when this worker left it, and no partition yet. Raises Unavailable."""
    lease = Lease(min(settings.session, settings.rebalance))
    group = _group(settings, connected, lease)
    board = Board(lambda: [part for part in holdings.owned.values() if part.caught_up and lease.holds()])
    holdings = _holdings(settings, connected, group, lease, board)
    file, tail = await _catalogue(settings, connected)
    return Keeping(group=group, holdings=holdings, board=board, tail=tail, catalogue_file=file)


def _group(settings: Settings, connected: Connected, lease: Lease) -> Group:
    return Group(
        GroupSettings(
            bootstrap=settings.kafka,
            topics=connected.connections.topics,
            url=connected.me,
            data=settings.data,
            session=settings.session,
            heartbeat=settings.heartbeat,
            rebalance=settings.rebalance,
        ),
        lease,
    )


def _holdings(settings: Settings, connected: Connected, group: Group, lease: Lease, board: Board) -> Holdings:
    connections = connected.connections
    log, topics = connections.log, connections.topics
    classify = Classifier(topics.partitions, settings.poisonous, RUN_EVENTS)

    def born(number: int, store: Store, offset: int) -> Partition:
        return Partition(number, store, classify, ReadyLine(draw(), board.changed), offset)

    return Holdings(
        log=log,
        topic=topics.agendas.name,
        log_ids=connected.log_ids,
        table=group.table,
        lease=lease,
        feed=Feed(connections.agendas),
        restore=Restore(log, topics.changelog.name, connections.rows),
        changelog=connections.changelog,
        born=born,
        failpoint=connected.failpoint,
        pause=FLIGHT_PAUSE,
    )


async def _catalogue(settings: Settings, connected: Connected) -> tuple[CatalogueFile, CatalogueTail]:
    connections = connected.connections
    log, topic = connections.log, connections.topics.catalogue.name
    catalogue = Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS))
    file = CatalogueFile(settings.data, catalogue, connected.catalogue_id, connected.failpoint)
    end = (await log.ends(topic))[0]
    file.restore(end)
    return file, CatalogueTail(catalogue, log, topic, connections.catalogue, end)

"""Everything that a worker keeps open to Kafka: made, opened, started and stopped together."""

from collections.abc import Callable

from eventstore.kafka.admin import make_topics, open_log
from eventstore.kafka.log import KafkaChangelog, KafkaLog
from eventstore.kafka.positions import Positions
from eventstore.kafka.sieve import Sieve
from eventstore.kafka.tail import Tail
from eventstore.log import NewRecord
from eventstore.topics import Topics
from handlers.clock import draw_uuid
from handlers.process.settings import Settings
from projections.rows import APPLIED


def topics_of(settings: Settings) -> Topics:
    """The topics as these settings want them."""
    return Topics(
        settings.prefix,
        settings.partitions,
        {
            "min.compaction.lag.ms": str(settings.compaction_lag_ms),
            "segment.ms": str(settings.segment_ms),
        },
    )


class Connections:
    """The log, the changelog, and the tails that follow them."""

    def __init__(self, settings: Settings, failpoint: Callable[[str], None] = lambda _: None) -> None:
        self._settings = settings
        self.topics = topics_of(settings)
        bootstrap, topics = settings.kafka, self.topics

        def buffered(rows: list[NewRecord]) -> None:
            failpoint("buffered" if rows[-1].key == APPLIED else "buffered_part")

        def decided(topic: str) -> None:
            if topic == topics.agendas.name:
                failpoint("decided")

        self.log = KafkaLog(bootstrap, {topic.name: topic.partitions for topic in topics.all()}, decided)
        self.changelog = KafkaChangelog(self.log, bootstrap, topics.changelog.name, buffered)
        # Nearly all that is written there is this worker's own, and folded when it is acknowledged: see
        # projections.table.feed.
        self.agendas = Sieve(bootstrap, topics.agendas.name, hurried=False)
        self.rows = Sieve(bootstrap, topics.changelog.name)
        self.catalogue = Sieve(bootstrap, topics.catalogue.name)
        self.inbox = Sieve(bootstrap, topics.inbox.name)
        self.positions = Positions(bootstrap, topics.inbox.name, topics.inbox.name, topics.partitions)
        self._used: list[Tail | Positions] = [self.agendas, self.rows, self.catalogue]
        self._made = [*self._used, self.inbox, self.positions]
        if settings.inbox_customers.strip():
            self._used = self._made

    async def start(self) -> tuple[dict[int, str], str]:
        """Make and check the topics, open the logs; ids of those in `agendas`, and of the catalogue's.

        Raises LogError, Unavailable.
        """
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> tuple[dict[int, str], str]:
        settings, topics = self._settings, self.topics
        await make_topics(settings.kafka, topics.all(), settings.replication)
        await self.log.start()
        catalogue = await open_log(self.log, topics.catalogue, iter(draw_uuid, None))
        ids = await open_log(self.log, topics.agendas, iter(draw_uuid, None))
        await self.changelog.producer.start()
        for consumer in self._used:
            await consumer.start()
        return ids, catalogue[0]

    async def stop(self) -> None:
        """Disconnect, within bounds."""
        for consumer in self._made:  # the client complains of one that was never started as well
            await consumer.stop()
        await self.changelog.producer.stop()
        await self.log.stop()

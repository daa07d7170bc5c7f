"""One process that folds a topic, or restores it, and says how long that took: the real holdings, without HTTP."""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

import uvloop

from eventstore.kafka.log import KafkaChangelog, KafkaLog
from eventstore.kafka.sieve import Sieve
from eventstore.reading import RUN_EVENTS, Classifier
from eventstore.topics import Topics
from handlers.assembly.keeping import FLIGHT_PAUSE
from handlers.process.collector import calm_collector
from projections.group.group import Group
from projections.group.membership import GroupSettings
from projections.partition import Partition
from projections.queues.ready import ReadyLine
from projections.table.feed import Feed
from projections.table.holdings import Holdings
from projections.table.ownership import Lease
from projections.table.restore import Restore
from tests.benchmarks.clocks import Moment, now, passed


async def main(bootstrap: str, prefix: str, data: str, log_ids: str) -> None:
    topics = Topics(prefix)
    log = KafkaLog(bootstrap, {topic.name: topic.partitions for topic in topics.all()})
    changelog = KafkaChangelog(log, bootstrap, topics.changelog.name)
    source, rows = Sieve(bootstrap, topics.agendas.name), Sieve(bootstrap, topics.changelog.name)
    for each in (log, changelog.producer, source, rows):
        await each.start()
    lease, classify = Lease(30.0), Classifier(topics.partitions, (), RUN_EVENTS)
    settings = GroupSettings(
        bootstrap=bootstrap, topics=topics, url="http://127.0.0.1:1", data=Path(data), session=10, standbys=0
    )
    group = Group(settings, lease)
    restore = Restore(log, topics.changelog.name, rows)
    holdings = Holdings(
        log=log,
        topic=topics.agendas.name,
        log_ids={int(number): identity for number, identity in json.loads(log_ids).items()},
        table=group.table,
        lease=lease,
        feed=Feed(source),
        restore=restore,
        changelog=changelog,
        born=lambda number, store, at: Partition(number, store, classify, ReadyLine("bench"), at),
        pause=FLIGHT_PAUSE,
    )
    began: dict[str, Moment] = {}
    hold = holdings.hold

    async def timed(actives: set[int], standbys: set[int]) -> None:
        began["restore"] = now()
        await hold(actives, standbys)

    take_over = holdings._take_over

    def noted(number: int, end: int) -> None:
        began.setdefault("fold", now())
        take_over(number, end)

    holdings.hold, holdings._take_over = timed, noted  # type: ignore[method-assign]
    calm_collector()  # as `agendum serve` does
    joining = time.perf_counter()
    await group.start(holdings)
    while not (holdings.ready() and all(writer.idle for writer in holdings.writers.values())):  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    found = {
        "start_s": time.perf_counter() - joining,
        **passed("restore", began["restore"], began["fold"]),
        **passed("fold", began["fold"]),
        "restored": restore.rows,
        "written": sum(writer.rows for writer in holdings.writers.values()),
        "cpu_s": time.process_time(),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    while not all(map(holdings.is_indexed, holdings.owned)):  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    found["lists_s"] = time.perf_counter() - joining
    print(json.dumps(found), flush=True)
    await group.stop()


if __name__ == "__main__":
    if len(sys.argv) > 5:
        import cProfile

        with cProfile.Profile() as profile:
            asyncio.run(main(*sys.argv[1:5]))
        profile.print_stats("tottime")
    else:
        uvloop.run(main(*sys.argv[1:]))

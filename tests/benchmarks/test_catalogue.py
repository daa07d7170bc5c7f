"""From start to ready of the catalogue: 20,000 objects (AGENDUM_BENCH_CATALOGUE), saved once, and five times each."""

import asyncio
import os
import statistics
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from eventstore.catalogue_events import InsightSaved
from eventstore.codec import encode
from eventstore.envelope import Envelope, link_of
from eventstore.events import TYPES
from eventstore.kafka.admin import make_topics, open_log
from eventstore.kafka.log import KafkaLog
from eventstore.kafka.sieve import Sieve
from eventstore.log import NewRecord
from eventstore.model import Insight
from eventstore.reading import CATALOGUE_EVENTS, Classifier
from eventstore.topics import Topics
from handlers.clock import draw_uuid
from projections.catalogue.catalogue import Catalogue
from projections.catalogue.file import NAME, CatalogueFile
from projections.catalogue.tail import CatalogueTail
from tests.conftest import Broker

pytestmark = pytest.mark.benchmark
OBJECTS = int(os.environ.get("AGENDUM_BENCH_CATALOGUE", "20000"))
NOW = 1_700_000_000_000
TIMES = 5


def saved(number: int, version: int, prev: str | None) -> NewRecord:
    insight = Insight(
        id=f"insight-{number}",
        customer_id=f"customer-{number % 200}",
        title=f"encoders {version}",
        added_time=NOW,
        updated_time=NOW + version,
        resource_pool_id=f"pool-{number % 200}",
        queue_name=f"queue-{number % 50}",
        mappers={"operationType": ["encode", "check"]},
        allowed_customer_ids=["a", "b"],
        is_global=False,
    )
    event, stream = InsightSaved(insight=insight), f"insight/insight-{number}"
    envelope = Envelope(
        id=f"e{number}-{version}", type=TYPES[InsightSaved], source="bench", time=NOW, version=version, prev=prev
    )
    return NewRecord(stream.encode(), *encode(envelope, event))


async def fill(log: KafkaLog, topic: str, versions: range, links: list[str | None]) -> None:
    """A version after another of every object."""
    for version in versions:
        batch = [saved(number, version, links[number]) for number in range(OBJECTS)]
        links[:] = [link_of(record.key, record.headers, record.value or b"") for record in batch]
        for start in range(0, OBJECTS, 500):
            await log.producer.append_batch(topic, 0, batch[start : start + 500])


class Start:
    """One start of the tail, until it has caught up."""

    def __init__(self, bootstrap: str, log: KafkaLog, topic: str, log_id: str, folder: Path) -> None:
        self.source = Sieve(bootstrap, topic)
        self.catalogue = Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS))
        self.file = CatalogueFile(folder, self.catalogue, log_id)
        self.log, self.topic = log, topic

    async def seconds(self) -> tuple[float, float]:
        """Until it is ready, and of the CPU; the client is connected before."""
        await self.source.start()
        began, worked = time.perf_counter(), time.process_time()
        end = (await self.log.ends(self.topic))[0]
        self.file.restore(end)
        tail = CatalogueTail(self.catalogue, self.log, self.topic, self.source, end)
        running = asyncio.create_task(tail.run())
        await tail.catch_up()
        found = time.perf_counter() - began, time.process_time() - worked
        running.cancel()
        await self.source.stop()
        return found


async def stall(work: Coroutine[Any, Any, None]) -> tuple[float, float]:
    """Seconds of some work, and the longest that the loop waited for its turn meanwhile."""
    longest, began = 0.0, time.perf_counter()
    saving = asyncio.create_task(work)
    while not saving.done():
        before = time.perf_counter()
        await asyncio.sleep(0)
        longest = max(longest, time.perf_counter() - before)
    return time.perf_counter() - began, longest


async def test_catalogue(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    topics = Topics(prefix)
    topic = topics.catalogue.name
    await make_topics(kafka.bootstrap, topics.all(), 1)
    log = KafkaLog(kafka.bootstrap, {each.name: each.partitions for each in topics.all()})
    await log.start()
    log_id = (await open_log(log, topics.catalogue, iter(draw_uuid, None)))[0]
    links: list[str | None] = [None] * OBJECTS
    try:
        for versions in (range(1, 2), range(2, 6)):
            await fill(log, topic, versions, links)
            keeping = Start(kafka.bootstrap, log, topic, log_id, tmp_path / f"kept-{versions.stop}")
            await keeping.seconds()
            await keeping.file.save()
            whole, kept, saves, pauses = [], [], [], []
            for _ in range(TIMES):
                saves.append(await stall(CatalogueFile(tmp_path / "again", keeping.catalogue, log_id).save()))
                pauses.append(await stall(asyncio.sleep(saves[-1][0])))
                whole.append(await Start(kafka.bootstrap, log, topic, log_id, tmp_path / "none").seconds())
                behind = Start(kafka.bootstrap, log, topic, log_id, tmp_path / f"kept-{versions.stop}")
                kept.append(await behind.seconds())
                assert behind.catalogue.items() == keeping.catalogue.items()
            size = (tmp_path / f"kept-{versions.stop}" / NAME).stat().st_size
            (wall, cpu), (wall_kept, cpu_kept), (lasted, waited), (_, idle) = (
                [statistics.median(each) for each in zip(*found, strict=True)] for found in (whole, kept, saves, pauses)
            )
            print(
                f"\n{OBJECTS} objects, {behind.catalogue.next} records: whole {wall:.2f} s ({cpu:.2f} s CPU), "
                f"behind a snapshot of {size / 1e6:.1f} MB {wall_kept:.3f} s ({cpu_kept:.3f} s CPU): "
                f"{wall / wall_kept:.1f} times as fast ({cpu / cpu_kept:.1f} by CPU); "
                f"saved in {lasted:.3f} s, the loop waited {waited * 1e3:.1f} ms at most, {idle * 1e3:.1f} ms without"
            )
    finally:
        await log.stop()

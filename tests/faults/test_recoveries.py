"""Recoveries one by one, on the real broker: each ends with rows that are the referee's, byte for byte."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from eventstore.envelope import Envelope, write_headers
from eventstore.ids import partition_of
from eventstore.kafka.admin import make_topics
from eventstore.kafka.log import KafkaLog
from eventstore.log import NewRecord
from tests.conftest import Broker
from tests.faults.judge import rows_on_disk, whole_log, whole_topic
from tests.faults.world import UNBROKEN, P, World, world
from tests.integration.commands import agendum

pytestmark = pytest.mark.kafka


async def test_a_recreated_changelog_is_made_good_from_the_log_and_a_recreated_log_is_refused(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    async with world(kafka, prefix, tmp_path, "A", **UNBROKEN) as where:
        [worker] = where.workers
        await where.life(worker, agendas=8)
        await where.recreate(where.topics.changelog.name)
        await where.life(worker, agendas=2)

        assert "changelog ends at 0, before position" in worker.log.read_text()
        assert await where.flaws(worker) == []
        before = rows_on_disk(worker.data)
        worker.wipe()
        await where.life(worker)  # from the new changelog alone
        assert rows_on_disk(worker.data) == before

        await where.recreate(where.topics.agendas.name)
        worker.start()
        await asyncio.to_thread(worker.join)
        said = " ".join(worker.log.read_text().split())
        assert "this worker must leave" in said
        assert re.search(
            r"expected rows of partition \d folded from log \S+, found log \S+: the topic was recreated", said
        )
        assert rows_on_disk(worker.data) == before, "nothing was changed by looking"


@pytest.mark.parametrize("names", [pytest.param("A", marks=pytest.mark.faults), "AB"])  # for its length
async def test_a_changelog_that_is_recreated_under_its_workers_is_made_good_from_the_log(
    kafka: Broker, prefix: str, tmp_path: Path, names: str
) -> None:
    """An owner is told by its first flight into the new one, a standby by its place, which is not there any more."""
    async with world(kafka, prefix, tmp_path, *names, **UNBROKEN) as where:
        for worker in where.workers:
            worker.start()
        await where.until(lambda: _shared(where), "all to own a part")
        await where.work(where.workers[0])
        for worker in where.workers:
            await where.warm(worker)
        await where.recreate(where.topics.changelog.name)
        await make_topics(where.bootstrap, where.topics.all(), 1)
        runs = await where.runs()

        async def rebuilt() -> bool:
            await where.touch(where.workers[0], runs)
            return all("partition is rebuilt" in worker.log.read_text() for worker in where.workers)

        await where.until(rebuilt, "all to find another changelog")
        for worker in where.workers:
            await where.warm(worker)
        await where.end(*where.workers)

        for worker in where.workers:
            assert await where.flaws(worker) == []
        [worker, *_] = where.workers
        worker.wipe()
        worker.start()
        await where.owns(worker)
        assert (await where.metrics(worker))["agendum_rebuilds_total"] == 0, "the new changelog is whole"
        await where.end(worker)
        assert await where.flaws(worker) == []


async def test_a_log_that_is_recreated_under_a_worker_makes_it_leave(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    """What it shows and decides on is of a log that is no more; nothing of it is written into the new one."""
    async with world(kafka, prefix, tmp_path, "A", **UNBROKEN) as where:
        [worker] = where.workers
        for topic in (where.topics.catalogue, where.topics.agendas):
            worker.start()
            await where.work(worker, 4)
            await where.owns(worker)
            before = len(worker.log.read_text())
            await where.recreate(topic.name)
            await make_topics(where.bootstrap, where.topics.all(), 1)
            await asyncio.to_thread(worker.join)

            said = " ".join(worker.log.read_text()[before:].split())
            assert worker.exit not in (0, None)
            assert "this worker must leave" in said
            assert f"expected {topic.name} to hold the offsets" in said
            found = await whole_topic(where.bootstrap, topic)
            assert sum(map(len, found.values())) == 0


async def test_an_event_of_a_newer_release_makes_a_worker_leave_unless_it_is_named_as_poisonous(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    async with world(kafka, prefix, tmp_path, "A", **UNBROKEN) as where:
        [worker] = where.workers
        worker.start()
        await where.work(worker)
        places = [await append_of_tomorrow(where, kind) for kind in OF_TOMORROW]
        await asyncio.to_thread(worker.join)
        said = " ".join(worker.log.read_text().split())
        assert f"found {OF_TOMORROW[0]}: a newer release writes to this log; upgrade this worker" in said

        worker.start(poisonous=json.dumps(places[:1]))  # and again, as long as there is one that is not named
        await asyncio.to_thread(worker.join)
        said = " ".join(worker.log.read_text().split())
        assert said.count("this worker must leave") == 2
        assert f"found {OF_TOMORROW[1]}: a newer release writes to this log; upgrade this worker" in said

        poisonous = json.dumps(places)
        worker.start(poisonous=poisonous)
        await where.work(worker, 4)
        await where.owns(worker)
        options = ("--kafka", where.bootstrap, "--prefix", where.prefix)
        skipped, refused, agreed = await asyncio.gather(
            agendum("replay", "--fold", *options, AGENDUM_POISONOUS=poisonous, AGENDUM_PARTITIONS=str(P)),
            agendum("replay", "--fold", *options, AGENDUM_PARTITIONS=str(P)),
            agendum("verify", "--url", worker.url, *options, AGENDUM_POISONOUS=poisonous, AGENDUM_PARTITIONS=str(P)),
        )
        await where.end(worker)

        assert skipped.code == agreed.code == 0, skipped.err + agreed.err
        assert refused.code != 0
        assert OF_TOMORROW[0] in refused.err
        assert await where.flaws(worker, poisonous=places) == []


#: A version and a type that this release does not know.
OF_TOMORROW = ("agendum.AgendaSubmitted.v99", "agendum.AgendaForgotten.v1")


async def append_of_tomorrow(where: World, kind: str) -> tuple[int, int]:
    """An event that this release does not know; where it stands."""
    name, number = where.topics.agendas.name, partition_of("r1", P)
    envelope = Envelope(id="e", type=kind, source="tomorrow", time=0, version=1)
    log = KafkaLog(where.bootstrap, {name: P})
    await log.start()
    try:
        await log.append(name, number, NewRecord(b"r1", b"{}", write_headers(envelope)))
        records = (await whole_log(where.bootstrap, where.prefix, P))[number]
    finally:
        await log.stop()
    return number, next(record.offset for record in records if dict(record.headers)["ce_type"] == kind.encode())


@pytest.mark.faults  # for its length alone: the short storm has every such recovery too, without naming it
async def test_a_process_recovers_the_same_partitions_again_and_again(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    """A owns everything, then B half of it, then A again: after SIGTERM of B, after its kill -9, and one by one."""
    async with world(kafka, prefix, tmp_path, "A", "B") as where:
        a, b = where.workers
        a.start()
        await where.work(a)
        for leave in (b.stop, b.kill):
            b.start()
            await where.until(lambda: _shared(where), "both to own a part")
            await where.work(b, 6)
            await where.warm(a)
            leave()
            await where.owns(a)
            await where.work(a, 4)
            await asyncio.to_thread(b.join)
        b.start()
        await where.until(lambda: _shared(where), "both to own a part")
        await where.warm(b)
        assert a.alive, "in one process all along"
        a.kill()  # B is promoted from the standby that it kept
        await where.owns(b)
        await where.end(b)

        assert await where.flaws(b) == []
        await where.life(a)
        assert await where.flaws(a) == []

        for worker in where.workers:
            worker.start()
        for leaving, staying in ((a, b), (b, a)):  # a release is rolled out
            await where.until(lambda: _shared(where), "both to own a part")
            leaving.stop()
            await where.owns(staying)
            await where.work(staying, 2)
            await asyncio.to_thread(leaving.join)
            leaving.start()
        await where.until(lambda: _shared(where), "both to own a part")
        for worker in where.workers:
            await where.warm(worker)
        await where.end(a, b)
        for worker in where.workers:
            assert await where.flaws(worker) == []
            worker.wipe()
        await where.life(a)
        assert await where.flaws(a) == []


async def _shared(where: World) -> bool:
    health = [await worker.health(where.session) for worker in where.workers]
    return all(each is not None and len(each["owned"]) == P // len(health) for each in health)

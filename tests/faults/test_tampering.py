"""Rows changed and removed by hand in the changelog: found by their sum, and the partition rebuilt from the log.

Those in RocksDB are in tests.integration.test_verify.
"""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from projections.rows import PREFIX_LENGTH, stream_of
from projections.table.changelog import ROW_HEADER
from tests.conftest import Broker
from tests.faults.changelog import Raw, changelog, put, removed
from tests.faults.judge import rows_on_disk, whole_log
from tests.faults.processes import WorkerProcess
from tests.faults.world import UNBROKEN, P, World, world
from tests.integration.test_verify import tamper

pytestmark = pytest.mark.kafka

REBUILT = "partition is rebuilt"


async def test_rows_changed_in_the_changelog_are_found_by_their_sum(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """One is changed, one removed, one is nobody's, with the offset of a right one: by a disk, and an empty one."""
    async with world(kafka, prefix, tmp_path, "A", **UNBROKEN) as where:
        [worker] = where.workers
        await where.life(worker, agendas=8)
        before = rows_on_disk(worker.data)
        heard = 0
        for lives, changes in enumerate([(changed, gone), (gone, surplus), (surplus, changed)], 1):
            rows = [change(before[number]) for number, change in enumerate(changes)]
            await put(where, where.topics.changelog.name, enumerate(rows))
            if lives > 1:
                worker.wipe()
            worker.start()
            await where.owns(worker)
            rebuilt = (await where.metrics(worker))["agendum_rebuilds_total"]
            await where.end(worker)

            said = [line for line in worker.log.read_text().splitlines() if REBUILT in line][heard:]
            heard += len(said)
            assert rebuilt == len(said)
            # Once each, or once more where the group was given out anew meanwhile.
            assert {re.findall(r"partition=(\d+)", line)[-1] for line in said} == {*map(str, range(P))}
            assert all("rows that sum to" in line and "expected" in line for line in said)
            assert rows_on_disk(worker.data) == before
            assert await where.flaws(worker) == []

        worker.wipe()
        worker.start()  # the rebuilt rows were written to the changelog: nothing is found any more
        await where.owns(worker)
        assert (await where.metrics(worker))["agendum_rebuilds_total"] == 0
        await where.end(worker)
        assert rows_on_disk(worker.data) == before


async def test_a_row_that_passes_for_right_is_found_by_a_foreign_record_and_its_partition_rebuilt(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    """Changed with the sum beside it, it is served; an event of another history makes its owner look at the log."""
    async with world(kafka, prefix, tmp_path, "A", **UNBROKEN) as where:
        [worker] = where.workers
        await where.life(worker, agendas=8)
        before = rows_on_disk(worker.data)
        key = victim(before[0])

        def change(db: Any) -> None:
            db[key] = before[0][key][:PREFIX_LENGTH] + (changed(before[0])[1] or b"")

        tamper(worker.data, 0, change, mend=True)
        worker.start()
        await where.owns(worker)
        assert REBUILT not in worker.log.read_text()
        await put(where, where.topics.agendas.name, [(0, await foreign(where, stream_of(key)))])
        await where.until(lambda: says(worker, "rows_differ=True"), "the owner to look at the log")
        await where.owns(worker)
        await where.end(worker)

        assert rows_on_disk(worker.data) == before
        assert await where.flaws(worker) == []


async def foreign(where: World, stream: str) -> Raw:
    """An event ahead of its stream."""
    log = await whole_log(where.bootstrap, where.prefix, P)
    last = [record for record in log[0] if record.key == stream.encode()][-1]
    headers = [(name, b"99" if name == "ce_streamversion" else value) for name, value in last.headers]
    return last.key, last.value, headers


async def says(worker: WorkerProcess, text: str) -> bool:
    return text in worker.log.read_text()


@pytest.mark.faults  # for its length: the cleaner has to come by
async def test_a_row_that_the_cleaner_took_away_is_found_by_the_sum(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """A null value without our header is no grave of ours, so nobody restores it; the cleaner obeys it all the same."""
    async with world(kafka, prefix, tmp_path, "A", compaction_lag_ms=0, segment_ms=1000) as where:
        [worker] = where.workers
        await where.life(worker, agendas=8)
        before = rows_on_disk(worker.data)
        await put(where, where.topics.changelog.name, [(0, (victim(before[0]), None, []))])
        await cleaned(where, victim(before[0]))
        worker.wipe()
        await where.life(worker)

        [said] = [line for line in worker.log.read_text().splitlines() if REBUILT in line]
        assert "rows that sum to" in said
        assert rows_on_disk(worker.data) == before
        assert await where.flaws(worker) == []


def victim(rows: dict[bytes, bytes]) -> bytes:
    """The key of an operation's row."""
    return next(key for key in sorted(rows) if key.startswith(b"o\0"))


def changed(rows: dict[bytes, bytes]) -> Raw:
    key = victim(rows)
    row = {**json.loads(rows[key][PREFIX_LENGTH:]), "percentComplete": 99.0}
    return key, json.dumps(row).encode(), [(ROW_HEADER, rows[key][:PREFIX_LENGTH])]


def gone(rows: dict[bytes, bytes]) -> Raw:
    key = victim(rows)
    return key, None, [(ROW_HEADER, rows[key][:PREFIX_LENGTH])]


def surplus(rows: dict[bytes, bytes]) -> Raw:
    key = victim(rows)
    return key + b" of nobody", rows[key][PREFIX_LENGTH:], [(ROW_HEADER, rows[key][:PREFIX_LENGTH])]


async def cleaned(where: World, key: bytes) -> None:
    """Put in what every reader ignores, until the cleaner has removed a row."""
    before = await changelog(where)
    places = {record.offset for record in before[0] if record.key == key and record.value is not None}

    async def holds() -> bool:
        await put(where, where.topics.changelog.name, [(0, (b"x", b"x", []))])
        await asyncio.sleep(0.5)  # a segment is rolled by the first record after its time
        return places <= removed(before, await changelog(where))[0]

    await where.until(holds, "the cleaner to obey")

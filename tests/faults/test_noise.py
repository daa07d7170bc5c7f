"""What else may stand in the event log: copies of its own records, and records of nobody's making.

Each ends with rows that are the referee's, byte for byte: as the worker left them, from the changelog alone, and from
the log alone.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore.envelope import link_of
from eventstore.ids import partition_of
from eventstore.log import Record
from eventstore.reading import OPENED_KEY
from tests.conftest import Broker
from tests.faults.changelog import Raw, put
from tests.faults.judge import whole_log, whole_topic
from tests.faults.processes import HANG_SECONDS, WorkerProcess
from tests.faults.world import UNBROKEN, P, World, world
from tests.wire import Client

pytestmark = pytest.mark.kafka

SEED = 11
Placed = tuple[int, Raw]


async def test_copies_of_every_record_change_nothing(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """In any order, behind arbitrary later records, while the worker runs and while it does not."""
    chance = random.Random(SEED)
    async with world(kafka, prefix, tmp_path, "A", **UNBROKEN) as where:
        [worker] = where.workers
        worker.start()
        await where.work(worker)
        await lives(worker)
        copies = await all_records(where)
        assert len(copies) >= 30
        await strewn(where, worker, copies, chance)

        verdicts = await folded(where, worker)
        events = sum(raw[0] != OPENED_KEY for _, raw in copies)
        assert verdicts["duplicate"] + verdicts["stale"] >= events
        assert verdicts["duplicate"] > 0 < verdicts["stale"]
        assert "foreign" not in verdicts
        await where.end(worker)
        await put(where, where.topics.agendas.name, chance.sample(copies := await all_records(where), len(copies)))

        await recovers(where, worker)


async def test_records_of_nobodys_making_change_nothing(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    async with world(kafka, prefix, tmp_path, "A", **UNBROKEN) as where:
        [worker] = where.workers
        worker.start()
        await where.work(worker)
        await where.owns(worker)
        alien = await whole_topic(where.bootstrap, where.topics.catalogue)
        noise = [*odd(await whole_log(where.bootstrap, where.prefix, P), alien[0][1])]
        await strewn(where, worker, noise, chance)

        verdicts = await folded(where, worker)
        said = {"no key", "key of another partition", "unreadable", "event of another topic", "opened", "foreign"}
        assert said <= verdicts.keys()
        assert verdicts["foreign"] >= 3 * P
        await where.until(lambda: checked(worker), "the foreign records to be looked into")
        assert "rows_differ=True" not in worker.log.read_text()
        await where.end(worker)
        await put(where, where.topics.agendas.name, chance.sample(noise, len(noise)))

        await recovers(where, worker)
        assert "partition is rebuilt" not in worker.log.read_text()


def odd(log: dict[int, list[Record]], alien: Record) -> Iterator[Placed]:
    """Every kind of record that is no next event of a run, for the latest run of each partition."""
    for number, records in log.items():
        last = records[-1]
        key, value, headers = last.key or b"", last.value, [*last.headers]
        meta = dict(headers)
        version, link = int(meta["ce_streamversion"]), link_of(key, headers, value or b"")
        following = {"ce_streamversion": b"%d" % (version + 1), "ce_prev": link.encode(), "ce_id": b"e"}
        elsewhere = next(name.encode() for name in map(str, range(99)) if partition_of(name, P) != number)

        def record(changes: dict[str, bytes], key: bytes | None = key, value: bytes | None = value) -> Raw:
            return key, value, [*{**meta, **changes}.items()]  # noqa: B023  # called in this turn of the loop

        raws: list[Raw] = [
            (None, None, []),
            (key, None, []),
            (key, b"{}", []),
            (b"\xff\xfe", b"\x00", [("ce_id", b"\xff")]),
            record(following, key=None),
            record(following, key=elsewhere),
            record(following, value=None),
            record(following, value=b"\xff\xfe"),
            record(following, value=b"["),
            record({**following, "ce_streamversion": b"one more"}),
            record({**following, "ce_type": b"com.example.AgendaSubmitted.v1"}),
            record({**following, "ce_type": b"\xff"}),
            # An event of the catalogue, and a second opening of the log, in the place of the next event.
            record({**following, "ce_type": dict(alien.headers)["ce_type"]}, value=alien.value),
            (OPENED_KEY, value, headers),
            # Decided on what is no longer so, on what is not so yet, and on another history.
            record({"ce_id": b"stale"}),
            record({**following, "ce_streamversion": b"0"}),
            record({**following, "ce_streamversion": b"%d" % (version + 7)}),
            record({**following, "ce_streamversion": b"9" * 18}),
            record({**following, "ce_prev": b"0" * 64}),
        ]
        yield from ((number, raw) for raw in raws)


async def lives(worker: WorkerProcess) -> None:
    """Runs that are executed, fail, and are removed: so that there is something to resurrect."""
    client = Client(worker.url, "beta")
    await client.tenant_set_up()
    for number, state in enumerate(("succeeded", "failed", "succeeded", "failed")):
        agenda = await client.submit("x", "y")
        await handed(client, agenda["id"])
        for said in (
            {"processingState": "EXECUTING"},
            {"processingState": "COMPLETE", "processingStateMessage": state},
        ):
            answer = await client.report(agenda["progressId"], number, **said)
            assert not answer["error"], answer
        if number > 1:
            await client.ask("DELETE", f"/pop/agenda/{agenda['id']}")
            await client.ask("DELETE", f"/pop/progress/agenda/{agenda['progressId']}")


async def handed(client: Client, identity: str) -> None:
    """Pull until an agenda is handed out: a busy scheduler may have nothing yet, or a failed one again before it."""
    async with asyncio.timeout(HANG_SECONDS):
        while identity not in {agenda["id"] for agenda in (await client.pull()).get("agendas", ())}:
            pass


async def all_records(where: World) -> list[Placed]:
    log = await whole_log(where.bootstrap, where.prefix, P)
    return [(number, (each.key, each.value, [*each.headers])) for number in log for each in log[number]]


async def strewn(where: World, worker: WorkerProcess, records: list[Placed], chance: random.Random) -> None:
    """Put in by and by, in any order, between records that the worker writes."""
    left = chance.sample(records, len(records))
    step = len(left) // 5 + 1
    while left:
        await put(where, where.topics.agendas.name, left[:step])
        left = left[step:]
        await where.work(worker, 2)


async def folded(where: World, worker: WorkerProcess) -> dict[str, float]:
    """The verdicts of a worker that has read the whole log in this one life, as soon as it has."""
    log = await whole_log(where.bootstrap, where.prefix, P)
    found: dict[str, float] = {}

    async def holds() -> bool:
        found.update({name: count for name, count in (await where.metrics(worker)).items() if "agendum" not in name})
        return sum(found.values()) >= sum(map(len, log.values()))

    await where.until(holds, "the whole log to be folded")
    await where.owns(worker)
    return found


async def checked(worker: WorkerProcess) -> bool:
    return "a foreign record was dropped" in worker.log.read_text()


async def recovers(where: World, worker: WorkerProcess) -> None:
    """The worker goes on with its disk, then from the changelog alone, then from the log alone."""
    assert await where.flaws(worker) == []
    await where.life(worker, agendas=4)
    assert await where.flaws(worker) == []
    for alone in (where.topics.changelog.name, where.topics.agendas.name):
        worker.wipe()
        if alone != where.topics.changelog.name:
            await where.recreate(where.topics.changelog.name)
        await where.life(worker)
        assert await where.flaws(worker) == []

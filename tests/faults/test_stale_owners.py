"""A worker stopped where its rows wait to be sent, which wakes when another has taken over and written on.

The changelog has no fence: what waited lands behind the new owner's rows (design 4.4). Each of these ends with rows
that are the referee's, byte for byte, from every disk and from none, and with no partition rebuilt on the way: by the
greatest source offset nothing of it was ever wrong.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from eventstore.ids import partition_of
from handlers.client.client import connect
from handlers.clock import draw
from projections.rows import APPLIED
from tests.conftest import Broker
from tests.faults.changelog import Rows, buried, changelog, late, removed
from tests.faults.judge import whole_log
from tests.faults.processes import HANG_SECONDS, WorkerProcess
from tests.faults.testimony import counted
from tests.faults.world import P, World, world
from tests.integration.installation import sample, submit, tenant

pytestmark = pytest.mark.kafka

#: A short session: each of these waits for the end of one or two.
SESSION = {"session": 3, "heartbeat": 0.3}
#: An agenda of this size makes flights of several batches, when a few come together (characters).
BULK = 150_000
REBUILT = "partition is rebuilt"
RESENT = "had buried in the changelog are sent again"


async def test_rows_that_land_late_are_never_taken_for_the_newest(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """The new owner dies before it can send again what they buried; and no `applied` row came with them."""
    # A waits for as long as the group waits for B, which is paused, and is not to leave for want of heartbeats before.
    async with world(kafka, prefix, tmp_path, "A", "B", session=6, heartbeat=0.3) as where:
        a, b = where.workers
        await fall_asleep(where, a, "buffered_part:1:stop", bulk=BULK)
        await take_over(where, b, session=9)  # so long nothing can be sent again by A either

        b.pause()  # or it might send again what is buried before it is killed
        a.wake()
        found = await landed(where, cut_short)
        b.kill()
        alone = cut_short(found)
        assert alone, "a flight cut short, of some partition"
        assert alone <= {number for number, _ in buried(found)}, "nothing was sent again"
        await where.owns(a)
        await where.end(a)

        await all_agree(where)


async def test_an_owner_sends_again_what_a_woken_one_buried(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """It wakes, its rows land, and it dies before the group hears of it: only the gap in the changelog tells."""
    async with world(kafka, prefix, tmp_path, "A", "B", **SESSION) as where:
        a, b = where.workers
        await fall_asleep(where, a, "buffered:4:stop,acked:4")
        await take_over(where, b)
        before = (await where.metrics(b))["agendum_rows_resent_total"]

        a.wake()
        await landed(where, buried)
        a.kill()  # it has killed itself at its ack, but where it heard of the group before that
        await where.touch(b, await where.runs())  # B's next acks come behind a gap
        found = await unburied(where)
        assert APPLIED in {key for _, key in late(found)}
        await where.owns(b)
        assert before == 0 < (await where.metrics(b))["agendum_rows_resent_total"]
        assert RESENT in b.log.read_text()
        b.kill()
        a.start()
        await where.owns(a)
        await where.end(a)

        await all_agree(where)


async def test_what_a_woken_owner_had_decided_is_applied_by_nobody(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """Its event lands behind those of the new owner, on the same run: whoever asked is not told that it was done."""
    async with world(kafka, prefix, tmp_path, "A", "B", **SESSION) as where:
        a, b = where.workers
        await where.life(a, agendas=2)
        run = min(await where.runs())
        a.start(failpoint="decided:1:stop")
        await where.owns(a)
        asking = asyncio.create_task(said(where, a, run))
        await where.until(lambda: asleep(a), "A to stop with an event that is not sent yet")
        await take_over(where, b)
        meanwhile = await applied(where, run)

        a.wake()
        await where.until(lambda: outdated(where, run, len(meanwhile)), "A's event to land")
        status, now = await asking, await applied(where, run)
        assert now[: len(meanwhile)] == meanwhile
        # The one that landed counts for nothing: either nobody knows what has become of it, or B has done it anew.
        assert (status, len(now) - len(meanwhile)) in {(503, 0), (503, 1), (200, 1)}
        b.kill()
        await where.owns(a)
        await where.end(a)

        await all_agree(where)


async def said(where: World, worker: WorkerProcess, run: str) -> int:
    """What a worker answers to a change of a run, asked once."""
    body = {"id": f"{run}-a", "customerId": "acme", "params": {"by": worker.name}}
    path, headers = f"/pop/progress/operation/{run}-a", {"Authorization": "x"}
    async with where.session.put(f"{worker.url}{path}", json=body, headers=headers) as answer:
        return answer.status


async def asleep(worker: WorkerProcess) -> bool:
    return worker.asleep


async def applied(where: World, run: str) -> list[int]:
    """The offsets of a run's events that count."""
    log = await whole_log(where.bootstrap, where.prefix, P)
    return [each.offset for each, *_ in counted(log[partition_of(run, P)]) if each.key == run.encode()]


async def outdated(where: World, run: str, after: int) -> bool:
    """Whether an event of a run stands in the log that does not count."""
    log = await whole_log(where.bootstrap, where.prefix, P)
    stands = [each.offset for each in log[partition_of(run, P)] if each.key == run.encode()]
    return len(stands) > max(after, len(await applied(where, run)))


@pytest.mark.faults  # for its length: the cleaner has to come by twice
async def test_rows_that_land_late_do_no_harm_where_the_changelog_is_compacted(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    eager = {"compaction_lag_ms": 0, "segment_ms": 2000}
    async with world(kafka, prefix, tmp_path, "A", "B", **SESSION, **eager) as where:
        a, b = where.workers
        await fall_asleep(where, a, "buffered_part:1:stop", bulk=BULK)
        await take_over(where, b)
        old = await changelog(where)
        await cleaned(where, b, old)

        a.wake()
        found = await landed(where, late)
        places = {number for number, _ in late(found)}
        await cleaned(where, b, {number: found[number] for number in places})  # with what they buried in it
        await unburied(where)
        b.kill()
        await where.owns(a)
        await where.end(a)

        await all_agree(where)


async def fall_asleep(where: World, worker: WorkerProcess, failpoint: str, *, bulk: int = 0) -> None:
    """Start a worker that stops itself at a failpoint, and submit until it does.

    In a life before that it has written to every partition: the first to do so names the changelog, and where that
    first flight was the one that it slept over, two would have named it.
    """
    await where.life(worker, agendas=2)
    worker.start(failpoint=failpoint)

    async def load() -> None:
        async with connect(worker.url, draw=draw, patience=HANG_SECONDS) as client:
            await tenant(client, "acme")
            operations = sample("a", result={"of": "x" * bulk}), sample("b", "a")
            while True:
                await asyncio.gather(*(submit(client, "acme", *operations) for _ in range(8 if bulk else 1)))
                # A flight is one batch, and so one ack, unless bulk makes several: of a hundred small ones a second.
                await asyncio.sleep(0.01)

    async def asleep() -> bool:
        if loading.done():
            loading.result()
        return worker.asleep

    loading = asyncio.create_task(load())
    try:
        await where.until(asleep, f"{worker.name} to stop at {failpoint}")
    finally:
        loading.cancel()
        with suppress(asyncio.CancelledError):
            await loading


async def take_over(where: World, worker: WorkerProcess, **settings: object) -> None:
    """Another worker owns everything, and has changed every run since, on disk."""
    worker.start(**settings)
    await where.owns(worker)
    for operation in "ab":
        await where.touch(worker, await where.runs(), operation)
    await where.owns(worker)


def cut_short(rows: Rows) -> set[int]:
    """Partitions in which rows stand behind newer ones, and no `applied` row came with them."""
    return {number for number, _ in late(rows)} - {number for number, key in late(rows) if key == APPLIED}


async def landed(where: World, what: Callable[[Rows], object]) -> Rows:
    """The changelog, as soon as there is any of `what`: rows of the woken worker that stand behind newer ones."""
    found: Rows = {}

    async def holds() -> bool:
        found.update(await changelog(where))
        return bool(what(found))

    await where.until(holds, "the woken worker's rows to land")
    return found


async def unburied(where: World) -> Rows:
    """The changelog, as soon as every key's last row is its newest: what is sent again goes with a later flight."""
    found: Rows = {}

    async def holds() -> bool:
        found.update(await changelog(where))
        return not buried(found)

    await where.until(holds, "what a woken worker buried to be sent again")
    return found


async def cleaned(where: World, worker: WorkerProcess, before: Rows) -> None:
    """Write on until the cleaner has removed something of each of these partitions."""
    runs = await where.runs()

    async def holds() -> bool:
        await where.touch(worker, runs)
        return all(removed(before, await changelog(where)).values())

    await where.until(holds, "the changelog to be compacted")


async def all_agree(where: World) -> None:
    """The rows of the worker that ended just now, then of every other as its disk is, then from an empty disk."""
    last = where.workers[0]
    assert await where.flaws(last) == []
    for worker in where.workers[1:]:
        await where.life(worker)
        assert await where.flaws(worker) == []
    last.wipe()
    last.start()
    await where.owns(last)
    await where.end(last)
    assert await where.flaws(last) == []
    assert [worker.name for worker in where.workers if REBUILT in worker.log.read_text()] == []

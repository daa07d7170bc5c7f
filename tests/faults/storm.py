"""Load, one fault after another, an end to everything, a trial."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from eventstore.log import Record
from tests.faults.arena import SETTLE_SECONDS, Arena
from tests.faults.load import GIVE_UP_SECONDS, Load
from tests.faults.testimony import is_over

SUBMITTERS, EXECUTORS, READERS = 6, 9, 2

Fault = Callable[[Arena], Awaitable[None]]


async def storm(
    where: Arena,
    faults: Sequence[Fault],
    *,
    seed: int,
    pause: float = 3.0,
    outage: float = 0.0,
    agendas: int = 0,
    reads: int = 0,
) -> tuple[list[str], Load]:
    """Load, one fault after another, an end to everything, a trial.

    `outage`: so long nobody may be answered; `agendas`, `reads`: so many there are to be judged, at the least.
    """
    give_up = GIVE_UP_SECONDS + outage
    async with Load([worker.url for worker in where.workers], seed, give_up=give_up) as load:
        await load.set_up()
        submitting = [asyncio.create_task(load.submit(0.05)) for _ in range(SUBMITTERS)]
        executing = [asyncio.create_task(load.execute(number)) for number in range(EXECUTORS)]
        await endure(where, faults, load, submitting, executing, pause=pause, agendas=agendas, reads=reads)
        found, log = await where.trial(load)
        print(f"seed {seed}: {summary(where, load, log)}")
        return found, load


async def endure(
    where: Arena,
    faults: Sequence[Fault],
    load: Load,
    submitting: Sequence[asyncio.Task[None]],
    executing: Sequence[asyncio.Task[None]],
    *,
    pause: float,
    settle: float = SETTLE_SECONDS,
    agendas: int = 0,
    reads: int = 0,
) -> None:
    """One fault after another while clients are at work, until everything accepted has reached its end."""
    reading = [asyncio.create_task(load.look(0.1)) for _ in range(READERS)]
    tasks = [*submitting, *executing, *reading, asyncio.create_task(where.probe())]
    try:
        await suffer(where, faults, load, tasks, pause)
        await where.until(lambda: enough(load, agendas, reads), f"{agendas} agendas and {reads} reads", settle)
        load.stop_submitting()
        await asyncio.gather(*submitting)
        over: set[str] = set()
        await where.until(lambda: finished(load, over), "every agenda to reach its end", settle)
        load.stop_executing()
        await asyncio.gather(*executing, *reading)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def summary(where: Arena, load: Load, log: dict[int, list[Record]]) -> str:
    """How much there was to judge."""
    return (
        f"{len(load.accepted)} agendas, {load.handed.total()} hand-outs, {len(load.reported)} acknowledged "
        f"completions, {len(load.ended)} ends, {load.known.checks} reads and {len(where.proofs)} proofs of "
        f"ownership checked, {load.retries} retries, {sum(map(len, log.values()))} records"
    )


async def suffer(
    where: Arena, faults: Sequence[Fault], load: Load, clients: Sequence[asyncio.Task[None]], pause: float
) -> None:
    """One fault after another, each until somebody owns everything again and work goes on."""
    times: dict[str, list[tuple[float, float]]] = {}
    for fault in faults:
        load.begin_gap()
        before = len(load.accepted)
        await fault(where)
        await asyncio.sleep(pause)
        where.revive()
        await where.ready()
        goes_on = progress_of(where, load, clients)
        await where.until(goes_on, "agendas to be accepted and operations to be completed again")
        silence, wait = load.silence(), load.wait
        times.setdefault(fault.__name__, []).append((silence, wait))
        accepted = len(load.accepted) - before
        print(
            f"  {fault.__name__}: nobody was answered for {silence:.1f} s, one waited {wait:.1f} s, {accepted} accepted"
        )
    for kind, each in times.items():
        silences, waits = zip(*each, strict=True)
        print(
            f"{kind}, {len(each)} times: nobody was answered for {max(silences):.1f} s at most (median "
            f"{median(silences):.1f}), one request waited {max(waits):.1f} s at most (median {median(waits):.1f})"
        )


def progress_of(where: Arena, load: Load, clients: Sequence[asyncio.Task[None]]) -> Callable[[], Awaitable[bool]]:
    """Whether something was accepted, and something completed, since now; raises what made a client give up."""
    accepted, reported = len(load.accepted), len(load.reported)

    async def goes_on() -> bool:
        for ended in (client for client in clients if client.done()):
            if (wrong := ended.exception()) is not None:
                raise AssertionError(f"a client gave up, {wrong!r}: {await where.state()}") from wrong
        return len(load.accepted) > accepted and len(load.reported) > reported

    return goes_on


async def enough(load: Load, agendas: int, reads: int) -> bool:
    """Whether there is so much to be judged."""
    return len(load.accepted) >= agendas and load.known.checks >= reads


async def finished(load: Load, over: set[str]) -> bool:
    """Whether everything accepted is complete, as its own progress says; asks in slices, `over` keeps which are."""
    keys = [key for key in load.accepted if key not in over][:40]
    # Of those that have not come to their end, one is asked for at a time: work goes on meanwhile.
    for asked in (keys[:1], keys):
        ended = await asyncio.gather(*(_is_over(load, key) for key in asked))
        over.update(key for key, is_ended in zip(asked, ended, strict=True) if is_ended)
        if not all(ended):
            return False
    return not keys


async def _is_over(load: Load, key: str) -> bool:
    _, answer, _ = await load.ask("GET", f"/pop/progress/agenda/{load.accepted[key]['progressId']}")
    return bool(answer["all"]) and is_over(answer["all"][0])

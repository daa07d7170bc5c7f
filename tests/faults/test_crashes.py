"""Workers that kill themselves between two steps of a row, seen to have done so; half an hour at most, all in all."""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.processes import WorkerProcess
from tests.faults.storm import storm

pytestmark = pytest.mark.faults


def crash_at(point: str, nth: int, *, late: bool) -> Callable[[Arena], Awaitable[None]]:
    """A worker kills itself at the n-th passing of a failpoint; it is back at once, or when the group has given it up.

    That it did is seen twice: it died of SIGKILL, and its log says at which failpoint.
    """

    async def fault(where: Arena) -> None:
        victim, _ = where.next()
        victim.stop()
        await asyncio.to_thread(victim.join)
        before = fired(victim)
        victim.start(failpoint=f"{point}:{nth}")
        await where.until(lambda: _dead(victim), f"{point}:{nth} to be passed")
        assert victim.exit == -signal.SIGKILL
        assert fired(victim) - before == Counter([f"failpoint {point}:{nth} was passed"])
        if late:
            await where.given_up(victim)
        victim.start()

    fault.__name__ = f"crash_at_{point}_{nth}"
    return fault


def fired(worker: WorkerProcess) -> Counter[str]:
    """Failpoints that a worker said to have passed, in all its lives."""
    return Counter(line for line in worker.log.read_text().splitlines() if line.startswith("failpoint "))


async def _dead(victim: WorkerProcess) -> bool:
    return not victim.alive


@pytest.mark.parametrize("late", [False, True], ids=["at_once", "late"])
@pytest.mark.parametrize("names", ["A", "AB"])
async def test_a_crash_between_any_two_steps_of_a_row_loses_nothing(
    kafka: Broker, prefix: str, names: str, *, late: bool
) -> None:
    """One worker, whose clients wait for it, or two, of which the other takes over if the victim stays away."""
    points = [crash_at(point, nth, late=late) for point in ("folded", "acked", "written") for nth in (1, 7, 30)]
    async with arena(kafka.bootstrap, prefix, names) as where:
        found, _ = await storm(where, points, seed=3, pause=1.0)
        witnesses = sum(map(fired, where.workers), Counter[str]())
    assert not found, found[:10]
    assert witnesses.total() == len(points), witnesses

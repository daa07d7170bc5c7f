"""What befalls workers, brokers and executors, one at a time, each with what it takes to be over."""

import asyncio
import random
from collections.abc import Sequence

from compose.kafka.cluster import LocalKafka
from tests.faults.arena import Arena, Fault
from tests.integration.installation import ExecutorProcess


async def kill(where: Arena) -> None:
    """kill -9, restarted at once."""
    victim, _ = where.next()
    victim.kill()
    victim.start()


async def kill_for_long(where: Arena) -> None:
    """kill -9, restarted when the other has everything."""
    victim, other = where.next()
    victim.kill()
    await where.ready(other, seconds=20)
    victim.start()


async def sleep_past_the_session(where: Arena) -> None:
    """SIGSTOP until the other has everything, then wake."""
    victim, other = where.next()
    victim.pause()
    await where.ready(other, seconds=20)
    await asyncio.sleep(1)
    victim.wake()


async def falter(where: Arena) -> None:
    """SIGSTOP well within the session, again and again: what was under way goes on late, and nobody takes over."""
    victim, _ = where.next()
    for _ in range(4):
        victim.pause()
        await asyncio.sleep(1.5)
        victim.wake()
        await asyncio.sleep(0.5)


async def hand_over(where: Arena) -> None:
    """SIGTERM, restarted when the other has everything.

    Only a member can take over at once: the group waits up to its rebalance time-out (10 s) for one that was killed
    while it joined, as a fault right before this one may have done. So both own something first.
    """
    victim, other = where.next()
    await where.until(where.shared, "both workers to own something")
    victim.stop()
    await where.ready(other, seconds=10)
    victim.join()
    victim.start()


def broker_dies(cluster: LocalKafka) -> Fault:
    """kill -9 of some node, started again after 2 s."""

    async def broker_dies(_: Arena) -> None:
        number = random.randint(1, len(cluster.nodes))
        cluster.kill(number)
        await asyncio.sleep(2)
        cluster.start_node(number)
        await asyncio.to_thread(cluster.wait)

    return broker_dies


def executor_dies(executors: Sequence[ExecutorProcess], chance: random.Random) -> Fault:
    """kill -9 of some executor, another started in its place at once."""

    async def executor_dies(_: Arena) -> None:
        victim = chance.choice(executors)
        await asyncio.to_thread(victim.kill)
        victim.start()

    return executor_dies

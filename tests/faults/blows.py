"""What befalls workers, brokers and executors, one at a time, each with what it takes to be over."""

import asyncio
import random
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from compose.kafka.cluster import LocalKafka
from eventstore.topics import Topics
from tests.faults.arena import Arena
from tests.faults.storm import Fault
from tests.integration.installation import ExecutorProcess


async def kill(where: Arena) -> None:
    """kill -9, restarted at once."""
    victim, _ = where.next()
    victim.kill()
    victim.start()


async def kill_for_long(where: Arena) -> None:
    """kill -9, restarted when the other has everything."""
    victim, _ = where.next()
    victim.kill()
    await where.given_up(victim)
    victim.start()


async def sleep_past_the_session(where: Arena) -> None:
    """SIGSTOP until the other has everything, then wake."""
    victim, _ = where.next()
    victim.pause()
    await where.given_up(victim)
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
    await where.ready(other)
    await asyncio.to_thread(victim.join)
    victim.start()


def broker_dies(cluster: LocalKafka, prefix: str, chance: random.Random) -> Fault:
    """kill -9 of a node that leads something, started again after 2 s."""

    async def broker_dies(_: Arena) -> None:
        number = await leader(cluster.bootstrap, prefix, chance)
        cluster.kill(number)
        await asyncio.sleep(2)
        cluster.start_node(number)
        await asyncio.to_thread(cluster.wait)

    return broker_dies


def _patiently() -> AsyncRetrying:
    retry = retry_if_exception_type(KafkaError)
    return AsyncRetrying(retry=retry, stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)


async def leader(bootstrap: str, prefix: str, chance: random.Random) -> int:
    """The node that leads a partition of the events or of the changelog, or that coordinates the workers."""
    topics = Topics(prefix)
    name = chance.choice([topics.agendas.name, topics.changelog.name, ""])
    # A node that has just come back may hang up on whoever asks.
    async for attempt in _patiently():
        with attempt:
            return await _leads(bootstrap, prefix, name, chance)
    raise AssertionError


async def _leads(bootstrap: str, prefix: str, name: str, chance: random.Random) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if not name:
            return int(await admin.find_coordinator(prefix))
        [topic] = await admin.describe_topics([name])
        return int(chance.choice(sorted(topic["partitions"], key=lambda each: each["partition"]))["leader"])
    finally:
        await admin.close()


def executor_dies(executors: Sequence[ExecutorProcess], chance: random.Random) -> Fault:
    """kill -9 of some executor, another started in its place at once."""

    async def executor_dies(_: Arena) -> None:
        victim = chance.choice(executors)
        await asyncio.to_thread(victim.kill)
        victim.start()

    return executor_dies

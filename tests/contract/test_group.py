"""The group on a real broker: what a worker is given, when Kafka did not show the topics while it joined."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.consumer.group_coordinator import HeartbeatRequest

from compose.ports import free_ports
from eventstore.kafka.admin import make_topics
from eventstore.kafka.cancellation import heed
from eventstore.topics import Topics
from projections.group.group import Group
from projections.group.membership import GroupSettings
from projections.table.holdings import Holdings
from projections.table.ownership import Lease, boottime
from tests.conftest import Broker

pytestmark = pytest.mark.kafka
#: Well below the five minutes after which Kafka's clients look at the topics by themselves.
SECONDS = 120.0
#: What the group's coordinator answers a heartbeat when others may own soon.
REBALANCE_IN_PROGRESS = 27


def member(kafka: Broker, topics: Topics, folder: Path, lease: Lease | None = None) -> Group:
    [port] = free_ports(1)
    settings = GroupSettings(
        bootstrap=kafka.bootstrap, topics=topics, url=f"http://127.0.0.1:{port}", data=folder, heartbeat=0.3
    )
    return Group(settings, lease or Lease(10.0))


class Given:
    """What stands where Holdings do, and only notes what is given."""

    def __init__(self) -> None:
        self.some = asyncio.Event()
        self.all = asyncio.Event()

    async def hold(self, actives: set[int], _standbys: set[int]) -> None:
        self.some.set()
        if actives == {0, 1}:
            self.all.set()
        await asyncio.Event().wait()

    def lost(self) -> None:
        self.all.clear()

    def keep(self, numbers: set[int]) -> None:
        pass


@asynccontextmanager
async def joined(group: Group, given: Given) -> AsyncIterator[Group]:
    """A member that has joined, and leaves."""
    await group.start(cast("Holdings", cast("Any", given)))
    try:
        yield group
    finally:
        await group.stop()


async def test_a_worker_that_joined_while_kafka_showed_no_topics_is_given_them_when_it_does(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    topics, given = Topics(prefix, 2), Given()
    async with joined(member(kafka, topics, tmp_path), given):
        await asyncio.wait_for(given.some.wait(), SECONDS)
        assert not given.all.is_set()
        await make_topics(kafka.bootstrap, topics.all(), 1)

        await asyncio.wait_for(given.all.wait(), SECONDS)


async def test_whoever_opens_a_partitions_files_does_so_by_our_options(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    """Faust opens them too, when it is told of an assignment: its defaults would stay for as long as they are open."""
    topics, given = Topics(prefix, 2), Given()
    await make_topics(kafka.bootstrap, topics.all(), 1)
    async with joined(member(kafka, topics, tmp_path), given) as group:
        await asyncio.wait_for(given.all.wait(), SECONDS)
        for number in (0, 1):
            group.table.open(number)

    written = [file.read_text() for file in tmp_path.rglob("OPTIONS-*")]
    assert len(written) >= 2
    for options in written:
        assert "write_buffer_size=8388608\n" in options
        assert "memtable_whole_key_filtering=true\n" in options


async def test_an_assignment_that_was_revoked_before_it_was_worked_on_is_not_held(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    """Faust says that a rebalance is complete a while later, in a task of its own: the next may have begun by then."""
    topics, given = Topics(prefix, 2), Given()
    await make_topics(kafka.bootstrap, topics.all(), 1)
    async with joined(member(kafka, topics, tmp_path), given) as group:
        await asyncio.wait_for(given.all.wait(), SECONDS)
        given.some.clear()

        await group.app.consumer.on_partitions_revoked(set())
        await group.app.on_rebalance_complete.send()
        await asyncio.sleep(0)  # whatever it began has run by now
        assert not given.some.is_set()

        again = group.app.consumer.assignment(), group.app.consumer_generation_id
        await group.app.consumer.on_partitions_assigned(*again)
        await asyncio.wait_for(given.all.wait(), SECONDS)


class Stumbling(Given):
    """Holdings of which a task fails, once; and which ask Kafka, like all of them, when they begin."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = False

    async def hold(self, actives: set[int], _standbys: set[int]) -> None:
        heed()  # as does whatever asks Kafka
        if actives == {0, 1} and not self.failed:
            self.failed = True
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._fail())
        await super().hold(actives, _standbys)

    async def _fail(self) -> None:
        await asyncio.sleep(0)  # by then there is nothing left to do but to wait for it
        raise ValueError("stumbled")


async def test_what_failed_is_begun_again(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """A group of tasks that fails leaves a mark on its own task, in Python 3.11, that Kafka's client is not to heed."""
    topics, given = Topics(prefix, 2), Stumbling()
    await make_topics(kafka.bootstrap, topics.all(), 1)
    async with joined(member(kafka, topics, tmp_path), given):
        await asyncio.wait_for(given.all.wait(), SECONDS)
        assert given.failed


class Heartbeats:
    """Between a member and its broker: when each heartbeat went out, and what it was answered; or so it is told."""

    def __init__(self, group: Group) -> None:
        self.client = group.app.consumer._thread._consumer._coordinator._client
        self.send = self.client.send
        self.client.send = self._noted
        #: (when it went out on the lease's clock, what it was answered)
        self.answers: list[tuple[float, int]] = []
        #: told instead of what the broker says
        self.said: int | None = None

    async def _noted(self, node: int, request: Any, **more: Any) -> Any:
        began = boottime()
        answer = await self.send(node, request, **more)
        if isinstance(request, HeartbeatRequest):
            code = answer.error_code if self.said is None else self.said
            self.answers.append((began, code))
            return SimpleNamespace(error_code=code)
        return answer

    async def more(self, code: int, count: int) -> None:
        """Wait until so many more are answered by this."""
        before = len(self.answers)
        async with asyncio.timeout(SECONDS):
            while sum(each == code for _, each in self.answers[before:]) < count:  # noqa: ASYNC110  # in another thread
                await asyncio.sleep(0.02)


async def test_only_a_heartbeat_without_an_error_proves_ownership_and_from_when_it_was_sent(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    topics, given, lease = Topics(prefix, 2), Given(), Lease(10.0)
    await make_topics(kafka.bootstrap, topics.all(), 1)
    async with joined(member(kafka, topics, tmp_path, lease), given) as group:
        await asyncio.wait_for(given.all.wait(), SECONDS)
        heartbeats = Heartbeats(group)

        await heartbeats.more(0, 3)
        assert lease.holds()
        proved = lease._sent
        assert proved is not None
        assert proved <= heartbeats.answers[-1][0], "as of its sending, not of its answer"

        heartbeats.said, refused = REBALANCE_IN_PROGRESS, boottime()
        await heartbeats.more(REBALANCE_IN_PROGRESS, 2)
        assert lease._sent is not None
        assert lease._sent <= refused, "what was answered by an error renewed nothing"
        heartbeats.said = None
        await heartbeats.more(0, 2)
        async with asyncio.timeout(SECONDS):
            while lease._sent <= refused:  # noqa: ASYNC110  # in another thread
                await asyncio.sleep(0.02)

"""Committed offsets without a group's membership: kept, asked for, and put back, by whoever says so."""

import pytest
from confluent_kafka import Consumer, TopicPartition

from eventstore.errors import Unavailable
from eventstore.kafka.admin import make_topics, partitions_of
from eventstore.kafka.positions import Positions
from eventstore.topics import Topics
from tests.conftest import Broker

pytestmark = pytest.mark.kafka


async def test_positions_are_kept_under_the_groups_name_for_every_reader(kafka: Broker, prefix: str) -> None:
    topics = Topics(prefix, 3)
    name = topics.inbox.name
    await make_topics(kafka.bootstrap, topics.all(), replication=1)
    assert await partitions_of(kafka.bootstrap, name) == 3
    one, two = (Positions(kafka.bootstrap, name, name, 3) for _ in range(2))
    everything = frozenset(range(3))
    await one.start()
    await two.start()
    try:
        assert await one.committed(everything) == {0: None, 1: None, 2: None}
        await one.commit({0: 5, 2: 7})
        assert await two.committed(everything) == {0: 5, 1: None, 2: 7}
        await two.commit({2: 3})
        assert await one.committed(frozenset({2})) == {2: 3}
    finally:
        await one.stop()
        await two.stop()

    # As any lag tool sees them.
    foreign = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": name})
    try:
        assert [place.offset for place in foreign.committed([TopicPartition(name, 0)], 120)] == [5]
    finally:
        foreign.close()


async def test_nobody_there_is_said_as_such() -> None:
    found = Positions("127.0.0.1:1", "g", "t", 1)
    try:
        with pytest.raises(Unavailable):
            await found.start()
    finally:
        await found.stop()

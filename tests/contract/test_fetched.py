"""What a tail fetches says of each record what aiokafka's own says (eventstore.kafka.fetched)."""

import inspect
from typing import Any, get_type_hints

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import PartitionRecords

from eventstore.kafka.admin import make_topics
from eventstore.kafka.tail import Tail
from eventstore.log import Landed, Record
from eventstore.topics import Topics
from tests.conftest import Broker
from tests.contract.test_sieve import read

pytestmark = pytest.mark.kafka
#: The client's own, whatever a test before this one has started.
OWN = inspect.getattr_static(PartitionRecords, "_consumer_record")
FIELDS = [*get_type_hints(Record)]


def said(record: Any) -> list[Any]:
    found = {name: getattr(record, name) for name in FIELDS}
    return [*(found | {"headers": [*found["headers"]]}).values()]


async def fetched(bootstrap: str, place: TopicPartition, wanted: int) -> list[ConsumerRecord[bytes, bytes]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([place])
        return [await consumer.getone() for _ in range(wanted)]
    finally:
        await consumer.stop()


async def test_a_fetched_record_says_what_the_clients_own_says(
    kafka: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = Topics(prefix, 2)
    await make_topics(kafka.bootstrap, topics.all(), replication=1)
    place = TopicPartition(topics.agendas.name, 1)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    for key, value, headers in (
        (b"a", b"1", []),
        (b"b", None, [("row", b"\0\1"), ("row", b""), ("ü", b"\xff")]),
        (None, b"", [("", b"")]),
        (b"", b"2" * 5000, [("x", b"y")]),
    ):
        await producer.send_and_wait(place.topic, value, key=key, partition=1, headers=headers)
    await producer.stop()
    tail = Tail(kafka.bootstrap, place.topic)
    await tail.start()
    try:
        tail.follow({1: 0})
        ours = await read(tail, 4)
    finally:
        await tail.stop()
    monkeypatch.setattr(PartitionRecords, "_consumer_record", OWN)

    theirs = await fetched(kafka.bootstrap, place, 4)

    assert [type(each) for each in ours] == [Landed] * 4
    assert [type(each) for each in theirs] == [ConsumerRecord] * 4
    assert [said(each) for each in ours] == [said(each) for each in theirs]
    assert [each.offset for each in ours] == [0, 1, 2, 3]

"""Topics as they stand on a real broker: made once, checked at every start, refused one by one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete

from eventstore.errors import ForeignLog, TopicMismatch, Unavailable
from eventstore.kafka.admin import _settings, make_topics, open_log
from eventstore.kafka.log import KafkaLog
from eventstore.log import NewRecord
from eventstore.topics import Topic, Topics

pytestmark = pytest.mark.kafka
SECONDS = 120.0
IDS = [UUID(int=number) for number in range(3)]


@pytest.fixture
def topic(prefix: str) -> Topic:
    return Topics(prefix, 3).agendas


@pytest.fixture
async def admin(kafka: Any) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()
    yield client
    await client.close()


@pytest.fixture
async def log(kafka: Any, topic: Topic) -> AsyncIterator[KafkaLog]:
    found = KafkaLog(kafka.bootstrap, {topic.name: topic.partitions})
    await found.start()
    yield found
    await found.stop()


async def create(admin: AIOKafkaAdminClient, topic: Topic, **changed: str) -> None:
    settings: Mapping[str, str] = {**topic.settings, **changed}
    answer = await admin.create_topics([NewTopic(topic.name, topic.partitions, 1, topic_configs=dict(settings))])
    assert [error[1] for error in answer.topic_errors] == [0]


async def test_makes_every_topic_once(kafka: Any, prefix: str, admin: AIOKafkaAdminClient) -> None:
    topics = Topics(prefix, 3).all()
    async with asyncio.timeout(SECONDS):
        await make_topics(kafka.bootstrap, topics, replication=1)
        await make_topics(kafka.bootstrap, topics, replication=1)

        assert {topic.name for topic in topics} <= set(await admin.list_topics())


async def test_settings_that_a_broker_does_not_know_yet_are_waited_for(
    topic: Topic, admin: AIOKafkaAdminClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a cluster, a worker may ask a broker that has not heard yet of what another worker has just created."""
    asked, describe = asyncio.Event(), admin.describe_configs

    async def noted(*resources: Any) -> Any:
        found = await describe(*resources)
        asked.set()
        return found

    monkeypatch.setattr(admin, "describe_configs", noted)
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as together:
        looking = together.create_task(_settings(admin, topic.name))
        await asked.wait()
        await create(admin, topic)
    assert topic.settings.items() <= looking.result().items()


async def test_workers_may_race_to_make_them(kafka: Any, prefix: str) -> None:
    topics = Topics(prefix, 3).all()
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(make_topics(kafka.bootstrap, topics, replication=1) for _ in range(3)))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("retention.ms", "604800000"),
        ("retention.bytes", "1000000"),
        ("cleanup.policy", "compact"),
        ("message.timestamp.type", "CreateTime"),
        ("max.message.bytes", "1000000"),
    ],
)
async def test_refuses_a_setting_that_would_break_a_promise(
    kafka: Any, topic: Topic, admin: AIOKafkaAdminClient, setting: str, value: str
) -> None:
    async with asyncio.timeout(SECONDS):
        await create(admin, topic, **{setting: value})

        expected = f"{topic.name}: expected {setting}={topic.settings[setting]}, found {value}"
        with pytest.raises(TopicMismatch, match=expected):
            await make_topics(kafka.bootstrap, [topic], replication=1)


async def test_refuses_another_number_of_partitions(kafka: Any, topic: Topic, admin: AIOKafkaAdminClient) -> None:
    async with asyncio.timeout(SECONDS):
        await create(admin, msgspec.structs.replace(topic, partitions=4))

        with pytest.raises(TopicMismatch, match="expected 3 partitions, found 4"):
            await make_topics(kafka.bootstrap, [topic], replication=1)


async def test_refuses_a_log_whose_beginning_was_deleted(
    kafka: Any, topic: Topic, admin: AIOKafkaAdminClient, log: KafkaLog
) -> None:
    async with asyncio.timeout(SECONDS):
        await make_topics(kafka.bootstrap, [topic], replication=1)
        await open_log(log, topic, iter(IDS))
        await admin.delete_records({TopicPartition(topic.name, 1): RecordsToDelete(before_offset=1)})

        with pytest.raises(ForeignLog, match=f"{topic.name}/1 to begin at offset 0, found 1"):
            await open_log(log, topic, iter(IDS))


async def test_refuses_a_log_that_begins_with_something_else(kafka: Any, topic: Topic, log: KafkaLog) -> None:
    async with asyncio.timeout(SECONDS):
        await make_topics(kafka.bootstrap, [topic], replication=1)
        await log.append(topic.name, 2, NewRecord(b"r1", b"hello", []))

        with pytest.raises(ForeignLog, match=f"{topic.name}/2 to begin with LogOpened"):
            await open_log(log, topic, iter(IDS))


async def test_refuses_a_log_that_was_opened_with_another_number_of_partitions(
    kafka: Any, topic: Topic, admin: AIOKafkaAdminClient, log: KafkaLog
) -> None:
    """Somebody gave the topic another partition, and the setting with it: keys would be looked for elsewhere."""
    larger = msgspec.structs.replace(topic, partitions=4)
    async with asyncio.timeout(SECONDS):
        await make_topics(kafka.bootstrap, [topic], replication=1)
        await open_log(log, topic, iter(IDS))
        await admin.create_partitions({topic.name: NewPartitions(4)})
        while len((await admin.describe_topics([topic.name]))[0]["partitions"]) < larger.partitions:  # noqa: ASYNC110  # the broker does not call back
            await asyncio.sleep(0.05)
        await make_topics(kafka.bootstrap, [larger], replication=1)
        again = KafkaLog(kafka.bootstrap, {topic.name: 4})
        await again.start()
        try:
            # Which of them is looked at first is nobody's promise.
            with pytest.raises(ForeignLog, match=rf"{topic.name}/\d to be opened with 4 partitions, found 3"):
                await open_log(again, larger, iter([UUID(int=9)]))
        finally:
            await again.stop()


async def test_a_recreated_topic_is_another_log(
    kafka: Any, topic: Topic, admin: AIOKafkaAdminClient, log: KafkaLog
) -> None:
    async with asyncio.timeout(SECONDS):
        await make_topics(kafka.bootstrap, [topic], replication=1)
        before = await open_log(log, topic, iter(IDS))
        await admin.delete_topics([topic.name])
        await _gone(admin, topic.name)
        await make_topics(kafka.bootstrap, [topic], replication=1)

        again = KafkaLog(kafka.bootstrap, {topic.name: topic.partitions})
        await again.start()
        try:
            after = await open_log(again, topic, iter([UUID(int=number) for number in (7, 8, 9)]))
        finally:
            await again.stop()

    assert set(before.values()) & set(after.values()) == set()


async def test_a_broker_that_does_not_answer_is_unavailable(topic: Topic) -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 "):
        async with asyncio.timeout(SECONDS):
            await make_topics("127.0.0.1:1", [topic], replication=1)


async def _gone(admin: AIOKafkaAdminClient, name: str) -> None:
    while name in await admin.list_topics():  # noqa: ASYNC110  # the broker does not call back
        await asyncio.sleep(0.1)

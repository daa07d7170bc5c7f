"""Topics made, checked and opened at every start (design 4.9). Wrong settings are refused, never mended in silence."""

import asyncio
from collections.abc import Iterable, Mapping
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from eventstore.codec import decode, encode
from eventstore.envelope import Envelope
from eventstore.errors import ForeignLog, TopicMismatch, Unavailable, Unreadable
from eventstore.events import TYPES, LogOpened
from eventstore.kafka.resets import expect_resets
from eventstore.log import EventLog, NewRecord
from eventstore.reading import OPENED_KEY
from eventstore.topics import Topic, mismatches

SETTLE_SECONDS = 15.0
RETRY_SECONDS = 0.1


async def make_topics(bootstrap: str, topics: Iterable[Topic], replication: int) -> None:
    """Create what is missing, and check everything; raises TopicMismatch, Unavailable."""
    expect_resets()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await admin.start()
    except (KafkaError, OSError) as wrong:
        await admin.close()
        raise Unavailable(f"expected Kafka at {bootstrap} to answer: {wrong!r}") from wrong
    try:
        wanted = [*topics]
        await _create(admin, wanted, replication)
        for topic in wanted:
            await _check(admin, topic)
    except (KafkaError, TimeoutError, OSError) as wrong:
        raise Unavailable(f"expected Kafka at {bootstrap} to tell of its topics: {wrong!r}; try again") from wrong
    finally:
        await admin.close()


async def partitions_of(bootstrap: str, name: str) -> int | None:
    """How many partitions a topic has; None if there is no such topic. Creates nothing. Raises Unavailable."""
    expect_resets()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await admin.start()
        return await _partitions(admin, name) if name in await admin.list_topics() else None
    except (KafkaError, TimeoutError, OSError) as wrong:
        raise Unavailable(f"expected Kafka at {bootstrap} to tell of its topics: {wrong!r}; try again") from wrong
    finally:
        await admin.close()


async def open_log(log: EventLog, topic: Topic, draw: Iterable[UUID]) -> dict[int, str]:
    """Per partition the id of the log that stands there, opened now if nothing did.

    Raises ForeignLog if something else stands at offset 0, or the beginning is gone.
    """
    starts, ends = await log.starts(topic.name), await log.ends(topic.name)
    for number, start in starts.items():
        if start != 0:
            raise ForeignLog(
                f"expected {topic.name}/{number} to begin at offset 0, found {start}: records were deleted, so no view "
                "can be rebuilt from it; restore the topic from a backup, or use a new prefix"
            )
    fresh = iter(draw)
    for number in range(topic.partitions):
        if ends.get(number, 0) == 0:
            await log.append(topic.name, number, _opening(str(next(fresh)), topic.partitions))
    found = await asyncio.gather(*(_opened(log, topic, number) for number in range(topic.partitions)))
    return dict(enumerate(found))


def _opening(log_id: str, partitions: int) -> NewRecord:
    envelope = Envelope(id=log_id, type=TYPES[LogOpened], source="agendum", time=0, version=1)
    value, headers = encode(envelope, LogOpened(log_id=log_id, partitions=partitions))
    return NewRecord(OPENED_KEY, value, headers)


async def _opened(log: EventLog, topic: Topic, number: int) -> str:
    where = f"{topic.name}/{number}"
    async for records in log.read(topic.name, number, 0, 1):
        for record in records:
            try:
                _, event = decode(record.headers, record.value)
            except Unreadable as wrong:
                raise ForeignLog(f"expected {where} to begin with LogOpened: {wrong}; use a new prefix") from wrong
            if record.key != OPENED_KEY or not isinstance(event, LogOpened):
                raise ForeignLog(f"expected {where} to begin with LogOpened, found {type(event).__name__}")
            if event.partitions != topic.partitions:
                raise ForeignLog(
                    f"expected {where} to be opened with {topic.partitions} partitions, found {event.partitions}: "
                    "the number of partitions is fixed for ever"
                )
            return event.log_id
    raise ForeignLog(f"expected {where} to begin with LogOpened, found nothing at offset 0")


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic], replication: int) -> None:
    existing = await admin.list_topics()
    missing = [topic for topic in topics if topic.name not in existing]
    if not missing:
        return
    answer = await admin.create_topics(
        [NewTopic(topic.name, topic.partitions, replication, topic_configs=dict(topic.settings)) for topic in missing]
    )
    for name, code, *rest in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise TopicMismatch(f"expected to create {name}: {for_code(code).__name__} {rest}")


async def _check(admin: AIOKafkaAdminClient, topic: Topic) -> None:
    partitions = await _partitions(admin, topic.name)
    wrong = mismatches(topic, partitions, await _settings(admin, topic.name))
    if wrong:
        raise TopicMismatch(
            f"topic {topic.name}: {'; '.join(wrong)}. Set it right with kafka-configs, or use a new prefix"
        )


async def _partitions(admin: AIOKafkaAdminClient, name: str) -> int:
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            described = await admin.describe_topics([name])
            if described and not described[0]["error_code"] and described[0]["partitions"]:
                return len(described[0]["partitions"])
            await asyncio.sleep(RETRY_SECONDS)


async def _settings(admin: AIOKafkaAdminClient, name: str) -> Mapping[str, str]:
    # A broker may not have heard yet of a topic that was just created at another: that is no topic without settings.
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
            [(code, message, _, _, settings)] = answer.resources
            if not code:
                return {entry[0]: entry[1] for entry in settings}
            if for_code(code) is not UnknownTopicOrPartitionError:
                raise for_code(code)(message)
            await asyncio.sleep(RETRY_SECONDS)

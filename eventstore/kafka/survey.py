"""What a Kafka says of itself and of some topics, read only: nothing is created, nothing is waited for."""

import asyncio
from collections.abc import Collection

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ApiVersionRequest

from eventstore.cluster import Cluster, FoundTopic
from eventstore.errors import Unavailable
from eventstore.kafka.resets import expect_resets

CLOSE_SECONDS = 0.5
#: Kafka 4.0 gave up the versions of Fetch before 4 (KIP-896).
_FETCH, _FETCH_OF_4 = 1, 4


async def survey(bootstrap: str, names: Collection[str], seconds: float) -> Cluster:
    """Ask the Kafka at `bootstrap`, for so long at most. Raises Unavailable, with what was in the way."""
    timeout = max(1, int(seconds * 1000))
    expect_resets()
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=timeout)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=timeout)
    advertised: list[str] = []
    try:
        async with asyncio.timeout(seconds):
            await client.bootstrap()
            advertised += sorted(f"{broker.host}:{broker.port}" for broker in client.cluster.brokers())
            await admin.start()
            return await _survey(client, admin, names)
    except (KafkaError, TimeoutError, OSError) as wrong:
        raise Unavailable(_why(bootstrap, advertised, seconds, wrong)) from wrong
    finally:
        await asyncio.gather(_close(client), _close(admin))


async def _survey(client: AIOKafkaClient, admin: AIOKafkaAdminClient, names: Collection[str]) -> Cluster:
    cluster, topics = await asyncio.gather(admin.describe_cluster(), admin.describe_topics())
    brokers = {each["node_id"]: f"{each['host']}:{each['port']}" for each in cluster["brokers"]}
    spoken = await client.send(next(iter(brokers)), ApiVersionRequest())
    least = {key: lowest for key, lowest, _ in spoken.api_versions}
    # All topics are listed and ours picked: asking for one that is missing would create it on some brokers.
    found = {each["topic"]: len(each["partitions"]) for each in topics if each["topic"] in names}
    settings = await _settings(admin, sorted(found))
    return Cluster(
        identity=cluster["cluster_id"] or "",
        brokers=sorted(brokers.values()),
        controller=brokers.get(cluster["controller_id"]),
        modern=least.get(_FETCH, 0) >= _FETCH_OF_4,
        topics={name: FoundTopic(count, settings.get(name, {})) for name, count in found.items()},
    )


async def _settings(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }


def _why(bootstrap: str, advertised: list[str], seconds: float, wrong: Exception) -> str:
    if advertised:
        return (
            f"{bootstrap} answers, but the addresses that it gives its clients, {', '.join(advertised)}, do not "
            f"({type(wrong).__name__}): see its advertised.listeners"
        )
    if isinstance(wrong, TimeoutError):
        return f"{bootstrap} does not answer within {seconds:g} s"
    return f"nothing at {bootstrap} speaks Kafka ({type(wrong).__name__})"


async def _close(client: AIOKafkaClient | AIOKafkaAdminClient) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await client.close()
    except (KafkaError, TimeoutError, OSError):
        return

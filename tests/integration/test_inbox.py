"""Publishing by topic on a real broker and a real worker process (design 4.9)."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from eventstore.kafka.log import KafkaLog
from eventstore.topics import Topics
from handlers.inbox.meaning import REPORT, SUBMIT, ids_of
from handlers.inbox.rejections import CommandRejected, read_rejection
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.conftest import Client, _ready

pytestmark = pytest.mark.kafka
SECONDS = 30.0
PREFIX = f"inbox{os.urandom(4).hex()}"


@pytest.fixture(scope="module")
def listening(kafka: Broker) -> Iterator[WorkerProcess]:
    """A worker that hears the inbox, for all customers whose name begins with t: every tenant, and nobody else."""
    with tempfile.TemporaryDirectory(prefix="agendum-inbox-") as folder:
        worker = WorkerProcess("I", kafka.bootstrap, PREFIX, Path(folder), poll=1.0, inbox_customers="acme|beta")
        worker.start()
        asyncio.run(_ready(worker))
        try:
            yield worker
        finally:
            worker.stop()
            worker.join()


@pytest.fixture
async def acme(listening: WorkerProcess) -> Client:
    """The customer that the inbox may speak for."""
    found = Client(listening.url, "acme")
    await found.tenant_set_up()
    return found


@pytest.fixture
async def log(kafka: Broker) -> AsyncIterator[KafkaLog]:
    found = KafkaLog(kafka.bootstrap, {topic.name: topic.partitions for topic in Topics(PREFIX).all()})
    await found.start()
    yield found
    await found.stop()


class Publisher:
    """Somebody with access to Kafka."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.topic = f"{prefix}-inbox"
        self._producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 4 << 20})

    def raw(self, key: bytes | None, value: bytes | None, headers: Any = (), partition: int | None = None) -> None:
        where: dict[str, Any] = {} if partition is None else {"partition": partition}
        self._producer.produce(self.topic, key=key, value=value, headers=[*headers], **where)

    def publish(self, kind: str, body: Any, identity: str, source: str = "test", key: str = "k") -> None:
        headers = [("ce_specversion", b"1.0"), ("ce_type", kind.encode()), ("ce_id", identity.encode())]
        self.raw(key.encode(), json.dumps(body).encode(), [*headers, ("ce_source", source.encode())])

    def flush(self) -> None:
        assert self._producer.flush(20) == 0


@pytest.fixture
def publisher(kafka: Broker) -> Publisher:
    return Publisher(kafka.bootstrap, PREFIX)


async def until(holds: Callable[[], Awaitable[Any]], what: str, seconds: float = SECONDS) -> Any:
    """What `holds` finds, once it finds something."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := await holds()):  # noqa: ASYNC110  # of another process: there is no event
                await asyncio.sleep(0.05)
            return found
    except TimeoutError:
        raise AssertionError(f"expected {what} within {seconds:.0f} s") from None


def agenda(**more: Any) -> dict[str, Any]:
    return {"customerId": "acme", "operations": [{"name": "x", "type": "t"}], **more}


async def rejections(log: KafkaLog, prefix: str = PREFIX) -> list[CommandRejected]:
    name, found = Topics(prefix).rejections.name, []
    async for records in log.read(name, 0, 0, (await log.ends(name))[0]):
        found += [read_rejection(record) for record in records]
    return found


async def run_of(client: Client, run: str) -> Any:
    _, answer, _ = await client.ask("GET", f"/pop/progress/agenda/{run}")
    return answer["all"]


async def test_a_published_agenda_completes_by_topic_alone(acme: Client, publisher: Publisher) -> None:
    identity = os.urandom(6).hex()
    run, agenda_id = ids_of("acme", "test", identity, None, 12)
    publisher.publish(SUBMIT, agenda(), identity, key=run)
    publisher.flush()
    (progress,) = await until(lambda: run_of(acme, run), "the published agenda to be accepted")
    assert (progress["agendaId"], progress["processingState"]) == (agenda_id, "WAITING")

    done = {"operation": "x", "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
    report = {"id": run, "startedTime": 5, "processingState": "COMPLETE", "operationProgress": [done]}
    publisher.publish(REPORT, {"agendaProgress": report}, f"{identity}-r", key=run)
    publisher.flush()

    async def complete() -> bool:
        return bool((await run_of(acme, run))[0]["processingState"] == "COMPLETE")

    await until(complete, "the report to be taken in")

"""Publishing by topic on a real broker and a real worker process (design 4.9)."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from confluent_kafka import Producer

from eventstore.kafka.log import KafkaLog
from eventstore.kafka.positions import Positions
from eventstore.log import Record
from eventstore.reading import OPENED_KEY
from eventstore.topics import Topics
from handlers.inbox.meaning import CANCEL, REPORT, SUBMIT, ids_of
from handlers.inbox.rejections import CommandRejected, read_rejection
from tests.conftest import Broker
from tests.contract.test_sieve import write
from tests.faults.processes import WorkerProcess
from tests.wire import Client, ready

pytestmark = pytest.mark.kafka
SECONDS = 120.0
PREFIX = f"inbox{os.urandom(4).hex()}"


@pytest.fixture(scope="module")
def listening(kafka: Broker) -> Iterator[WorkerProcess]:
    """A worker that hears the inbox for two customers, and for one that is not there."""
    with tempfile.TemporaryDirectory(prefix="agendum-inbox-") as folder:
        worker = WorkerProcess("I", kafka.bootstrap, PREFIX, Path(folder), poll=1.0, inbox_customers="acme|beta|nobody")
        worker.start()
        asyncio.run(ready(worker))
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
        self._producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 4 << 20, "log_level": 0})

    def raw(self, key: bytes | None, value: bytes | None, headers: Any = (), partition: int | None = None) -> None:
        where: dict[str, Any] = {} if partition is None else {"partition": partition}
        self._producer.produce(self.topic, key=key, value=value, headers=[*headers], **where)

    def publish(self, kind: str, body: Any, identity: str, source: str = "test", key: str = "k") -> None:
        headers = [("ce_specversion", b"1.0"), ("ce_type", kind.encode()), ("ce_id", identity.encode())]
        self.raw(key.encode(), json.dumps(body).encode(), [*headers, ("ce_source", source.encode())])

    def flush(self) -> None:
        assert self._producer.flush(60) == 0


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


def fresh() -> str:
    return os.urandom(6).hex()


async def rejections(log: KafkaLog, prefix: str = PREFIX) -> list[CommandRejected]:
    name = Topics(prefix).rejections.name
    found: list[CommandRejected] = []
    async for records in log.read(name, 0, 0, (await log.ends(name))[0]):
        found += [read_rejection(record) for record in records]
    return found


async def rejected(log: KafkaLog, **headers: str) -> CommandRejected:
    """The rejection of the record with these headers, once it is there."""
    wanted = {(name, text.encode()) for name, text in headers.items()}

    async def there() -> CommandRejected | None:
        return next((each for each in await rejections(log) if wanted <= {*each.headers}), None)

    found: CommandRejected = await until(there, f"a rejection of {headers}")
    return found


async def events(log: KafkaLog, topics: Topics) -> list[Record]:
    """The whole topic of events, without the records that open it."""
    found: list[Record] = []
    for number, end in (await log.ends(topics.agendas.name)).items():
        async for records in log.read(topics.agendas.name, number, 0, end):
            found += [record for record in records if record.key != OPENED_KEY]
    return found


def of_type(records: Sequence[Record], name: str) -> list[Record]:
    return [record for record in records if dict(record.headers)["ce_type"] == f"agendum.{name}".encode()]


async def run_of(client: Client, run: str) -> Any:
    _, answer, _ = await client.ask("GET", f"/pop/progress/agenda/{run}")
    return answer["all"]


def complete(run: str, started: int = 5) -> dict[str, Any]:
    done = {"operation": "x", "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
    return {
        "agendaProgress": {
            "id": run,
            "startedTime": started,
            "processingState": "COMPLETE",
            "processingStateMessage": "succeeded",
            "operationProgress": [done],
        }
    }


async def test_a_published_agenda_completes_by_topic_alone(acme: Client, publisher: Publisher) -> None:
    identity = fresh()
    run, agenda_id = ids_of("acme", "test", identity, None, 12)
    publisher.publish(SUBMIT, agenda(), identity, key=run)
    # The report is on its way before anything was decided: one key, one order.
    publisher.publish(REPORT, complete(run), f"{identity}-r", key=run)
    publisher.flush()

    async def done() -> Any:
        found = await run_of(acme, run)
        return found and found[0]["processingState"] == "COMPLETE" and found[0]

    progress = await until(done, "the published agenda to complete")
    assert (progress["agendaId"], progress["customerId"]) == (agenda_id, "acme")


async def test_a_cancel_by_topic_ends_the_agenda(acme: Client, publisher: Publisher) -> None:
    waiting = await acme.submit()
    publisher.publish(CANCEL, {"agendaId": waiting["id"]}, fresh())
    publisher.flush()

    async def cancelled() -> bool:
        return bool((await run_of(acme, waiting["progressId"]))[0].get("processingStateMessage") == "cancelled")

    await until(cancelled, "the agenda to be cancelled")


async def test_structured_mode_is_as_good(acme: Client, publisher: Publisher) -> None:
    identity = fresh()
    event = {"specversion": "1.0", "id": identity, "source": "test", "type": SUBMIT, "data": agenda()}
    publisher.raw(b"k", json.dumps(event).encode(), [("content-type", b"application/cloudevents+json; charset=utf-8")])
    publisher.flush()

    await until(lambda: run_of(acme, ids_of("acme", "test", identity, None, 12)[0]), "the agenda")


def said(identity: str, kind: str = SUBMIT) -> list[tuple[str, bytes]]:
    texts = {"specversion": "1.0", "type": kind, "source": "test", "id": identity}
    return [(f"ce_{name}", text.encode()) for name, text in texts.items()]


BIG = b"\xff" * 900_000


@pytest.mark.parametrize(
    ("reason", "key", "value", "kind"),
    [
        ("BadRequestException", b"k", b"\x00\xff garbage", SUBMIT),
        ("UnknownType", b"k", b"{}", "org.example.Other"),
        ("UnknownVersion", b"k", b"{}", "agendum.SubmitAgenda.v7"),
        ("NoKey", None, json.dumps(agenda()).encode(), SUBMIT),
        ("NoCloudEvent", b"k", None, SUBMIT),
        ("BadRequestException", b"k", BIG, SUBMIT),
        ("PayloadTooLargeException", b"k", BIG + BIG, SUBMIT),
        ("BadRequestException", b"k", b'{"operations":[{"payload":' + b"[" * 100_000, SUBMIT),
        (
            "BadRequestException",
            b"k",
            b'{"customerId":"acme","operations":[{"name":"x","type":"t","payload":' + b"[" * 400 + b"]" * 400 + b"}]}",
            SUBMIT,
        ),
    ],
)
async def test_each_bad_message_has_its_place_and_the_next_good_one_goes_on(
    acme: Client, publisher: Publisher, log: KafkaLog, reason: str, key: bytes | None, value: bytes | None, kind: str
) -> None:
    before = len(of_type(await events(log, Topics(PREFIX)), "AgendaSubmitted.v1"))
    bad, good = fresh(), fresh()
    publisher.raw(key, value, [*said(bad, kind), ("trace", b"\xff\x00")], partition=4)
    publisher.raw(b"k", json.dumps(agenda()).encode(), said(good), partition=4)
    publisher.flush()

    await until(lambda: run_of(acme, ids_of("acme", "test", good, None, 12)[0]), "the good one to be accepted")
    found = await rejected(log, ce_id=bad)
    assert (found.reason, found.partition, found.topic) == (reason, 4, f"{PREFIX}-inbox")
    assert found.key == key
    assert dict(found.headers)["trace"] == b"\xff\x00"
    assert found.message
    kept = None if value is None else value[: 512 << 10]
    assert (found.value, found.length, found.is_cut) == (kept, len(value or b""), len(value or b"") > 512 << 10)
    assert found.sha256 == (None if value is None else sha256(value).hexdigest())
    # It changed nothing: the good one is all that was accepted.
    assert len(of_type(await events(log, Topics(PREFIX)), "AgendaSubmitted.v1")) == before + 1


async def test_a_record_that_the_client_cannot_read_stops_nothing(
    acme: Client, publisher: Publisher, log: KafkaLog, kafka: Broker
) -> None:
    await asyncio.to_thread(write, kafka.bootstrap, publisher.topic, 7, "!")
    good = fresh()
    publisher.raw(b"k", json.dumps(agenda()).encode(), said(good), partition=7)
    publisher.flush()

    await until(lambda: run_of(acme, ids_of("acme", "test", good, None, 12)[0]), "the good one to be accepted")

    async def there() -> list[CommandRejected]:
        return [each for each in await rejections(log) if each.partition == 7 and "client can read" in each.message]

    (found,) = await until(there, "a rejection of it")
    assert found.reason == "NoCloudEvent"


async def test_900_kb_that_are_an_agenda_are_accepted_as_over_http(acme: Client, publisher: Publisher) -> None:
    identity = fresh()
    large = agenda(operations=[{"name": "x", "type": "t", "payload": {"text": "y" * 900_000}}])
    publisher.publish(SUBMIT, large, identity)
    publisher.flush()

    await until(lambda: run_of(acme, ids_of("acme", "test", identity, None, 12)[0]), "the large agenda")


@pytest.mark.parametrize(
    "body",
    [
        agenda(customerId=None),
        agenda(customerId="nobody"),
        agenda(operations=[]),
        agenda(operations=[{"name": "x", "type": "t"}, {"name": "X", "type": "t"}]),
        agenda(operations=[{"name": "x", "type": "t", "payload": "@<y.out>"}]),
        agenda(operations=[{"name": "x", "type": "unmapped"}]),
        agenda(params={"maximumAttempts": "many"}),
        agenda(progressId="not-there"),
        None,
    ],
)
async def test_a_refusal_is_the_one_that_http_gives(
    acme: Client, publisher: Publisher, log: KafkaLog, body: dict[str, Any] | None
) -> None:
    _, answer, _ = await acme.ask("POST", "/pop/agenda", raw=json.dumps(body).encode())
    identity = fresh()
    publisher.publish(SUBMIT, body, identity)
    publisher.flush()

    found = await rejected(log, ce_id=identity)
    expected = answer["errorResponse"]
    assert (found.reason, found.code) == (expected["title"], expected["responseCode"])
    assert found.message == expected["description"]


async def test_the_topic_speaks_only_for_the_customers_of_the_setting(
    acme: Client, publisher: Publisher, log: KafkaLog
) -> None:
    other = Client(acme.url, f"t{fresh()}")
    await other.tenant_set_up()
    theirs = await other.submit()
    wishes = {
        fresh(): (SUBMIT, agenda(customerId=other.tenant), "UnauthorizedException"),
        fresh(): (CANCEL, {"agendaId": theirs["id"]}, "ObjectNotFoundException"),
        fresh(): (REPORT, complete(theirs["progressId"]), "BadRequestException"),
    }
    for identity, (kind, body, _) in wishes.items():
        publisher.publish(kind, body, identity)
    publisher.flush()

    for identity, (_, _, reason) in wishes.items():
        assert (await rejected(log, ce_id=identity)).reason == reason
    assert (await run_of(other, theirs["progressId"]))[0]["processingState"] == "WAITING"


async def test_published_twice_it_happens_once_and_another_body_is_refused(
    acme: Client, publisher: Publisher, log: KafkaLog, kafka: Broker
) -> None:
    identity = fresh()
    for key in ("k1", "k2"):  # two records, two partitions, one command
        publisher.publish(SUBMIT, agenda(), identity, key=key)
    publisher.publish(SUBMIT, agenda(title="other"), identity, key="k1")
    publisher.flush()

    assert (await rejected(log, ce_id=identity)).code == 422
    run = ids_of("acme", "test", identity, None, 12)[0]
    await drained(kafka, log)
    records = [record for record in await events(log, Topics(PREFIX)) if record.key == run.encode()]
    assert len(of_type(records, "AgendaSubmitted.v1")) == len(records) == 1


async def drained(kafka: Broker, log: KafkaLog, prefix: str = PREFIX) -> None:
    """Everything that is published so far is done: the positions are the ends."""
    name = Topics(prefix).inbox.name
    positions = Positions(kafka.bootstrap, name, name, 12)
    await positions.start()
    ends = await log.ends(name)

    async def done() -> bool:
        kept = await positions.committed(frozenset(range(12)))
        return all((kept[number] or 0) >= end for number, end in ends.items())

    try:
        await until(done, "the inbox to be done")
    finally:
        await positions.stop()


async def metrics(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        return await answer.text()


async def test_metrics_tell_of_the_inbox(acme: Client, publisher: Publisher, log: KafkaLog) -> None:
    identity = fresh()
    publisher.raw(None, b"{}", said(identity))
    publisher.flush()
    await rejected(log, ce_id=identity)

    async def counted() -> bool:  # a moment after it stands there
        return 'agendum_inbox_rejected_total{reason="NoKey"}' in await metrics(acme.url)

    await until(counted, "it to be counted")
    assert "agendum_inbox_under_way" in await metrics(acme.url)

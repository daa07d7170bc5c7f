"""The inbox from outside: a program that is not ours, our command line, Kafka that forgets, workers that die."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from eventstore.envelope import read_headers
from eventstore.kafka.log import KafkaLog
from eventstore.kafka.positions import Positions
from eventstore.topics import Topics
from handlers.inbox.meaning import CANCEL, REPORT, SUBMIT, ids_of
from tests import nursery
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.test_inbox import (
    SECONDS,
    Publisher,
    agenda,
    complete,
    drained,
    events,
    fresh,
    of_type,
    rejections,
    run_of,
    until,
)
from tests.wire import Client

pytestmark = pytest.mark.kafka


class Place:
    """Two workers of one installation, not started yet, and what looks at it."""

    def __init__(self, kafka: Broker, prefix: str, folder: Path, log: KafkaLog) -> None:
        self.kafka = kafka
        self.prefix = prefix
        self.log = log
        self.log_started = False
        self.topics = Topics(prefix)
        self.publisher = Publisher(kafka.bootstrap, prefix)
        self.workers = [
            WorkerProcess(name, kafka.bootstrap, prefix, folder, inbox_customers="acme", inbox_concurrency=4)
            for name in "AB"
        ]

    async def started(self, *workers: WorkerProcess) -> Client:
        """Start, and wait until they own everything between them; a client of the first, its customer set up."""
        for worker in workers:
            worker.start()
        await until(lambda: self.owned(*workers), "the workers to own everything")
        client = Client(workers[0].url, "acme")
        await client.tenant_set_up()
        if not self.log_started:
            await self.log.start()
            self.log_started = True
        return client

    async def owned(self, *workers: WorkerProcess) -> bool:
        """Whether all of these live, are ready, and own everything between them."""
        async with aiohttp.ClientSession() as session:
            found = [await worker.health(session) for worker in workers]
        ready = [each for each in found if each is not None and each["ready"]]
        return len(ready) == len(workers) and {n for each in ready for n in each["owned"]} == set(range(12))

    def run(self, *command: str, given: str = "") -> Any:
        """What our command line prints."""
        place = {"AGENDUM_KAFKA": self.kafka.bootstrap, "AGENDUM_PREFIX": self.prefix}
        return nursery.run(command, {**os.environ, **place}, given)

    async def tell(self, *command: str, given: str = "") -> Any:
        """The same, without stopping this loop; it must succeed, and prints JSON."""
        done = await asyncio.to_thread(self.run, *command, given=given)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
async def place(kafka: Broker, prefix: str) -> AsyncIterator[Place]:
    with tempfile.TemporaryDirectory(prefix="agendum-inbox-") as folder:
        log = KafkaLog(kafka.bootstrap, {topic.name: topic.partitions for topic in Topics(prefix).all()})
        found = Place(kafka, prefix, Path(folder), log)
        try:
            yield found
        finally:
            for worker in found.workers:
                worker.wake()
                worker.stop()
            for worker in found.workers:
                worker.join()
            await log.stop()


async def test_a_program_that_is_not_ours_publishes_an_agenda_and_follows_it_to_its_end(place: Place) -> None:
    client = await place.started(place.workers[0])
    document = await asyncio.to_thread(place.run, "asyncapi")

    # In a folder of its own and without our code in reach.
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "foreign.py"
        script.write_text((Path(__file__).parent / "foreign.py").read_text())
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-I", str(script), place.kafka.bootstrap],
            input=document.stdout,
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["events"] == [
        "agendum.AgendaSubmitted.v1",
        "agendum.ProgressReported.v2",
        "agendum.ProgressReported.v2",
    ]
    assert (await run_of(client, found["run"]))[0]["processingState"] == "COMPLETE"


async def test_the_command_line_publishes_lists_shows_and_sends_again(place: Place, tmp_path: Path) -> None:
    client = await place.started(place.workers[0])
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(agenda()))
    bad.write_text(json.dumps(agenda(operations=[{"name": "x", "type": "later"}])))

    first, second = await place.tell("publish", str(good), str(bad), "--source", "me", "-o", "json")
    assert (first["progressId"], first["agendaId"]) == ids_of("acme", "me", first["id"], None, 12)
    (progress,) = await until(lambda: run_of(client, first["progressId"]), "the published agenda")
    assert progress["agendaId"] == first["agendaId"]
    await drained(place.kafka, place.log, place.prefix)

    (listed,) = await place.tell("rejections", "list", "-o", "json")
    assert (listed["position"], listed["reason"]) == (0, "ObjectNotFoundException")
    shown = await asyncio.to_thread(place.run, "rejections", "show", "0")
    assert "No available insights" in shown.stdout
    assert '"type":"later"' in shown.stdout
    assert second["id"] in shown.stdout
    listing = await asyncio.to_thread(place.run, "rejections", "list")
    assert second["id"] in listing.stdout

    # What was wrong is set right, and the same command is sent again.
    insight = {"id": "later", "customerId": "acme", "title": "l", "resourcePoolId": "p-acme", "queueName": "q"}
    await client.made("insight", {**insight, "mappers": {"operationType": ["later"]}})
    assert await place.tell("rejections", "resend", "0", "-o", "json") == [0]
    await until(lambda: run_of(client, second["progressId"]), "the one that was refused at first")

    # The same file under the same id once more: one agenda.
    await place.tell("publish", str(good), "--source", "me", "--id", first["id"], "-o", "json")
    await drained(place.kafka, place.log, place.prefix)
    assert len(of_type(await events(place.log, place.topics), "AgendaSubmitted.v1")) == 2
    assert len(await rejections(place.log, place.prefix)) == 1


async def test_what_the_command_line_cannot_do_it_says(place: Place) -> None:
    await place.started(place.workers[0])
    for command, code, says in [
        (("rejections", "show", "7"), 3, "no rejection at 7"),
        (("rejections", "resend", "7"), 3, "no rejection at 7"),
        (("publish", "absent.json"), 2, "cannot read absent.json"),
        (("publish", "-"), 2, "not JSON"),
        (("publish", "a", "b", "--id", "1"), 2, "expected one FILE"),
        (("rejections", "list", "--prefix", "nobodys"), 4, "nobodys-inbox"),
    ]:
        done = await asyncio.to_thread(place.run, *command, given="{")
        assert (done.returncode, says in done.stderr) == (code, True), done.stderr
        assert not done.stdout


async def test_what_kafka_delivers_again_however_late_changes_nothing(place: Place) -> None:
    worker = place.workers[0]
    client = await place.started(worker)
    publisher, identity = place.publisher, fresh()
    run, _ = ids_of("acme", "test", identity, None, 12)
    publisher.publish(SUBMIT, agenda(), identity, key=run)
    early = {"id": run, "startedTime": 5, "processingState": "EXECUTING", "percentComplete": 10.0}
    publisher.publish(REPORT, {"agendaProgress": early}, f"{identity}-1", key=run)
    gone, _ = ids_of("acme", "test", f"{identity}-gone", None, 12)
    publisher.publish(SUBMIT, agenda(), f"{identity}-gone", key=gone)
    publisher.publish(CANCEL, {"agendaId": "nothing"}, f"{identity}-2", key=run)
    publisher.raw(b"k", b"\xff", [])
    publisher.flush()
    await drained(place.kafka, place.log, place.prefix)
    # More keyed requests over HTTP than a head row remembers.
    for percent in range(11, 31):
        for one in (run, gone):
            newer = {"id": one, "startedTime": 5, "processingState": "EXECUTING", "percentComplete": float(percent)}
            path = "/pop/resourcepool/service/updateAgendaProgress"
            _, answer, _ = await client.ask("POST", path, {"agendaProgress": newer}, Idempotency_Key=fresh())
            assert not answer.get("error"), answer
    (vanishing,) = await run_of(client, gone)
    await client.ask("DELETE", f"/pop/agenda/{vanishing['agendaId']}")
    before = await events(place.log, place.topics)
    refused = await rejections(place.log, place.prefix)

    worker.stop()
    worker.join()
    name = place.topics.inbox.name
    positions = Positions(place.kafka.bootstrap, name, name, 12)
    await positions.start()
    await positions.commit(dict.fromkeys(range(12), 0))  # as if Kafka had forgotten
    await positions.stop()
    client = await place.started(worker)
    await drained(place.kafka, place.log, place.prefix)

    after = await events(place.log, place.topics)
    assert [(each.key, each.offset) for each in after] == [(each.key, each.offset) for each in before]
    assert (await run_of(client, run))[0]["percentComplete"] == 30.0
    again = await rejections(place.log, place.prefix)
    # Rejections may come twice, but as the same event with the same bytes.
    assert again[: len(refused)] == refused
    assert {(each.partition, each.offset) for each in again} == {(each.partition, each.offset) for each in refused}
    assert all(each in refused for each in again)


@pytest.mark.parametrize("fault", ["killed", "asleep past its session, then awake"])
async def test_of_200_published_commands_each_happens_once_whatever_happens_to_a_worker_amid_them(
    place: Place, fault: str
) -> None:
    await place.started(*place.workers)
    submitted: dict[str, str] = {}
    while not await amid(place, submitted):
        place.workers[0].wake()  # it had done all that was its own
    if fault == "killed":
        place.workers[0].kill()
    else:
        await until(lambda: place.owned(place.workers[1]), "the other to own everything")
        place.workers[0].wake()
        await until(lambda: place.owned(*place.workers), "both to own everything between them")
    await drained(place.kafka, place.log, place.prefix)

    records = await events(place.log, place.topics)
    accepted = [(record.key or b"").decode() for record in of_type(records, "AgendaSubmitted.v1")]
    reports = [(record.key or b"").decode() for record in of_type(records, "ProgressReported.v2")]
    # Copies of a record may stand in the log (design 4.3): what is applied is told by id and version.
    unique = {(record.key, read_headers(record.headers).id) for record in records}
    assert len(unique) == commands(submitted)
    assert len({(record.key, read_headers(record.headers).version) for record in records}) == commands(submitted)
    assert set(accepted) == set(submitted.values())
    assert set(reports) == {run for number, run in enumerate(submitted.values()) if number % 3 == 0}
    assert await rejections(place.log, place.prefix) == []
    client = Client(place.workers[1].url, "acme")
    for number, run in enumerate(submitted.values()):
        (progress,) = await run_of(client, run)
        assert progress["processingState"] == ("COMPLETE" if number % 3 == 0 else "WAITING"), run


def commands(submitted: Mapping[str, str]) -> int:
    """Submissions, and a report on every third."""
    return len(submitted) + -(-len(submitted) // 3)


async def amid(place: Place, submitted: dict[str, str]) -> bool:
    """Publish 200 commands more, and stop the first worker amid them; whether it still had some of them to do."""

    async def done() -> int:
        return sum((await place.log.ends(place.topics.agendas.name)).values()) - 12

    before = await done()
    for number in range(len(submitted), len(submitted) + 150):
        identity = f"c{number}"
        run = submitted[identity] = ids_of("acme", "test", identity, None, 12)[0]
        place.publisher.publish(SUBMIT, agenda(), identity, key=run)
        if number % 3 == 0:
            place.publisher.publish(REPORT, complete(run), f"{identity}-r", key=run)
    place.publisher.flush()
    async with asyncio.timeout(SECONDS):
        while await done() < before + 20:  # noqa: ASYNC110  # of other processes: there is no event
            await asyncio.sleep(0)
    place.workers[0].pause()
    return await done() < commands(submitted)


async def test_nobody_speaks_by_topic_until_a_setting_says_so(place: Place, tmp_path: Path) -> None:
    deaf = WorkerProcess("D", place.kafka.bootstrap, place.prefix, tmp_path)
    place.workers = [deaf]
    client = await place.started(deaf)
    run, _ = ids_of("acme", "test", "1", None, 12)
    place.publisher.publish(SUBMIT, agenda(), "1", key=run)
    place.publisher.flush()
    accepted = await client.submit()  # it works, and after this has taken its whole way …
    assert await run_of(client, accepted["progressId"])
    assert not await run_of(client, run)

    deaf.stop()
    deaf.join()
    deaf._settings["AGENDUM_INBOX_CUSTOMERS"] = "*"
    client = await place.started(deaf)
    await until(lambda: run_of(client, run), "what was published meanwhile")

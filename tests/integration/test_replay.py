"""`agendum replay` on a real broker, against what a real worker was asked and answered (issue: replay, first part)."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from compose.kafka.cluster import LocalKafka
from eventstore.codec import encode
from eventstore.envelope import Envelope, write_headers
from eventstore.events import TYPES, AgendaDeleted
from eventstore.ids import partition_of
from eventstore.kafka.admin import make_topics
from eventstore.kafka.log import KafkaLog
from eventstore.log import NewRecord
from eventstore.topics import Topics
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.commands import Ended, agendum, begin
from tests.wire import Client

P = 12
#: A stream of each partition.
IN = {partition_of(f"r{number}", P): f"r{number}".encode() for number in range(200)}
OPERATION: dict[str, Any] = {
    "operationProgress": [{"operation": "x", "processingState": "EXECUTING", "percentComplete": 50.0}]
}
DONE: dict[str, Any] = {
    "processingState": "COMPLETE",
    "processingStateMessage": "succeeded",
    "operationProgress": [
        {
            "operation": "x",
            "processingState": "COMPLETE",
            "processingStateMessage": "succeeded",
            "resultPayload": '{"frames":[1,null]}',
        }
    ],
}


class Cli:
    """`agendum` commands on one installation."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix

    def arguments(self, *arguments: str) -> list[str]:
        return [*arguments, "--kafka", self.bootstrap, "--prefix", self.prefix]

    async def replay(self, *arguments: str) -> Ended:
        return await agendum(*self.arguments("replay", *arguments))


def cli_of(worker: WorkerProcess, kafka: Broker) -> Cli:
    return Cli(kafka.bootstrap, worker._settings["AGENDUM_PREFIX"])


async def test_a_runs_events_stand_in_order_with_their_payloads_open(
    worker: WorkerProcess, client: Client, kafka: Broker
) -> None:
    agenda = await client.submit(
        operations=[{"name": "x", "type": "t", "payload": {"in": "x.mov", "deep": {"n": 1.50}}}]
    )
    run = agenda["progressId"]
    await client.pull()
    for report in ({"processingState": "EXECUTING", **OPERATION}, DONE):
        answer = await client.report(run, **report)
        assert not answer["error"], answer
    cli = cli_of(worker, kafka)

    by_key, by_agenda = await asyncio.gather(cli.replay("--key", run), cli.replay("--agenda", agenda["id"]))

    assert by_key.code == 0, by_key.err
    assert by_agenda.lines == by_key.lines
    assert [line["event"] for line in by_key.lines] == [
        "AgendaSubmitted",
        "AgendaDispatched",
        "ProgressReported",
        "ProgressReported",
    ]
    assert {line["verdict"] for line in by_key.lines} == {"applied"}
    assert {line["key"] for line in by_key.lines} == {run}
    assert {line["partition"] for line in by_key.lines} == {partition_of(run, P)}
    assert [line["envelope"]["streamVersion"] for line in by_key.lines] == [1, 2, 3, 4]
    remembered = [line["envelope"].get("request") is not None for line in by_key.lines]
    assert remembered == [False, False, False, True], "a final report may be asked for again when its run has gone on"
    assert by_key.lines[0]["body"]["agenda"]["operations"][0]["payload"] == {"in": "x.mov", "deep": {"n": 1.5}}
    assert by_key.lines[3]["body"]["operations"][0]["resultPayload"] == '{"frames":[1,null]}'
    sealed = (await cli.replay("--key", run, "--sealed")).lines
    assert sealed[0]["body"]["agenda"]["operations"][0]["payload"]["in"].startswith("plain:")


async def test_what_ends_a_run_or_gives_it_back_is_remembered_though_it_came_without_a_key(
    worker: WorkerProcess, client: Client, kafka: Broker
) -> None:
    agenda = await client.submit("x")
    run = agenda["progressId"]
    await client.pull()
    for path, body in (
        ("/pop/resourcepool/service/handBackAgenda", {"agendaProgressId": run}),
        ("/pop/agenda/service/cancel", {"agendaId": agenda["id"]}),
    ):
        _, answer, _ = await client.ask("POST", path, body)
        assert answer == {"error": False}

    found = await cli_of(worker, kafka).replay("--key", run)

    remembered = {line["event"] for line in found.lines if line["envelope"].get("request") is not None}
    assert remembered == {"AgendaHandedBack", "AgendaCancelled"}, "others may come between when they are asked again"


async def test_folded_views_are_what_http_served_at_each_position_of_a_runs_life(
    worker: WorkerProcess, client: Client, kafka: Broker
) -> None:
    agenda = await client.submit(
        operations=[{"name": "x", "type": "t", "payload": {"a": None, "b": [1, None]}}, {"name": "y", "type": "t"}]
    )
    run = agenda["progressId"]
    served: list[tuple[int, Any, Any]] = []

    async def look() -> None:
        _, progress, headers = await client.ask("GET", f"/pop/progress/agenda/{run}")
        _, agendas, after = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        # One answer of two requests: nothing else writes into this run, so what both saw is one moment of it.
        position = int(headers["Agendum-Position"].partition("@")[2])
        assert f"agendas/{partition_of(run, P)}@{position}" in after["Agendum-Position"].split(",")
        served.append((position, progress["all"], agendas["all"]))

    await look()
    await client.pull()
    await look()
    await client.report(run, processingState="EXECUTING", diagnosticEvents=[{"message": "on it"}, None], **OPERATION)
    await look()
    await client.report(run, **DONE)
    await look()
    await client.ask("DELETE", f"/pop/agenda/{agenda['id']}")
    await look()
    await client.ask("DELETE", f"/pop/progress/agenda/{run}")
    await look()
    cli = cli_of(worker, kafka)

    for position, progress, agendas in served:
        folded = await cli.replay("--fold", "--key", run, "--until", str(position + 1))
        assert folded.code == 0, folded.err
        [view] = folded.lines
        assert view["position"] == position
        assert ([] if view["progress"] is None else [view["progress"]]) == progress
        assert view["agendas"] == agendas
    assert len({str(view) for _, *view in served}) == len(served), "every step shows in what was served"
    before = await cli.replay("--fold", "--key", run, "--until", "1")
    assert before.code == 3, "offset 0 holds the opening of the log alone"


async def test_folding_everything_gives_each_run_as_it_is_served(
    worker: WorkerProcess, client: Client, kafka: Broker
) -> None:
    runs = [(await client.submit())["progressId"] for _ in range(5)]

    folded = await cli_of(worker, kafka).replay("--fold")

    views = {view["key"]: view["progress"] for view in folded.lines}
    assert {run: views[run] for run in runs} == {run: await client.progress(run) for run in runs}


async def test_times_bound_a_replay_half_open(worker: WorkerProcess, client: Client, kafka: Broker) -> None:
    cli = cli_of(worker, kafka)
    run = (await client.submit())["progressId"]
    await client.pull()
    await client.report(run, **DONE)
    whole = (await cli.replay("--key", run)).lines
    times = [line["time"] for line in whole]
    assert times == sorted(set(times)), "three requests one after another"

    between = await cli.replay("--key", run, "--from", times[1], "--until", times[2])
    ms = [str(round(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1000)) for time in times]
    in_ms = await cli.replay("--key", run, "--from", ms[1], "--until", ms[2])

    assert between.lines == in_ms.lines == whole[1:2]


async def test_every_record_that_is_no_event_is_shown_with_what_it_is(kafka: Broker, prefix: str) -> None:
    topics, log = await installation(kafka, prefix)
    name = topics.agendas.name
    home = partition_of("r1", P)
    value, headers = encode(envelope(AgendaDeleted), AgendaDeleted(agenda_id="a1"))
    try:
        await log.append(name, home, NewRecord(b"r1", b"\xff\x00 not ours", [("h", b"\xfe")]))
        await log.append(name, home, NewRecord(b"r1", value, headers))
        await log.append(name, home, NewRecord(b"r1", value, headers))
        await log.append(name, (home + 1) % P, NewRecord(b"r1", value, headers))
    finally:
        await log.stop()

    shown = await Cli(kafka.bootstrap, prefix).replay("--verdicts")

    assert shown.code == 0, shown.err
    lines = {(line["partition"], line["offset"]): line for line in shown.lines}
    assert lines[home, 0]["dropped"] == "unreadable"
    assert lines[home, 0]["value"] == {"base64": "/wAgbm90IG91cnM="}
    assert lines[home, 0]["headers"] == [["h", {"base64": "/g=="}]]
    assert (lines[home, 1]["verdict"], lines[home, 2]["verdict"]) == ("applied", "duplicate")
    assert lines[(home + 1) % P, 0]["dropped"] == "key of another partition"
    assert lines[(home + 1) % P, 0]["event"] == "AgendaDeleted"


async def test_what_a_newer_release_wrote_ends_the_replay_loudly(kafka: Broker, prefix: str) -> None:
    topics, log = await installation(kafka, prefix)
    home = partition_of("r1", P)
    value, headers = encode(envelope(AgendaDeleted), AgendaDeleted(agenda_id="a1"))
    newer = write_headers(Envelope(id="e2", type="agendum.AgendaDeleted.v99", source="w", time=0, version=2))
    try:
        await log.append(topics.agendas.name, home, NewRecord(b"r1", value, headers))
        await log.append(topics.agendas.name, home, NewRecord(b"r1", b"{}", newer))
    finally:
        await log.stop()
    cli = Cli(kafka.bootstrap, prefix)

    events, views = await asyncio.gather(cli.replay("--partition", str(home)), cli.replay("--fold"))

    assert (events.code, views.code) == (4, 4)
    assert [line["offset"] for line in events.lines] == [0], "what stands before it is shown"
    assert "AgendaDeleted.v99" in events.err
    assert views.lines == []


async def test_a_range_that_is_gone_is_refused_with_what_is_there(kafka: Broker, prefix: str) -> None:
    topics, log = await installation(kafka, prefix)
    name, home = topics.agendas.name, partition_of("r1", P)
    value, headers = encode(envelope(AgendaDeleted), AgendaDeleted(agenda_id="a1"))
    try:
        for _ in range(4):
            await log.append(name, home, NewRecord(b"r1", value, headers))
    finally:
        await log.stop()
    cli = Cli(kafka.bootstrap, prefix)
    partition = ("--partition", str(home))
    first = (await cli.replay(*partition)).lines[0]["time"]

    beyond = await cli.replay(*partition, "--until", "5")
    to_the_end = await cli.replay(*partition, "--until", "4")
    await delete_records(kafka, name, home, 2)
    cut, rest, early, whole = await asyncio.gather(
        cli.replay(*partition, "--from", "1"),
        cli.replay(*partition, "--from", "2"),
        cli.replay(*partition, "--from", first),
        cli.replay("--fold"),
    )

    assert [line["offset"] for line in to_the_end.lines] == [0, 1, 2, 3]
    assert beyond.code == 4
    assert "found 0 to 4" in beyond.err
    assert (cut.code, early.code, whole.code) == (4, 4, 4)
    assert "found 2 to 4" in cut.err
    assert "before offset 2 were deleted" in early.err
    assert [line["offset"] for line in rest.lines] == [2, 3]
    assert not beyond.out
    assert not cut.out


async def test_an_offset_without_a_partition_and_other_nonsense_is_a_usage_error(kafka: Broker, prefix: str) -> None:
    _, log = await installation(kafka, prefix)
    await log.stop()
    cli = Cli(kafka.bootstrap, prefix)

    ended = await asyncio.gather(
        cli.replay("--from", "1"),
        cli.replay("--until", "yesterday"),
        cli.replay("--key", "a", "--agenda", "b"),
        cli.replay("-f", "--until", "2026-01-01"),
        cli.replay("--fold", "--topic", "catalogue"),
        cli.replay("--key", "r1", "--partition", str((partition_of("r1", P) + 1) % P)),
        cli.replay("--from", "2026-01-02", "--until", "2026-01-01"),
        cli.replay("--partition", "0", "--from", "2", "--until", "1"),
    )

    assert [each.code for each in ended] == [2] * 8, [each.err for each in ended]
    assert all("error: " in each.err and "next: " in each.err for each in ended)


async def test_following_shows_a_new_event_and_ends_at_ctrl_c(
    worker: WorkerProcess, client: Client, kafka: Broker
) -> None:
    cli = cli_of(worker, kafka)
    run = (await client.submit())["progressId"]
    command = await begin(*cli.arguments("replay", "--key", run, "-f"))

    first = await command.line()
    await client.pull()
    second = await command.line()
    command.interrupt()
    ended = await command.end()

    assert (first["event"], second["event"]) == ("AgendaSubmitted", "AgendaDispatched")
    assert (first["verdict"], second["verdict"]) == ("applied", "applied")
    assert second["offset"] > first["offset"]
    assert ended.code == 130
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("caught_up", [True, False])
async def test_following_goes_on_when_the_broker_comes_back(prefix: str, tmp_path: Path, caught_up: bool) -> None:
    """Whether it was killed while the past was still read, partition by partition, or later."""
    cluster = await asyncio.to_thread(LocalKafka(tmp_path).start)
    try:
        topics, log = await installation(Broker(cluster.bootstrap), prefix)
        value, headers = encode(envelope(AgendaDeleted), AgendaDeleted(agenda_id="a1"))

        async def append() -> None:
            for number in (0, P - 1):
                await log.append(topics.agendas.name, number, NewRecord(IN[number], value, headers))

        await append()
        command = await begin(*Cli(cluster.bootstrap, prefix).arguments("replay", "-f", "--verdicts"))
        seen = [await command.line()]
        if caught_up:
            seen.append(await command.line())
        await asyncio.to_thread(cluster.kill)
        await asyncio.to_thread(cluster.start_node)
        await asyncio.to_thread(cluster.wait)
        await append()
        while len(seen) < 4:
            seen.append(await command.line())
        command.interrupt()
        ended = await command.end()
        await log.stop()
    finally:
        cluster.stop()

    found = sorted((line["partition"], line["offset"], line["verdict"]) for line in seen)
    assert found == [(0, 0, "applied"), (0, 1, "duplicate"), (P - 1, 0, "applied"), (P - 1, 1, "duplicate")]
    assert ended.code == 130


async def test_a_reader_that_has_seen_enough_ends_it_quietly(
    worker: WorkerProcess, client: Client, kafka: Broker
) -> None:
    await client.submit(operations=[{"name": "x", "type": "t", "payload": {"fill": "x" * 500_000}}])
    command = await begin(*cli_of(worker, kafka).arguments("replay"))
    await command.leave()
    ended = await command.end()

    assert (ended.code, ended.err) == (0, "")


async def test_the_catalogue_and_the_inbox_can_be_replayed(
    worker: WorkerProcess, client: Client, kafka: Broker
) -> None:
    cli = cli_of(worker, kafka)

    catalogue, inbox, unknown = await asyncio.gather(
        cli.replay("--topic", "catalogue", "--key", f"customer/{client.tenant}"),
        cli.replay("--topic", f"{cli.prefix}-inbox"),
        cli.replay("--topic", "nothing-of-ours"),
    )

    assert [line["event"] for line in catalogue.lines] == ["CustomerSaved"]
    assert inbox.code == 0
    assert unknown.code == 3


def envelope(kind: type) -> Envelope:
    return Envelope(id="e1", type=TYPES[kind], source="w", time=0, version=1)


async def installation(kafka: Broker, prefix: str) -> tuple[Topics, KafkaLog]:
    """The topics of a prefix, empty, and a log to write to them."""
    topics = Topics(prefix, P)
    await make_topics(kafka.bootstrap, topics.all(), 1)
    log = KafkaLog(kafka.bootstrap, {topic.name: topic.partitions for topic in topics.all()})
    await log.start()
    return topics, log


async def delete_records(kafka: Broker, name: str, partition: int, before: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(name, partition): RecordsToDelete(before)})
    finally:
        await admin.close()

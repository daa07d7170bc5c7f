"""`agendum doctor` on a real broker and a real worker, and on what is not one."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pexpect
import pytest
from aiohttp import web
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from compose.kafka.cluster import LocalKafka
from compose.ports import free_ports
from eventstore.kafka.admin import make_topics
from eventstore.topics import Topics
from handlers.cli import probes
from handlers.cli.checks import Check, Level
from handlers.cli.commands.doctor import examine
from tests import nursery
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.wire import SECONDS, share

pytestmark = pytest.mark.kafka
LATE = "does not answer within"
COMMAND = [sys.executable, "-c", "from handlers.cli.main import main; main()", "doctor"]


def by_name(found: list[Check]) -> dict[str, Check]:
    return {check.check: check for check in found}


def nowhere() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


def url_nowhere() -> str:
    return f"http://{nowhere()}"


class Mute:
    """Takes connections, never says a word, and notes what becomes of them."""

    def __init__(self) -> None:
        self.address = ""
        #: how many there are, after each that came or went
        self.open = [0]

    async def __aenter__(self) -> "Mute":
        self._server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.append(self.open[-1] + 1)
        try:
            await reader.read()  # to its end
        finally:
            self.open.append(self.open[-1] - 1)
            writer.close()


@pytest.fixture
async def mute() -> AsyncIterator[Mute]:
    async with Mute() as found:
        yield found


@pytest.fixture
async def stranger() -> AsyncIterator[str]:
    """A web server that is not an Agendum."""
    runner = web.ServerRunner(web.Server(lambda _: answered()))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def answered() -> web.Response:
    return web.Response(text="hello")


async def examined(bootstrap: str, prefix: str, url: str, data: Path) -> list[Check]:
    """What is found where Kafka answers within 4 s, which it may not on a machine under load."""
    async with asyncio.timeout(SECONDS):
        while LATE in by_name(found := await examine(bootstrap, prefix, url, data))["kafka"].found:
            pass
    return found


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same of the command."""
    deadline = time.monotonic() + SECONDS
    while LATE in (done := nursery.run(["doctor", *arguments], os.environ)).stdout:
        assert time.monotonic() < deadline, done.stdout
    return done


async def test_all_is_well_where_a_worker_serves(worker: WorkerProcess, kafka: Broker, tmp_path: Path) -> None:
    prefix = worker._settings["AGENDUM_PREFIX"]
    await share([worker])
    found = await examined(kafka.bootstrap, prefix, worker.url, tmp_path)
    assert not [check for check in found if check.level is Level.FAIL]
    named = by_name(found)
    assert named["kafka"].found.startswith("4.0 or newer, cluster ")
    assert f"controller {kafka.bootstrap}" in named["kafka"].found
    assert [check.level for name, check in named.items() if name.startswith("topic ")] == [Level.OK] * 5
    assert named["port"].found == f"an Agendum listens at {worker.url}"
    assert named["ready"].found == "ready; owns 12 partitions"


async def test_nothing_is_created_by_looking(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    for _ in range(2):
        named = by_name(await examined(kafka.bootstrap, prefix, url_nowhere(), tmp_path))
        assert [check.level for name, check in named.items() if name.startswith("topic ")] == [Level.WARN] * 5
    assert named["service"].level is Level.WARN


async def test_wrong_settings_of_a_topic_are_found(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    topics = Topics(prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    wrong = {**topics.agendas.settings, "retention.ms": "1000"}
    await admin.create_topics([NewTopic(topics.agendas.name, 4, 1, topic_configs=wrong)])
    await admin.close()
    await make_topics(kafka.bootstrap, [topics.catalogue], 1)
    named = by_name(await examined(kafka.bootstrap, prefix, url_nowhere(), tmp_path))
    agendas = named[f"topic {topics.agendas.name}"]
    assert agendas.level is Level.FAIL
    assert agendas.found == "expected 12 partitions, found 4; expected retention.ms=-1, found 1000"
    assert named[f"topic {topics.catalogue.name}"].level is Level.OK


async def test_a_broker_that_is_away_is_said_at_once(tmp_path: Path, prefix: str) -> None:
    address = nowhere()
    kafka = by_name(await examine(address, prefix, url_nowhere(), tmp_path))["kafka"]
    assert kafka.level is Level.FAIL
    assert kafka.found == f"nothing at {address} speaks Kafka (KafkaConnectionError)"


async def why_away(cluster: LocalKafka, prefix: str) -> str:
    """What is said once the node has started so far that it answers."""
    async with asyncio.timeout(60):
        while True:
            found = str(await probes.kafka(cluster.bootstrap, [prefix]))
            if "answers, but" in found:
                return found
            await asyncio.sleep(0.2)


async def test_a_broker_that_gives_out_an_address_which_nobody_reaches_is_told_from_one_that_is_away(
    tmp_path: Path, prefix: str
) -> None:
    dead = nowhere()
    cluster = LocalKafka(tmp_path / "kafka", settings={"advertised.listeners": f"PLAINTEXT://{dead}"})
    cluster.nodes[0].format("AgendumAgendumAgendumA")
    await asyncio.to_thread(cluster.nodes[0].start)
    try:
        kafka = await why_away(cluster, prefix)
        assert f"{cluster.bootstrap} answers, but the addresses that it gives its clients, {dead}, do not" in kafka
        assert "advertised.listeners" in kafka
    finally:
        cluster.stop()


async def test_what_never_answers_is_waited_for_once_and_for_less_than_five_seconds(
    mute: Mute, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All wait together: on a machine that does nothing else, the longest wait is what it costs.
    assert probes.SECONDS < 5
    named = by_name(await examine(mute.address, prefix, f"http://{mute.address}", tmp_path))
    assert mute.open[:4] == [0, 1, 2, 3], "Kafka's, and those of the service and of a worker here"
    assert (named["kafka"].level, named["kafka"].found) == (Level.FAIL, f"{mute.address} does not answer within 4 s")
    assert (named["port"].level, named["service"].level) == (Level.FAIL, Level.FAIL)


async def test_a_port_that_something_else_has_is_found(
    kafka: Broker, stranger: str, tmp_path: Path, prefix: str
) -> None:
    named = by_name(await examined(kafka.bootstrap, prefix, stranger, tmp_path))
    assert named["port"].level is Level.FAIL
    assert named["port"].found == f"{stranger} is taken by something else: its /healthz is not ours"
    assert named["service"].level is Level.FAIL


async def test_a_variable_that_no_worker_starts_with_is_named(
    kafka: Broker, tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENDUM_PARTITIONS", "many")
    monkeypatch.setenv("AGENDUM_HOST", "0.0.0.0")  # noqa: S104
    found = by_name(await examined(kafka.bootstrap, prefix, url_nowhere(), tmp_path))["settings"]
    assert found.level is Level.FAIL
    assert "AGENDUM_PARTITIONS: Input should be a valid integer" in found.found


async def test_through_a_pipe_it_is_plain_lines_and_fails_if_a_check_fails(kafka: Broker, prefix: str) -> None:
    options = ["--kafka", kafka.bootstrap, "--prefix", prefix, "--url", url_nowhere()]
    well = await asyncio.to_thread(doctor, *options)
    assert (well.returncode, well.stderr) == (0, "")
    assert "\x1b" not in well.stdout
    lines = well.stdout.splitlines()
    assert len(lines) == 12
    assert all(line.split()[0] in ("ok", "warn") for line in lines)
    ill = await asyncio.to_thread(doctor, *options[2:], "--kafka", nowhere())
    assert (ill.returncode, ill.stderr) == (1, "")
    assert [line.split()[1] for line in ill.stdout.splitlines() if line.startswith("fail")] == ["kafka"]


async def test_as_json_it_is_one_document(kafka: Broker, prefix: str) -> None:
    done = await asyncio.to_thread(
        doctor, "--kafka", kafka.bootstrap, "--prefix", prefix, "--url", url_nowhere(), "-o", "json"
    )
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (0, True)
    assert [check["check"] for check in found["checks"]][:6] == ["python", "java", "maven", "disk", "port", "kafka"]
    assert {"check", "level", "found", "next"} == found["checks"][0].keys()


def test_on_a_terminal_levels_are_coloured() -> None:
    terminal = {"TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    child = pexpect.spawn(
        COMMAND[0], [*COMMAND[1:], "--kafka", nowhere(), "--url", url_nowhere()], env=terminal, encoding="utf-8"
    )
    child.expect(pexpect.EOF, timeout=120)
    child.close()
    assert child.exitstatus == 1
    assert "\x1b[32mok" in str(child.before)
    assert "\x1b[1;31mfail" in str(child.before)

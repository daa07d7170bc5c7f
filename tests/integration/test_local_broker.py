"""The local broker: real data over kill -9, jars by sum, nothing that outlives its parent (design 7)."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from compose.kafka.cluster import LocalKafka
from compose.kafka.jars import JarsRefused, jars, known_sums, verify
from eventstore.errors import Unavailable
from eventstore.kafka.admin import make_topics
from eventstore.topics import Topic
from tests.integration.operations.programs import is_alive

pytestmark = pytest.mark.kafka
COMMON = {"max.message.bytes": "8388608"}


async def made(kafka: LocalKafka, replication: int) -> None:
    """The topic; a node that has just come back may not answer the first time."""
    async with asyncio.timeout(120):
        while True:
            try:
                return await make_topics(kafka.bootstrap, [Topic("t", 1, COMMON)], replication)
            except Unavailable:
                await asyncio.sleep(0.2)


async def write_and_read(kafka: LocalKafka, replication: int, text: bytes) -> list[bytes]:
    await made(kafka, replication)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait("t", text, partition=0)
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    place = TopicPartition("t", 0)
    consumer.assign([place])
    await consumer.seek_to_beginning(place)
    found: list[bytes] = []
    end = (await consumer.end_offsets([place]))[place]
    while len(found) < end:
        found += [record.value for record in (await consumer.getmany(timeout_ms=1000)).get(place, [])]
    await consumer.stop()
    return found


@pytest.mark.parametrize("nodes", [1, 3])
async def test_data_outlives_kill_9_and_a_restart_on_the_same_port(tmp_path: Path, nodes: int) -> None:
    kafka = await in_thread(LocalKafka(tmp_path, nodes).start)
    try:
        assert await write_and_read(kafka, nodes, b"one") == [b"one"]
        address = kafka.bootstrap
        kafka.kill(1)
        kafka.start_node(1)
        await in_thread(kafka.wait)
        assert kafka.bootstrap == address
        assert await write_and_read(kafka, nodes, b"two") == [b"one", b"two"]
    finally:
        kafka.stop()


def test_a_cluster_s_name_may_begin_with_a_dash(tmp_path: Path) -> None:
    # One drawn name in 64 does.
    node = LocalKafka(tmp_path).nodes[0]
    node.format("-gendumAgendumAgendumA")
    assert "cluster.id=-gendumAgendumAgendumA" in (node.folder / "data" / "meta.properties").read_text()


async def in_thread(call: object) -> LocalKafka:
    """Run outside the loop, which `wait` needs for itself."""
    found: LocalKafka = await asyncio.to_thread(call)  # type: ignore[arg-type]
    return found


@pytest.fixture
def tampered(tmp_path: Path) -> Path:
    """A copy of the jars, as links, so that one can be changed."""
    folder = tmp_path / "libs"
    folder.mkdir()
    for jar in jars().glob("*.jar"):
        (folder / jar.name).symlink_to(jar)
    return folder


def test_a_jar_with_another_sum_is_refused_by_name(tampered: Path) -> None:
    name = sorted(known_sums())[3]
    (tampered / name).unlink()
    (tampered / name).write_bytes(b"tampered")
    with pytest.raises(JarsRefused, match=f"jar {name}: expected SHA-256 {known_sums()[name]}, found"):
        verify(tampered)


def test_a_missing_and_an_unknown_jar_are_refused_by_name(tampered: Path) -> None:
    name = min(known_sums())
    (tampered / name).rename(tampered / "other.jar")
    with pytest.raises(JarsRefused, match=r"jar (other|HdrHistogram-2\.2\.2)\.jar"):
        verify(tampered)


def test_no_node_survives_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from compose.kafka.cluster import LocalKafka\n"
        "kafka = LocalKafka(Path(sys.argv[1])).start()\n"
        "print(kafka.nodes[0].process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ)
    assert parent.stdout is not None
    java = psutil.Process(int(parent.stdout.readline()))
    parent.stdout.close()
    assert java.is_running()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 60
    while is_alive(java.pid):
        assert time.monotonic() < deadline, "the node outlived its parent"

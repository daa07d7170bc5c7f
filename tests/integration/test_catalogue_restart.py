"""A worker that starts again begins behind its snapshot of the catalogue, and knows what it knew (design 4.6)."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from eventstore.topics import Topics
from projections.catalogue.file import NAME
from tests.conftest import Broker
from tests.faults.judge import whole_topic
from tests.faults.processes import WorkerProcess

pytestmark = pytest.mark.kafka
KINDS = ("customer", "resourcepool", "insight", "agendatemplate")
HEADERS = {"Authorization": "x"}
BEGINS = re.compile(r"begins=(\d+) end=(\d+)")


class Restarted:
    """One worker, and what it says of the catalogue over its starts."""

    def __init__(self, kafka: Broker, prefix: str, folder: Path, session: aiohttp.ClientSession) -> None:
        self.worker = WorkerProcess("W", kafka.bootstrap, prefix, folder, partitions=1)
        self.bootstrap, self.topics = kafka.bootstrap, Topics(prefix, 1)
        self.session = session
        self.file = self.worker.data / NAME

    async def start(self, **settings: object) -> tuple[int, int]:
        """Start, and wait until it is ready: where the catalogue begins, and where its topic ended."""
        starts = len(self._begins())
        self.worker.start(**settings)
        async with asyncio.timeout(120):
            while not ((health := await self.worker.health(self.session)) and health["ready"]):  # noqa: ASYNC110  # another process
                assert self.worker.alive, self.said()
                await asyncio.sleep(0.1)
        found = self._begins()
        assert len(found) == starts + 1, self.said()
        return found[-1]

    async def stop(self) -> None:
        self.worker.stop()
        await asyncio.to_thread(self.worker.join)

    async def dies(self) -> None:
        """It does, as if by kill -9, at the failpoint that it was given."""
        await asyncio.to_thread(self.worker.join, 120)
        assert self.worker.exit == -signal.SIGKILL, self.said()
        assert "failpoint catalogue:1 was passed" in self.said()

    def said(self) -> str:
        return self.worker.log.read_text()

    def refusals(self) -> list[str]:
        return [line for line in self.said().splitlines() if "of no use" in line]

    def _begins(self) -> list[tuple[int, int]]:
        found = BEGINS.findall(self.said()) if self.worker.log.exists() else []
        return [(int(begin), int(end)) for begin, end in found]

    async def put(self, kind: str, identity: str, **fields: Any) -> None:
        await self._ask("POST", kind, {"id": identity, "customerId": "acme", "title": identity, **fields})

    async def delete(self, kind: str, identity: str) -> None:
        await self._ask("DELETE", f"{kind}/{identity}")

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        said = json.loads(await self._answer(method, path, body))
        assert not said["error"], said
        return said["all"]

    async def _answer(self, method: str, path: str, body: Any = None) -> bytes:
        """The first answer that is neither marked nor "not now": a busy broker may take its 200 ms."""
        address = f"{self.worker.url}/pop/{path}"
        async with asyncio.timeout(120):
            while True:
                async with self.session.request(method, address, json=body, headers=HEADERS) as answer:
                    text = await answer.read()
                if answer.status != 503 and "Agendum-Stale" not in answer.headers:
                    return text
                await asyncio.sleep(0.1)

    async def length(self) -> int:
        """The end of the catalogue's topic."""
        return len((await whole_topic(self.bootstrap, self.topics.catalogue))[0])

    async def lists(self) -> list[bytes]:
        """The bytes of every list of the catalogue."""
        return [await self._answer("GET", kind) for kind in KINDS]

    async def bound_to(self) -> str:
        """The Insight that an agenda is bound to: the first in storage order that matches."""
        body = {"customerId": "acme", "operations": [{"name": "x", "type": "t"}], "params": {"doNotRun": "true"}}
        return str((await self._ask("POST", "agenda", body))[0]["agendaInsight"]["insightId"])

    async def fill(self) -> None:
        """Objects of each kind; the Insight that was first is deleted and comes back, so it is matched last."""
        matched = {"resourcePoolId": "acme", "mappers": {"operationType": ["t"]}}
        await self.put("resourcepool", "acme")
        await self.put("customer", "acme", resourcePoolId="acme")
        for name in ("c", "b", "a"):
            await self.put("insight", name, **matched)
        await self.delete("insight", "c")
        await self.put("insight", "c", **matched)
        await self.put("insight", "gone", **matched)
        await self.delete("insight", "gone")
        await self.put("agendatemplate", "t", agenda={"operations": [{"name": "a", "type": "t"}]}, params={"p": "é\n"})


@pytest.fixture
async def restarted(kafka: Broker, prefix: str, tmp_path: Path) -> AsyncIterator[Restarted]:
    async with aiohttp.ClientSession() as session:
        found = Restarted(kafka, prefix, tmp_path, session)
        try:
            yield found
        finally:
            await found.stop()


async def test_it_begins_behind_its_snapshot_and_without_one_it_knows_the_same(restarted: Restarted) -> None:
    assert (await restarted.start())[0] == 0
    await restarted.fill()
    before, bound = await restarted.lists(), await restarted.bound_to()
    assert bound == "b"
    await restarted.stop()
    end = await restarted.length()

    assert await restarted.start() == (end, end)
    assert (await restarted.lists(), await restarted.bound_to()) == (before, bound)
    await restarted.delete("insight", "b")
    await restarted.put("insight", "gone", mappers={"operationType": ["t"]}, resourcePoolId="acme")
    after = await restarted.lists()
    assert after != before
    assert await restarted.bound_to() == "a", "changes go on from the heads that the snapshot has"
    await restarted.stop()
    later = await restarted.length()
    assert later > end

    for spoil in (restarted.file.unlink, lambda: restarted.file.write_bytes(b"garbage\n{}")):
        spoil()
        assert await restarted.start() == (0, later)
        assert (await restarted.lists(), await restarted.bound_to()) == (after, "a")
        await restarted.stop()
        assert await restarted.start() == (later, later), "it was written anew"
        assert (await restarted.lists(), await restarted.bound_to()) == (after, "a")
        await restarted.stop()
    (line,) = restarted.refusals()
    assert "expected='bytes whose digest is " in line
    assert "found=\"b'garbage'\"" in line


async def test_killed_while_it_writes_it_begins_behind_what_was_there_before(restarted: Restarted) -> None:
    restarted.worker.start(failpoint="catalogue:1")  # its first one: it has caught up with an empty topic
    await restarted.dies()
    assert not restarted.file.exists()
    assert (await restarted.start())[0] == 0
    await restarted.fill()
    await restarted.stop()

    kept, _ = await restarted.start(failpoint="catalogue:1")
    await restarted.put("customer", "late")
    assert await restarted.length() > kept
    lists = await restarted.lists()
    restarted.worker.stop()  # it writes when it leaves
    await restarted.dies()
    assert restarted.file.with_suffix(".new").exists(), "it was killed with the new one half done"
    assert await restarted.start() == (kept, await restarted.length())
    assert await restarted.lists() == lists
    assert not restarted.refusals()


async def test_a_topic_made_anew_is_read_whole_whatever_was_kept(restarted: Restarted, kafka: Broker) -> None:
    await restarted.start()
    await restarted.fill()
    await restarted.stop()
    kept = restarted.file.read_bytes()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([restarted.topics.catalogue.name])
        async with asyncio.timeout(120):
            while restarted.topics.catalogue.name in await admin.list_topics():  # noqa: ASYNC110  # the broker's
                await asyncio.sleep(0.1)
    finally:
        await admin.close()

    assert (await restarted.start())[0] == 0
    (line,) = restarted.refusals()
    assert "expected='log " in line
    assert "found='log " in line
    assert [json.loads(each)["all"] for each in await restarted.lists()] == [[], [], [], []]
    await restarted.fill()
    await restarted.stop()
    assert restarted.file.read_bytes() != kept, "what is there now is what is kept"
    assert (await restarted.start())[0] > 0

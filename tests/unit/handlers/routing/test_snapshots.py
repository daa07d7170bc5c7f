"""Snapshots over HTTP, with owners that lose their partition in the middle of one."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from eventstore.errors import Moving, Unavailable
from handlers.cli.fetching import fetch, owners_of
from handlers.cli.replaying import Subject
from handlers.cli.verifying import Verifier
from handlers.endpoints.server import HopApi
from handlers.process.listener import HttpServer
from handlers.routing.hops import hop_route
from handlers.routing.snapshots import OWNERS, Copies, answered, snapshot_routes
from projections.partition import Partition
from tests import builders as b
from tests.history import TOPIC, History, classifier

SECRET = "s"


class Owner:
    """One worker's internal and public listener in one; `owned` answers each question for the owner."""

    def __init__(self, owned: Callable[[], Partition | None]) -> None:
        self.asked = 0
        self._owned = owned
        self.server = HttpServer(
            HopApi(
                dict([*snapshot_routes(SECRET, Copies(self._owner)), hop_route(OWNERS, SECRET, answered(self._owners))])
            ),
            "127.0.0.1",
            0,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def _owner(self, _: int) -> Partition | None:
        self.asked += 1
        return self._owned()

    def _owners(self) -> dict[int, str]:
        return {0: self.url}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as found:
        yield found


def story_of(runs: int) -> History:
    story = History()
    for number in range(runs):
        story.add(b.submit(f"a{number}", stream=f"r{number}", id=f"s{number}"))
    return story


def verifier(story: History, session: aiohttp.ClientSession, url: str, patience: float = 60.0) -> Verifier:
    subject = Subject(name=TOPIC, partitions=1, classify=classifier())
    return Verifier(log=story.log, subject=subject, session=session, url=url, secret=SECRET, patience=patience)


async def test_a_partition_that_moves_in_the_middle_is_asked_for_again(session: aiohttp.ClientSession) -> None:
    story = story_of(300)
    turns: list[Any] = [None, story.live, story.live, None]
    owner = Owner(lambda: turns.pop(0) if turns else story.live)
    await owner.server.start()
    try:
        result = await verifier(story, session, owner.url).verify(0)
    finally:
        await owner.server.stop()

    assert result.equal
    assert (result.position, result.rows) == (300, 299 * 5), "one submission stands where the poisonous record is"
    assert not turns, "it was away once, and lost its partition in the middle of a snapshot once"


async def test_half_a_snapshot_is_never_taken_for_a_whole(session: aiohttp.ClientSession) -> None:
    story = story_of(300)
    turns: list[Any] = [story.live, story.live]
    owner = Owner(lambda: turns.pop(0) if turns else None)
    await owner.server.start()
    try:
        with pytest.raises(Moving):
            await fetch(session, owner.url, SECRET, 0)
        with pytest.raises(Moving, match="between two owners"):
            await verifier(story, session, owner.url, patience=0.0).verify(0)
    finally:
        await owner.server.stop()


async def test_a_worker_that_is_not_there_is_away(session: aiohttp.ClientSession) -> None:
    with pytest.raises(Unavailable):
        await owners_of(session, "http://127.0.0.1:1", SECRET)


async def test_a_row_that_changes_after_the_snapshot_is_not_compared_by_field(session: aiohttp.ClientSession) -> None:
    """Its value is asked for later: only the one that the snapshot was of may be held against the replay."""
    story = story_of(1)
    spoilt = story_of(1)
    key = b"p\0r0"
    good = story.live.get(key) or b""
    spoilt.live.overlay.put(key, good.replace(b"WAITING", b"COMPLETE"))
    turns: list[Any] = [spoilt.live]
    owner = Owner(lambda: turns.pop() if turns else story.live)
    await owner.server.start()
    try:
        result = await verifier(story, session, owner.url).verify(0)
    finally:
        await owner.server.stop()

    assert not result.equal
    assert [(each.row.row, each.fields, bool(each.note)) for each in result.wrong] == [("r0", [], True)]

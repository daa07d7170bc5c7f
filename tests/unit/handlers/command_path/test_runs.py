"""The command path asked for the same command again, because its owner died before it answered."""

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from eventstore.errors import BadRequest, Conflict, OutcomeUnknown
from eventstore.log import NewRecord
from handlers.command_path.runs import CommandPath
from tests import builders as b
from tests.faults.testimony import applied
from tests.history import TOPIC, History, P


class Echo:
    """A log whose records are folded as soon as they are appended."""

    def __init__(self, story: History) -> None:
        self.story = story

    async def append(self, _topic: str, _partition: int, record: NewRecord) -> None:
        self.story._place(record)


def beginning() -> tuple[History, CommandPath]:
    story = History()
    return story, CommandPath(
        owner=lambda _: story.live,
        partitions=P,
        log=Echo(story),  # type: ignore[arg-type]  # only appended to
        topic=TOPIC,
        source="test",
        now=lambda: b.NOW + 100,
    )


async def test_a_final_report_that_is_asked_again_in_a_later_attempt_is_known() -> None:
    """As a client reports over HTTP: its command has the body's digest, whether or not it came with a key."""
    story, path = beginning()
    story.add(b.submit())
    story.add(b.dispatch())
    story.place(None, b"what a History drops as poisonous")
    said = b.report(500, b.operation("x"), state=b.COMPLETE, message="failed", identity="last")
    last = replace(said, request="digest")
    await path.decide(last)
    story.add(b.retry())
    story.add(b.dispatch(1, id="next"))

    for _ in range(2):
        await path.decide(last)

    kinds = [kind for _, kind, _, _ in applied(story.log.records(TOPIC, 0))]
    assert kinds[2:] == ["ProgressReported", "AgendaRetried", "AgendaDispatched"]


async def test_a_report_that_is_asked_again_in_a_later_attempt_is_refused_under_another_id() -> None:
    """One event id names one event: a reader that drops what it has seen would lose the refusal."""
    story, path = beginning()
    story.add(b.submit())
    story.add(b.dispatch())
    story.place(None, b"what a History drops as poisonous")
    last = b.report(500, b.operation("x"), state=b.COMPLETE, message="failed", identity="last")
    await path.decide(last)
    await path.decide(last)
    story.add(b.retry())

    for _ in range(2):
        with pytest.raises(Conflict, match="a later attempt superseded it"):
            await path.decide(last)

    events = applied(story.log.records(TOPIC, 0))
    assert [kind for _, kind, _, _ in events][2:] == ["ProgressReported", "AgendaRetried", "ReportSuperseded"]
    ids = [identity for _, _, _, identity in events]
    assert ids.count("last") == 1
    assert len(set(ids)) == len(ids)


async def test_where_the_send_is_given_up_before_it_began_nobody_waits_for_it() -> None:
    _, path = beginning()
    asking = asyncio.ensure_future(path.decide(b.submit()))
    known = asyncio.all_tasks()
    asyncio.get_running_loop().call_soon(lambda: [each.cancel() for each in asyncio.all_tasks() - known])
    with pytest.raises(OutcomeUnknown, match=r"^the record was given up"):
        await asyncio.wait_for(asking, 60)


async def test_who_cannot_prove_that_he_owns_the_partition_answers_once_he_can() -> None:
    story, path = beginning()
    looks = iter([story.live, None, None])
    path._owner = lambda _: next(looks, story.live)

    answer = await path.decide(b.submit())

    assert next(looks, None) is None
    assert [each.id for each in answer.agendas] == ["a1"]
    assert [kind for _, kind, _, _ in applied(story.log.records(TOPIC, 0))] == ["AgendaSubmitted"]


async def test_an_owner_that_was_deposed_meanwhile_answers_nobody_and_who_asks_again_is_answered() -> None:
    story, path = beginning()
    looks = iter([story.live, None])
    path._owner = lambda _: next(looks, story.live)
    story.live.abandon()
    with pytest.raises(OutcomeUnknown, match="is in the log, but another worker owns it"):
        await path.decide(b.submit())

    answer = await path.decide(b.submit())

    assert [each.id for each in answer.agendas] == ["a1"]
    assert [kind for _, kind, _, _ in applied(story.log.records(TOPIC, 0))] == ["AgendaSubmitted"]


class Slow(Echo):
    """A log that takes its time."""

    def __init__(self, story: History) -> None:
        super().__init__(story)
        self.given: list[NewRecord] = []
        self.taken = asyncio.Event()
        self.refuses = False

    async def append(self, topic: str, partition: int, record: NewRecord) -> None:
        self.given.append(record)
        await self.taken.wait()
        if self.refuses:
            raise BadRequest("expected smaller records")
        await super().append(topic, partition, record)


class TestACallerThatLeaves:
    """While its record is on its way: the log has the last word, and nobody decides on the stream before that."""

    async def leave(self) -> tuple[Slow, CommandPath]:
        """A path whose only caller has left."""
        story, path = beginning()
        path._log = log = Slow(story)  # type: ignore[assignment]  # only appended to
        asking = asyncio.ensure_future(path.decide(b.submit()))
        await until(lambda: bool(log.given))
        asking.cancel()
        await asyncio.wait([asking], timeout=60)
        assert asking.cancelled()
        return log, path

    async def test_its_record_is_seen_through_and_the_next_command_waits_for_that(self) -> None:
        log, path = await self.leave()
        next_one = asyncio.ensure_future(path.decide(b.dispatch()))
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(log.given) == 1
        log.taken.set()
        async with asyncio.timeout(60):
            await next_one
        kinds = [kind for _, kind, _, _ in applied(log.story.log.records(TOPIC, 0))]
        assert kinds == ["AgendaSubmitted", "AgendaDispatched"]

    async def test_whoever_settles_waits_for_it(self) -> None:
        log, path = await self.leave()
        settling = asyncio.ensure_future(path.settle(60))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not settling.done()
        log.taken.set()
        async with asyncio.timeout(30):
            await settling
        assert applied(log.story.log.records(TOPIC, 0))

    async def test_where_the_partition_is_taken_away_the_stream_is_free_again(self) -> None:
        log, path = await self.leave()
        assert log.story.live is not None
        log.story.live.abandon()
        async with asyncio.timeout(60):
            await path.settle(30)
        assert not path._locks._locks

    async def test_what_the_log_refuses_is_over(self) -> None:
        log, path = await self.leave()
        log.refuses = True
        log.taken.set()
        async with asyncio.timeout(60):
            await path.settle(30)
        assert not path._locks._locks


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not so():  # noqa: ASYNC110  # a turn of the loop each
            await asyncio.sleep(0)


async def test_settling_where_nothing_is_under_way_is_done_at_once() -> None:
    _, path = beginning()
    async with asyncio.timeout(30):
        await path.settle(3600)

"""The command path asked for the same command again, because its owner died before it answered."""

import asyncio

import pytest
from msgspec.structs import replace

from eventstore.errors import Conflict
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


async def test_a_command_that_is_cancelled_before_it_began_leaves_nobody_waiting() -> None:
    _, path = beginning()
    asking = asyncio.ensure_future(path.decide(b.submit()))
    known = asyncio.all_tasks()
    asyncio.get_running_loop().call_soon(lambda: [each.cancel() for each in asyncio.all_tasks() - known])
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asking, 60)

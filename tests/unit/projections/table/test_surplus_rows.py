"""Rows in the changelog that no event ever made: found once, and not at every later restore; other keys are no rows."""

import json

import pytest

from eventstore.log import NewRecord
from projections.rows import PREFIX_LENGTH, is_primary, operation_key, prefix
from projections.table.changelog import record_of
from tests.table_model import CHANGELOG, ModelWorker
from tests.unit.projections.table.test_recreated_changelog import Story

#: Nobody's: of the run's, of another's, and no JSON at all.
KEYS = [operation_key("r1", "ghost"), operation_key("nobody", "x"), b"p\0nobody"]


async def written(story: Story) -> None:
    """A run on the disk of A, who is gone."""
    await story.start("A")
    story.begin("A", "r1", "r2")
    await story.land("A")
    story.report("A", "r1")
    await story.land("A")
    await story.model.crash("A")


def forge(story: Story, key: bytes, offset: int, value: bytes = b'{"operation":"ghost"}') -> None:
    story.model.log.put(CHANGELOG, 0, record_of(key, prefix(offset) + value))


async def restored(story: Story, name: str) -> ModelWorker:
    """A worker that has everything, and has written what it had to write."""
    worker = await story.start(name)
    await story.land(name)
    return worker


@pytest.mark.parametrize("name", ["A", "empty"])
async def test_a_surplus_row_is_found_once(name: str) -> None:
    story = Story()
    await written(story)
    for offset, key in enumerate(KEYS):
        forge(story, key, offset, b"x" if offset == 2 else b'{"operation":"ghost"}')

    first = await restored(story, name)
    assert first.holdings.rebuilds == 1
    await story.model.crash(name)

    for later in (name, "another", "the third"):
        worker = await restored(story, later)
        assert worker.holdings.rebuilds == 0, later
        await story.model.crash(later)
        await story.model.serve_and_check(later)


async def test_what_an_event_makes_later_of_such_a_row_stands() -> None:
    story = Story()
    await written(story)
    forge(story, operation_key("r1", "new"), 1)
    await restored(story, "A")

    story.report("A", "r1", "new")
    await story.land("A")

    key = operation_key("r1", "new")
    assert json.loads(story.model.stored("A")[key][PREFIX_LENGTH:])["percentComplete"] == 2.0
    await story.model.serve_and_check("A")
    await story.model.serve_and_check("empty")


@pytest.mark.parametrize("key", [b"ia\x2a\0\0\0\0\0\0\0\0\0\1a\0r1\0ghost", b"__faust\0offset__", b"\0other", b"x"])
async def test_what_is_no_row_is_not_taken_out_of_the_changelog(key: bytes) -> None:
    """Index rows follow from rows, and positions are this disk's own: no sum would tell of a false one."""
    story = Story()
    await written(story)
    story.model.log.put(CHANGELOG, 0, NewRecord(key, b"7", [("row", prefix(1))]))

    for name in ("A", "empty"):
        worker = await restored(story, name)
        assert worker.holdings.replicas[0].position == story.changelog() - 1
        kept = {found for found, _ in story.model.disks[name].stores[0].scan(b"") if not is_primary(found)}
        assert key == b"__faust\0offset__" or key not in kept
        assert worker.holdings.replicas[0].ignored == 1
        await story.model.crash(name)

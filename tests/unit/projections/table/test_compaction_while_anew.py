"""Rows that are written anew when their owner dies, and a changelog that is compacted before anyone comes back."""

import pytest

from eventstore.log import NewRecord
from projections.rows import APPLIED, progress_key
from projections.table import feed, writer
from tests.table_model import CHANGELOG
from tests.unit.projections.audit.test_snapshots import only_so_many
from tests.unit.projections.table.test_recreated_changelog import Story


@pytest.mark.parametrize("compacted", [False, True])
async def test_a_part_that_was_written_anew_is_not_taken_for_the_whole_when_it_is_compacted(
    monkeypatch: pytest.MonkeyPatch, *, compacted: bool
) -> None:
    """Compaction keeps the last `applied` row: a flight's, which is older than what said that they are written anew."""
    story = Story()
    await story.start("A")
    story.begin("A", *[f"r{number}" for number in range(60)])
    await story.land("A")
    await story.model.crash("A")
    key = progress_key("r59")
    row = [each for each in story.model.log.records(CHANGELOG, 0) if each.key == key][-1]
    wrong = (row.value or b"").replace(b"WAITING", b"COMPLETE")
    story.model.log.put(CHANGELOG, 0, NewRecord(key, wrong, list(row.headers)))
    length = story.changelog()
    monkeypatch.setattr(feed, "SLICE", 1)
    monkeypatch.setattr(writer, "LATE_BYTES", 1)

    worker = await story.model.start("C", set())
    await worker.lose()
    only_so_many(worker, 2)
    await story.model.start("C", {0})
    await story.model.until(lambda: story.changelog() > length + 1, "a flight")
    said = [each for each in story.model.log.records(CHANGELOG, 0)[length:] if each.key == APPLIED]
    assert len(said) == 2, "that they are written anew, and a flight of the first of them"
    await story.model.crash("C")
    if compacted:
        story.model.log.compact(CHANGELOG, 0)

    await story.model.serve_and_check("empty")

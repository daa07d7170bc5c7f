import pytest

from eventstore.errors import RangeGone, TooNew
from eventstore.log import NewRecord
from projections.audit.replayed import fold_to, rows_in, streams_in
from projections.partition import Partition
from projections.queries.waiting import progress_view
from projections.rows import PREFIX_LENGTH, is_primary
from tests import builders as b
from tests.history import TOPIC, History, classifier, whole_life
from tests.independent_fold import fold


def rows(partition: Partition) -> dict[bytes, bytes]:
    kept = {**dict(partition.store.scan(b"")), **dict(partition.overlay.items())}
    return {key: value for key, value in kept.items() if is_primary(key) and len(value) > PREFIX_LENGTH}


async def test_folds_to_the_rows_that_the_owner_had_at_each_position() -> None:
    """Byte for byte, and equal to the referee's, who knows no fold of ours."""
    story, live = whole_life(), Partition(0, History().live.store, classifier(), History().live.ready, 0)
    records = story.log.records(TOPIC, 0)
    seen = set()
    for stop in range(len(records) + 1):
        replayed = await fold_to(story.log, TOPIC, 0, stop, classifier())
        assert replayed.position == live.position == stop - 1
        assert rows(replayed) == rows(live)
        assert rows(replayed) == fold([record for record in records[:stop] if record.offset != 3], 1)
        seen.add(str(rows(replayed)))
        live.fold(records[stop : stop + 1])
    assert len(seen) > 8, "the rows change on the way"


async def test_folds_one_run_alone_to_the_same_views() -> None:
    story = whole_life()
    for stop in range(len(story.log.records(TOPIC, 0)) + 1):
        whole = await fold_to(story.log, TOPIC, 0, stop, classifier())
        alone = await fold_to(story.log, TOPIC, 0, stop, classifier(), {"r1"})
        assert progress_view(alone.run("r1")) == progress_view(whole.run("r1"))
        assert alone.run("r1").head == whole.run("r1").head
        assert [*streams_in(alone)] == [stream for stream in streams_in(whole) if stream == "r1"]


async def test_pauses_where_it_was_told_to() -> None:
    story = whole_life()
    seen = []

    await fold_to(
        story.log, TOPIC, 0, 14, classifier(), stops=[13, 2, 14, 99], watch=lambda at: seen.append(dict(rows_in(at)))
    )

    expected = [dict(rows_in(await fold_to(story.log, TOPIC, 0, stop, classifier()))) for stop in (2, 13, 14)]
    assert seen == expected


async def test_a_deleted_run_is_listed_until_it_is_reaped() -> None:
    story = whole_life()

    at = {stop: [*streams_in(await fold_to(story.log, TOPIC, 0, stop, classifier()))] for stop in (16, 17, 18)}

    assert at == {16: ["r1", "r2", "r3"], 17: ["r2", "r3"], 18: ["r1", "r2", "r3"]}


async def test_does_not_fold_a_log_with_a_hole_or_without_its_beginning() -> None:
    story = whole_life()
    del story.log._records[TOPIC, 0][4]
    with pytest.raises(RangeGone, match="hole"):
        await fold_to(story.log, TOPIC, 0, 18, classifier())

    story.log.cut(TOPIC, 0, 1)
    with pytest.raises(RangeGone):
        await fold_to(story.log, TOPIC, 0, 18, classifier())


async def test_what_it_cannot_fold_ends_it_even_in_another_run() -> None:
    story = History()
    story.add(b.submit())
    record = story.log.records(TOPIC, 0)[1]
    headers = [(name, b"agendum.RunReaped.v9" if name == "ce_type" else value) for name, value in record.headers]
    story.log.put(TOPIC, 0, NewRecord(b"other", record.value, headers))

    with pytest.raises(TooNew):
        await fold_to(story.log, TOPIC, 0, 3, classifier(), {"r1"})
    assert (await fold_to(story.log, TOPIC, 0, 2, classifier(), {"r1"})).run("r1").head is not None

from collections.abc import Callable
from typing import Any

import pytest

from projections.audit.replayed import fold_to, rows_in
from projections.audit.snapshots import CHUNK_ROWS, Closing, Opening, Rows, Snapshot
from projections.audit.verification import Difference, differences, digest_of, fields
from projections.partition import Partition
from projections.rows import FOLD_VERSION, PREFIX_LENGTH, agenda_key, head_key, offset_of, operation_key, progress_key
from projections.table.digest import in_hex, row_digest
from tests import builders as b
from tests.history import TOPIC, History, classifier, whole_life


def taken(partition: Partition) -> tuple[Opening, dict[bytes, tuple[int, bytes]], Closing]:
    """A snapshot, read whole."""
    opening, *middle, closing = Snapshot(partition).parts()
    assert isinstance(opening, Opening)
    assert isinstance(closing, Closing)
    rows = {}
    for part in middle:
        assert isinstance(part, Rows)
        assert len(part.entries) <= CHUNK_ROWS
        rows.update({key: (offset, digest) for key, offset, digest in part.entries})
    assert len(rows) == closing.rows
    return opening, rows, closing


async def replayed(story: History) -> Partition:
    return await fold_to(story.log, TOPIC, 0, story.live.next, classifier())


def to_disk(partition: Partition) -> None:
    partition.store.write(partition.overlay.take_off().items())
    partition.overlay.land()


def flying(partition: Partition) -> None:
    partition.overlay.take_off()


@pytest.mark.parametrize("place", [lambda _: None, flying, to_disk])
async def test_a_snapshot_is_equal_to_the_replay_wherever_its_rows_are(place: Callable[[Partition], Any]) -> None:
    story = whole_life()
    place(story.live)
    story.add(b.dispatch())

    opening, rows, closing = taken(story.live)
    expected = await replayed(story)

    assert (opening.position, opening.fold) == (18, FOLD_VERSION)
    assert differences(expected, rows) == []
    assert closing.digest == digest_of(expected)
    assert len(rows) == sum(len(value) > PREFIX_LENGTH for _, value in rows_in(expected)) > 5


async def test_a_snapshot_stays_at_its_position_while_the_fold_and_the_writer_go_on() -> None:
    story = History()
    for number in range(CHUNK_ROWS):
        story.add(b.submit(f"a{number}", stream=f"r{number}", id=f"s{number}"))
    expected = await replayed(story)
    parts = Snapshot(story.live).parts()
    found = [next(parts), next(parts)]
    story.add(b.submit("more", stream="more", id="more"))
    to_disk(story.live)
    found += parts

    rows = {entry[0]: entry[1:] for part in found if isinstance(part, Rows) for entry in part.entries}
    assert differences(expected, rows) == []
    assert sorted(each.row for each in differences(await replayed(story), rows)) == [
        "more",
        "more",
        "more more",
        "more x",
        "more y",
    ]


async def test_names_what_is_different_missing_and_surplus() -> None:
    story = History()
    story.add(b.submit())
    story.add(b.dispatch())
    to_disk(story.live)
    good = story.live.get(progress_key("r1")) or b""
    bad = good.replace(b'"WAITING"', b'"COMPLETE"')
    assert bad != good
    story.live.store.write(
        [(progress_key("r1"), bad), (agenda_key("r1", "ghost"), good)], [operation_key("r1", "y"), head_key("r1")]
    )

    _, rows, closing = taken(story.live)
    expected = await replayed(story)
    found = differences(expected, rows)

    assert {(each.what, each.kind, each.row, each.offset, each.expected_offset) for each in found} == {
        ("different", "progress", "r1", 1, 1),
        ("missing", "operation", "r1 y", None, 1),
        ("missing", "head", "r1", None, 2),
        ("surplus", "agenda", "r1 ghost", 1, None),
    }
    assert closing.digest != digest_of(expected)
    [field] = fields(bad, good)
    assert (field.name, field.found, field.expected) == ("processingState", "COMPLETE", "WAITING")


async def test_a_row_that_stayed_behind_or_came_back_from_the_grave_is_a_difference() -> None:
    story = whole_life()
    old = await fold_to(story.log, TOPIC, 0, 14, classifier())
    to_disk(story.live)
    story.add(b.dispatch())
    story.add(b.delete_agenda(id="again"))
    _, rows, _ = taken(story.live)
    stale, buried = operation_key("r1", "x"), agenda_key("r1", "a1")
    for key in (stale, buried):
        value = old.get(key) or b""
        rows[key] = (offset_of(value), row_digest(key, value).to_bytes(16, "big"))

    found: list[Difference] = differences(await replayed(story), rows)

    assert [(each.what, each.offset, each.expected_offset) for each in found] == [
        ("different", 11, 17),
        ("surplus", 1, None),
    ]


@pytest.mark.parametrize(
    ("found", "expected", "named"),
    [
        (b"{}", b"{}", []),
        (b'{"a":1}', b'{"a":2}', [("a", 1, 2)]),
        (b'{"a":1}', b"{}", [("a", 1, None)]),
        (b"{}", b'{"a":{"b":1}}', [("a", None, {"b": 1})]),
        (b'{"a":{"b":[1,{"c":2}],"d":3}}', b'{"a":{"b":[1,{"c":4}],"d":3}}', [("a.b[1].c", 2, 4)]),
        (b'{"a":[1]}', b'{"a":[1,2]}', [("a", [1], [1, 2])]),
        (b'{"a":1}', b'{"a":true}', [("a", 1, True)]),
        (b'{"a": 1}', b'{"a":1}', [("(bytes)", "another form of the same JSON", "the fold's own")]),
        (b"{", b'{"a":1}', [("(row)", "not JSON: Input data was truncated", "JSON")]),
    ],
)
def test_names_each_field_by_its_path(found: bytes, expected: bytes, named: list[tuple[str, Any, Any]]) -> None:
    prefix = b"\0" * 8 + b"\0\2"

    assert [(each.name, each.found, each.expected) for each in fields(prefix + found, prefix + expected)] == named


def test_names_the_folds_version() -> None:
    [field] = fields(b"\0" * 8 + b"\0\1{}", b"\0" * 8 + b"\0\2{}")
    assert (field.name, field.found, field.expected) == ("(fold version)", 1, 2)


def test_the_sum_of_no_rows_is_zero() -> None:
    assert in_hex(0) == digest_of(Partition(0, History().live.store, classifier(), History().live.ready, 0))

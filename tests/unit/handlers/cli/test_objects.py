"""What the command line makes of objects: cells, differences, changes, applying."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from handlers.cli.applying import Outcome, apply_one
from handlers.cli.commands.runs import payload_of
from handlers.cli.exits import Exit, Stop
from handlers.cli.following import changes
from handlers.cli.kinds import KINDS, Kind, cell, cells, heads
from handlers.cli.listing import allotted, picture
from handlers.cli.manifests import Manifest, differences, manifests


class Shelf:
    """A collection in memory that merges as POP does; `fixed` are fields that nobody can set."""

    def __init__(self, *objects: dict[str, Any], fixed: str = "addedTime") -> None:
        self.objects = {each["id"]: each for each in objects}
        self.fixed = fixed
        self.asked: list[str] = []

    async def get(self, identity: str) -> dict[str, Any] | None:
        return self.objects.get(identity)

    async def save(self, thing: dict[str, Any]) -> None:
        self.asked.append("save")
        self.objects[thing["id"]] = thing

    async def put(self, identity: str, thing: dict[str, Any]) -> None:
        self.asked.append("put")
        said = {name: value for name, value in thing.items() if name != self.fixed}
        self.objects[identity] = {**self.objects[identity], **said}


def read(tmp_path: Path, *entries: dict[str, Any]) -> list[Manifest]:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps([*entries]))
    return manifests([path])


async def applied(shelf: Shelf, manifest: Manifest, *, dry_run: bool = False) -> tuple[str, list[str], list[str]]:
    found = await apply_one(shelf, manifest, dry_run=dry_run)  # type: ignore[arg-type]
    return found.outcome, found.fields, found.kept


@pytest.mark.parametrize("kind", [*Kind])
def test_every_column_of_a_list_is_a_field(kind: Kind) -> None:
    assert {*KINDS[kind].columns} <= KINDS[kind].fields
    assert KINDS[kind].columns[0] == "id"
    assert len(heads(kind)) == len(cells(kind, {})) == len(KINDS[kind].columns)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("title", None, "-"),
        ("isGlobal", True, "yes"),
        ("percentComplete", 50.0, "50"),
        ("addedTime", 0, "1970-01-01T00:00:00Z"),
        ("addedTime", 10**18, "1000000000000000000"),
        ("queueSize", 7, "7"),
        ("insightIds", ["a", "b"], "a, b"),
        ("insightIds", [], "-"),
        ("mappers", {"a": ["b"]}, '{"a":["b"]}'),
    ],
)
def test_a_value_is_shown_as_people_read_it(name: str, value: Any, text: str) -> None:
    assert cell(name, value) == text


def test_nulls_and_what_nobody_sets_are_not_said(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path,
        {"kind": "insight", "id": "i", "title": None, "queueSize": "5", "global": True, "updatedTime": 7},
    )
    assert found.said == {"id": "i", "queueSize": 5}


@pytest.mark.parametrize(
    ("kind", "said", "stored", "fields"),
    [
        ("insight", {"mappers": {"a": ["b"]}}, {"mappers": {"a": ["b"], "c": []}}, ["mappers"]),
        ("insight", {"title": "t"}, {}, ["title"]),
        ("progress", {"params": {"a": {"b": None}}}, {"params": {"a": {}}}, []),
        ("progress", {"startedTime": "1970-01-01T00:00:01Z"}, {"startedTime": 1000}, []),
        (
            "progress",
            {"operationProgress": [{"operation": "a", "percentComplete": 1}, None]},
            {},
            ["operationProgress"],
        ),
        (
            "progress",
            {"operationProgress": [{"operation": "b", "percentComplete": 1}]},
            {"operationProgress": [{"operation": "a"}, {"operation": "b", "id": "p-b", "percentComplete": 1.0}]},
            [],
        ),
        (
            "agenda",
            {"operations": [{"name": "a", "payload": {"x": [1]}}]},
            {"operations": [{"name": "a", "id": "1", "payload": {"x": [1]}}]},
            [],
        ),
        ("agenda", {"operations": [{"name": "a"}]}, {"operations": [{"name": "a"}, {"name": "b"}]}, ["operations"]),
        ("operation", {"diagnostics": []}, {"diagnosticEvents": []}, []),
    ],
)
def test_only_what_is_said_and_differs_is_a_difference(
    tmp_path: Path, kind: str, said: dict[str, Any], stored: dict[str, Any], fields: list[str]
) -> None:
    (manifest,) = read(tmp_path, {"kind": kind, "id": "x", **said})
    assert differences(manifest, {"id": "x", **stored}) == fields


async def test_what_is_so_already_is_not_sent(tmp_path: Path) -> None:
    (manifest,) = read(tmp_path, {"kind": "customer", "id": "c", "title": "t", "addedTime": 5})
    shelf = Shelf()

    assert await applied(shelf, manifest, dry_run=True) == (Outcome.CREATED, [], [])
    assert shelf.asked == []
    assert await applied(shelf, manifest) == (Outcome.CREATED, [], [])
    assert await applied(shelf, manifest) == (Outcome.UNCHANGED, [], [])
    assert shelf.asked == ["save"]


async def test_what_nobody_can_set_is_kept_and_said(tmp_path: Path) -> None:
    (manifest,) = read(tmp_path, {"kind": "customer", "id": "c", "title": "t", "addedTime": 5})

    assert await applied(Shelf({"id": "c", "addedTime": 1}), manifest) == (Outcome.CHANGED, ["title"], ["addedTime"])
    kept = Shelf({"id": "c", "title": "t", "addedTime": 1})
    assert await applied(kept, manifest) == (Outcome.UNCHANGED, [], ["addedTime"])
    assert await applied(kept, manifest, dry_run=True) == (Outcome.CHANGED, ["addedTime"], [])


async def test_a_new_progress_gets_its_operations_by_a_put(tmp_path: Path) -> None:
    (manifest,) = read(tmp_path, {"kind": "progress", "id": "p", "operationProgress": [{"operation": "a"}]})
    shelf = Shelf()
    await applied(shelf, manifest)
    assert shelf.asked == ["save", "put"]


async def test_an_agenda_is_not_made(tmp_path: Path) -> None:
    (manifest,) = read(tmp_path, {"kind": "agenda", "id": "a"})
    with pytest.raises(Stop) as stopped:
        await applied(Shelf(), manifest, dry_run=True)
    assert stopped.value.code is Exit.REFUSED


def test_changes_are_named_and_a_sign_of_life_is_none() -> None:
    before: dict[str, dict[str, Any]] = {
        "a": {"id": "a", "updatedTime": 1},
        "b": {"id": "b", "title": "t"},
        "c": {"id": "c"},
    }
    after: dict[str, dict[str, Any]] = {"a": {"id": "a", "updatedTime": 2}, "b": {"id": "b", "x": 1}, "d": {"id": "d"}}

    assert [(word, each["id"], fields) for word, each, fields in changes(before, after)] == [
        ("changed", "b", ["title", "x"]),
        ("added", "d", []),
        ("gone", "c", []),
    ]
    assert {word for word, _, _ in changes({}, after, first=True)} == {"there"}


def test_a_picture_has_a_line_per_object_and_its_id_stands_whole() -> None:
    found = picture(Kind.CUSTOMER, [{"id": "x" * 70, "title": "[red]"}], 80, "1 in all")
    assert (found.row_count, found.columns[0].width) == (1, 70)


@pytest.mark.parametrize(
    ("wanted", "order", "room", "widths"),
    [
        ([3, 4, 5], [0, 1, 2], 80, [3, 4, 5]),  # all have room
        ([36, 8, 20, 9, 9, 3], [0, 4, 3, 5, 1, 2], 80, [36, 8, 5, 9, 9, 3]),  # 73 for five with their gaps, and 2
        ([36, 8, 20, 9, 9, 3], [0, 4, 3, 5, 1, 2], 79, [36, 8, 0, 9, 9, 3]),  # 4 are left, too few to tell anything
        ([90, 5, 5], [0, 1, 2], 80, [90, 0, 0]),  # an id is there to be copied
        ([70, 20, 3], [0, 1, 2], 80, [70, 8, 0]),
        ([70, 20, 3], [0, 2, 1], 80, [70, 0, 3]),
    ],
)
def test_columns_get_their_room_in_the_order_of_what_they_tell(
    wanted: list[int], order: list[int], room: int, widths: list[int]
) -> None:
    assert allotted(wanted, order, room) == widths


def test_on_80_columns_the_list_of_progresses_shows_how_far_each_is() -> None:
    run = {"id": "0" * 36, "customerId": "a-customer", "linkId": "l" * 40, "percentComplete": 100.0}
    told = {**run, "processingState": "EXECUTING", "processingStateMessage": "Running Operations"}
    page = io.StringIO()
    Console(width=80, file=page).print(picture(Kind.PROGRESS, [told], 80))
    shown = page.getvalue()

    assert "EXECUTING  Running Operations  100" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_parameter_is_json_or_a_text_and_lies_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text('{"a": 1, "b": 2}')
    said = ["b=[3]", "c=a=b", "d=", "e=NaN", 'f="7"', "g=007"]

    assert payload_of(path, said) == {"a": 1, "b": [3], "c": "a=b", "d": "", "e": "NaN", "f": "7", "g": "007"}
    assert payload_of(None, []) == {}

"""How a GET's query string is read, and its objects shown (spec 2.4)."""

import pytest
from aiohttp.test_utils import make_mocked_request

from eventstore.model import Agenda, Customer
from handlers.endpoints.ask import Ask, IllegalArgument
from handlers.endpoints.lists import Wanted, cursor_of, page_of, place_of, wanted
from tests.builders import ALICE


def asked(query: str, object_id: str | None = None) -> Wanted:
    return wanted(Ask(make_mocked_request("GET", f"/x?{query}"), None, ALICE, "x", object_id))  # type: ignore[arg-type]


def test_a_count_is_of_everything_unless_a_limit_is_said() -> None:
    assert asked("bycount=").limit is None
    assert asked("bycount=&bylimit=7").limit == 7
    assert asked("").limit == 100


def test_an_id_in_the_path_and_another_in_the_query_fit_nothing_together() -> None:
    assert asked("byid=a", "a").where == {}
    assert asked("byid=b", "a").where == {"id": "b"}
    assert (asked("byId=b").id, asked("byId=b").where) == ("b", {})


@pytest.mark.parametrize(("added", "identity"), [(0, ""), (1_700_000_000_000, "é/+ x"), (5, "a" * 500)])
def test_a_cursor_is_read_as_it_was_written(added: int, identity: str) -> None:
    cursor = cursor_of(Agenda(id=identity, added_time=added))
    assert place_of(cursor) == (added, identity)
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("cursor", ["x", "bm9wZQ", "WzEsMl0", "é", "Wy0xLCJhIl0", "WzFlOTksImEiXQ", "a" * 1000, "===="])
def test_refuses_a_cursor_that_no_answer_gave(cursor: str) -> None:
    with pytest.raises(IllegalArgument, match="expected cursor"):
        place_of(cursor)


def test_no_cursor_is_no_page_and_an_empty_one_the_first() -> None:
    assert (asked("").paged, asked("").after) == (False, None)
    assert (asked("cursor=").paged, asked("cursor=").after) == (True, None)
    assert asked(f"cursor={cursor_of(Agenda(id='a', added_time=1))}").after == (1, "a")


def test_fields_show_what_they_name_with_aliases() -> None:
    wire = {"id": "i", "isGlobal": True, "global": True, "diagnosticEvents": [1]}
    assert asked("byfields=id").shown(wire) == {"id": "i"}
    assert asked("byfields=isGlobal").shown(wire) == {"isGlobal": True, "global": True}
    assert asked("byfields=diagnostics").shown(wire) == {"diagnostics": [1]}
    assert asked("").shown(wire) == wire


@pytest.mark.parametrize(
    ("fields", "whole"), [("id", False), ("id,OPERATIONProgress", True), ("xoperationProgressx", True)]
)
def test_operations_are_shown_if_a_field_says_so_whatever_its_case(fields: str, whole: bool) -> None:
    found = asked(f"byfields={fields}").shown({"operationProgress": [{"id": "o", "diagnosticEvents": [1]}]})
    assert found == ({"operationProgress": [{"id": "o", "diagnosticEvents": [1]}]} if whole else {})
    found = asked("byfields=operationProgress,diagnostics").shown({"operationProgress": [{"diagnosticEvents": [1]}]})
    assert found == {"operationProgress": [{"diagnosticEvents": [1], "diagnostics": [1]}]}


def test_objects_at_hand_are_paged_by_when_they_were_added() -> None:
    things = [Customer(id=name, added_time=added) for name, added in (("c", 2), ("a", 2), ("b", 1))]
    assert page_of(things, asked("bylimit=2")) == (things[:2], True)
    assert page_of(things, asked("bylimit=2&cursor=")) == ([things[2], things[1]], True)
    behind = cursor_of(things[1])
    assert page_of(things, asked(f"bylimit=2&cursor={behind}")) == ([things[0]], False)

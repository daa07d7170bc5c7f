"""Which Insight an agenda is bound to (spec 4.2, 3.2)."""

from typing import Any

import pytest

from eventstore.errors import NotFound
from eventstore.model import Insight
from handlers.intake.binding import NoCustomer, bind, may_read
from handlers.wire.requests import OpenAgenda
from tests.builders import catalogue, customer, insight, sent

ENCODE = {"operationType": ["encode"]}


def bound(agenda: OpenAgenda, *insights: Insight) -> str | None:
    operations = [operation for operation in agenda.operations or [] if operation is not None]
    return bind(agenda, operations, catalogue(customer(), *insights)).id


def takes(mappers: dict[str, list[str]] | None, agenda: OpenAgenda) -> bool:
    # The second one takes anything, so that "no match" shows as another Insight and not as an error.
    other = insight("other", mappers={"operationName": ["first"]})
    return bound(agenda, insight(mappers=mappers), other) == "i1"


def agenda(**more: Any) -> OpenAgenda:
    return sent({"name": "First", "type": "Encode"}, {"name": "second", "params": {"Speed": 2}}, **more)


@pytest.mark.parametrize(
    ("mappers", "matches"),
    [
        ({"operationName": ["none", "FIRST"]}, True),
        ({"operationName": ["encode"]}, False),
        ({"operationType": ["eNcOdE"]}, True),
        ({"operationType": ["first", "enc"]}, False),
        ({"operationName": ["none"], "operationType": ["encode"]}, True),
        ({"OperationType": ["encode"]}, False),
        ({"other": ["encode"]}, False),
        ({"operationType": []}, False),
        ({}, False),
        (None, False),
    ],
)
def test_one_mapper_that_names_a_name_or_type_is_enough_whatever_its_case(
    mappers: dict[str, list[str]] | None,
    matches: bool,  # noqa: FBT001
) -> None:
    assert takes(mappers, agenda()) is matches


@pytest.mark.parametrize(
    ("value", "matches"),
    [
        ("speed=2", True),
        ("SPEED=2", True),
        ("speed=3", False),
        ("Kind=MOVIE", True),
        ("kind=mov", False),
        ("live=TRUE", True),
        ("ratio=1.5", True),
        ("kind=movie=long", True),
        ("kind", False),
        ("=movie", False),
        ("kind=", False),
        ("", False),
    ],
)
def test_a_param_of_the_agenda_or_of_an_operation_matches_as_text(value: str, matches: bool) -> None:  # noqa: FBT001
    assert takes({"paramMap": [value]}, agenda(params={"kind": "Movie", "live": True, "ratio": 1.5})) is matches


@pytest.mark.parametrize("mappers", [{"operationName": [""]}, {"operationType": [""]}, {"paramMap": ["kind=none"]}])
def test_what_an_agenda_does_not_say_matches_nothing(mappers: dict[str, list[str]]) -> None:
    said = sent({"name": "a", "type": None, "params": {"kind": None}}, params={"kind": None})
    with pytest.raises(NotFound):
        bound(said, insight(mappers=mappers))


@pytest.mark.parametrize("value", ["kind=", "kind", "kind=="])
def test_a_pair_without_a_value_is_passed_over(value: str) -> None:
    assert not takes({"paramMap": [value]}, agenda(params={"kind": ""}))


def test_what_is_empty_is_said() -> None:
    said = sent({"name": "a", "type": ""}, params={"kind": ""})
    assert bound(said, insight(mappers={"operationType": [""]})) == "i1"


def test_says_that_no_insight_takes_the_agenda() -> None:
    with pytest.raises(NotFound, match=r"^No available insights for processing agenda$") as refused:
        bound(agenda(), insight(mappers={"operationType": ["other"]}))
    assert (refused.value.title, refused.value.code) == ("ObjectNotFoundException", 404)


def test_without_a_wish_the_first_match_wins() -> None:
    insights = [insight("i0", mappers={}), insight("i1", mappers=ENCODE), insight("i2", mappers=ENCODE)]
    assert bound(agenda(), *insights) == "i1"


@pytest.mark.parametrize(
    ("wish", "found"),
    [("I3", "i3"), ("the SECOND", "i2"), ("i9", "i1"), ("i0", "i1"), ("", "i1"), (None, "i1"), (0, "i4")],
)
def test_default_insight_picks_by_id_or_title_among_the_matches_only(wish: object, found: str) -> None:
    insights = [
        insight("i0", mappers={"operationType": ["other"]}),
        insight("i1", mappers=ENCODE),
        insight("i2", mappers=ENCODE, title="The second"),
        insight("i3", mappers=ENCODE),
        insight("i4", mappers=ENCODE, title="0"),
    ]
    assert bound(agenda(params={"defaultInsight": wish}), *insights) == found


def test_default_insight_takes_the_first_of_those_that_have_the_title() -> None:
    insights = [insight(one, mappers=ENCODE, title="t") for one in ("i1", "i2")]
    assert bound(agenda(params={"defaultInsight": "T"}), *insights) == "i1"


@pytest.mark.parametrize(
    "found",
    [
        [],
        [customer("bob")],
        [customer("alice", customer_id="bob")],
        [customer("alice", customer_id="Alice")],
        [insight("alice")],
    ],
)
def test_says_that_the_customer_is_missing_or_is_anothers(found: list[Any]) -> None:
    with pytest.raises(NoCustomer, match=r"^Customer not found for customerId alice$") as refused:
        bind(agenda(), [], catalogue(*found))
    assert (refused.value.title, refused.value.code) == ("ValidationException", 422)


def test_the_customer_is_looked_for_before_the_insight() -> None:
    with pytest.raises(NoCustomer):
        bind(agenda(), [], catalogue())
    with pytest.raises(NotFound):
        bind(agenda(), [], catalogue(customer()))


def test_a_customer_without_a_pool_has_no_insight() -> None:
    found = catalogue(customer(resource_pool_id=None), insight(mappers=ENCODE, resource_pool_id=None))
    with pytest.raises(NotFound, match=r"^No available insights for processing agenda$"):
        bind(agenda(), [*filter(None, agenda().operations or [])], found)


def test_only_the_insights_of_the_customers_pool_are_asked() -> None:
    assert bound(agenda(), insight("i1", mappers=ENCODE, resource_pool_id="p2"), insight("i2", mappers=ENCODE)) == "i2"


@pytest.mark.parametrize(
    ("fields", "readable"),
    [
        ({"customer_id": "alice"}, True),
        ({"customer_id": "Alice"}, False),
        ({"customer_id": "bob"}, False),
        ({"customer_id": "bob", "is_global": True}, True),
        ({"customer_id": "bob", "is_global": False}, False),
        ({"customer_id": "bob", "allowed_customer_ids": ["alice", "carol"]}, True),
        ({"customer_id": "bob", "allowed_customer_ids": ["carol"]}, False),
    ],
)
def test_an_insight_is_the_customers_if_global_its_own_or_allowed(fields: dict[str, Any], readable: bool) -> None:  # noqa: FBT001
    assert may_read(insight(**fields), "alice") is readable
    mine = insight("mine", mappers=ENCODE)
    assert bound(agenda(), insight("i1", mappers=ENCODE, **fields), mine) == ("i1" if readable else "mine")


def test_an_allowed_account_is_compared_in_lower_case() -> None:
    assert may_read(insight(customer_id="bob", allowed_customer_ids=["account/a1"]), "Account/A1")


def test_an_insight_that_is_not_usable_is_passed_over_and_so_is_one_that_the_customer_may_not_read() -> None:
    operations = [operation for operation in agenda().operations or [] if operation is not None]
    mine = insight("mine", customer_id="carol", is_global=True, mappers=ENCODE)
    hidden = insight("hidden", customer_id="carol", mappers=ENCODE)
    known = catalogue(customer(), insight(mappers=ENCODE), hidden, mine)

    assert bind(agenda(), operations, known, lambda one: one.customer_id == "carol").id == "mine"
    with pytest.raises(NotFound, match="No available insights for processing agenda"):
        bind(agenda(), operations, known, lambda one: one.customer_id == "dave")

"""What an agenda must be, in POP's words and order (spec 4.1, 2.5)."""

from typing import Any

import pytest

from eventstore.errors import Invalid
from handlers.intake.validation import refuse_unstorable, validate
from handlers.wire.requests import OpenAgenda
from tests.builders import sent

DETECTED = "Validation Issues detected: "


def refusal(agenda: OpenAgenda | None) -> str:
    with pytest.raises(Invalid) as refused:
        validate(agenda)
    assert (refused.value.title, refused.value.code) == ("ValidationException", 422)
    return str(refused.value)


def with_payloads(**payloads: Any) -> OpenAgenda:
    return sent(*({"name": name, "payload": payload} for name, payload in payloads.items()))


def circular(name: str) -> str:
    return f"There is a circular reference involving the operation: {name}"


def test_accepts_operations_that_refer_to_each_other_and_to_the_service() -> None:
    agenda = with_payloads(a="@<pop.agendaId>", b=["@<a.out::/x>"], c={"x": "@<a.out> and @<b.out>"}, d=None)
    assert [operation.name for operation in validate(agenda)] == ["a", "b", "c", "d"]


def test_null_entries_among_the_operations_are_not_operations() -> None:
    assert [operation.name for operation in validate(sent(None, {"name": "a"}, None))] == ["a"]
    assert refusal(sent(None)) == "No operations specified in Agenda."


def test_refuses_a_body_that_is_null() -> None:
    assert refusal(None) == "Unable to POST/PUT a null object"


@pytest.mark.parametrize("customer", [None, "", "  \t"])
def test_refuses_an_agenda_of_nobody(customer: str | None) -> None:
    assert refusal(sent({"name": "a"}, customer=customer)) == "The customerId field must be specified."


@pytest.mark.parametrize("operations", [None, []])
def test_refuses_an_agenda_without_operations(operations: object) -> None:
    assert refusal(sent(operations=operations)) == "No operations specified in Agenda."


@pytest.mark.parametrize("name", [None, ""])
def test_refuses_operations_without_names(name: str | None) -> None:
    assert refusal(sent({"name": "a"}, {"name": name})) == "Operations must have names."


def test_names_are_unique_whatever_their_case() -> None:
    assert refusal(sent({"name": "Encode"}, {"name": "eNCODE"})) == "Operation names must be unique."


def test_the_rules_are_looked_at_in_pops_order() -> None:
    bad = {"payload": "- @<none.out>"}
    steps = [
        (sent({**bad, "name": None}, customer=" ", operations=[]), "The customerId field must be specified."),
        (sent(operations=[]), "No operations specified in Agenda."),
        (sent({**bad, "name": "a"}, {**bad, "name": "A"}, {"name": ""}), "Operations must have names."),
        (sent({**bad, "name": "a"}, {**bad, "name": "A"}), "Operation names must be unique."),
        (sent({**bad, "name": "a"}), f"{DETECTED}Invalid references found in operation [a] payload: none.out"),
    ]
    assert [refusal(agenda) for agenda, _ in steps] == [text for _, text in steps]


@pytest.mark.parametrize("wrong", ["b.out", "A.out", "a", "a.OUT", "popular.out", "x.pop.y"])
def test_a_reference_names_the_result_of_an_operation_of_this_agenda_case_and_all(wrong: str) -> None:
    text = f"{DETECTED}Invalid references found in operation [a] payload: {wrong}"
    assert refusal(with_payloads(a=f"see @<{wrong}::/x?default>")) == text


def test_the_issue_lists_all_missing_tokens_those_of_the_service_too() -> None:
    agenda = with_payloads(a=["@<none.out>", "@<pop.agendaId>", "@<b.out>", "@<other>"], b=None)
    text = "Invalid references found in operation [a] payload: none.out,pop.agendaId,other"
    assert refusal(agenda) == DETECTED + text


def test_params_are_not_searched_for_references() -> None:
    assert validate(sent({"name": "a", "params": {"x": "@<none.out>", "dependsOn": "nobody"}}))


def test_a_cycle_is_named_by_each_operation_on_it_and_not_by_what_leads_to_it() -> None:
    agenda = with_payloads(a="@<b.out>", b="@<c.out>", c="@<b.out>", d=None)
    assert refusal(agenda) == DETECTED + ",".join([circular("b"), circular("c")])


def test_a_reference_to_itself_is_a_cycle_and_not_an_invalid_reference() -> None:
    assert refusal(with_payloads(a="- @<a.out>")) == DETECTED + circular("a")


def test_a_diamond_is_no_cycle() -> None:
    assert validate(with_payloads(a="@<b.out> @<c.out>", b="@<d.out>", c="@<d.out>", d=None))


def test_depends_on_makes_no_cycle_here() -> None:
    agenda = sent({"name": "a", "params": {"dependsOn": "b"}}, {"name": "b", "params": {"dependsOn": "a"}})
    assert len(validate(agenda)) == 2


def test_cycles_are_looked_for_only_where_all_references_are_good() -> None:
    text = refusal(with_payloads(a="- @<a.out>", b="@<none.out>"))
    assert text == f"{DETECTED}Invalid references found in operation [b] payload: none.out"


@pytest.mark.parametrize(("count", "shown", "truncated"), [(10, 10, False), (11, 10, True), (12, 10, True)])
def test_ten_issues_are_told_and_then_that_there_are_more(count: int, shown: int, truncated: bool) -> None:  # noqa: FBT001
    issues = (
        refusal(with_payloads(**{f"o{n}": f"@<o{n}.out> " for n in range(count)})).removeprefix(DETECTED).split(",")
    )
    assert issues == [circular(f"o{n}") for n in range(shown)] + ["[Truncating additional issues]"] * truncated


def test_a_long_chain_is_walked_without_recursion() -> None:
    chain = {f"o{n}": f"@<o{n + 1}.out>" for n in range(2000)}
    assert len(validate(with_payloads(**chain, o2000=None))) == 2001


@pytest.mark.parametrize("identity", ["a\0b", "x" * 1025, "\u00e9" * 513])
def test_refuses_ids_and_names_that_no_row_key_can_hold(identity: str) -> None:
    assert refusal(sent({"name": identity})).startswith("expected an id or name of at most 1024 bytes without NUL")
    assert refusal(sent({"name": "a"}, progressId=identity)).startswith("expected an id or name")


def test_ids_may_hold_anything_else() -> None:
    refuse_unstorable([None, "", "account/3131523765", "x" * 1024, "\u00e9" * 512, "a-b c\n\U0001f3ac"])

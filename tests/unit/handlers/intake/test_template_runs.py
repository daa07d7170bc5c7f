"""Template runs (spec 5): the parameter map, what is replaced where, and what comes of it."""

from typing import Any

import pytest

from eventstore.errors import BadRequest
from handlers.intake.template_runs import DuplicateParameter, NotGenerated, generate, parse_payload
from handlers.wire.requests import OpenAgenda


def made(agenda: dict[str, Any], payload: Any = None, **static: Any) -> OpenAgenda:
    return generate(agenda, static, payload, "template")


def operation(found: OpenAgenda) -> Any:
    assert found.operations is not None
    assert found.operations[0] is not None
    return found.operations[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"a":[1]}', {"a": [1]}), (' \n 5 {"and": garbage', 5), ("null", None), ('"x"', "x")],
)
def test_a_payload_is_the_json_that_it_begins_with(text: str, value: Any) -> None:
    assert parse_payload(text) == value


@pytest.mark.parametrize(
    "text", ["{", "x", "NaN", "[Infinity]", "'a'", "[" * 100_000, r'{"a": "\ud800"}', r'{"\udfff": 1}', '{"a": -1e400}']
)
def test_a_payload_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^Unable to parse input payload as JSON$"):
        parse_payload(text)


def test_all_of_the_agenda_is_gone_through() -> None:
    agenda = {
        "customerId": "@<pop.payload::/customer>",
        "linkId": "job @<pop.transformRequest::/job>",
        "params": {"depth": ["@<size>"], "null": None},
        "operations": [{"name": "@<name>", "type": "t", "payload": {"x": "@<pop.payload>"}}],
    }
    payload = {"customer": "alice", "job": 7}

    found = made(agenda, payload, size={"w": 1}, name="encode")

    assert (found.customer_id, found.link_id, found.title) == ("alice", "job 7", "template")
    assert found.params == {"depth": [{"w": 1}], "null": None}
    assert (operation(found).name, operation(found).payload) == ("encode", {"x": payload})


def test_keys_are_not_replaced_and_what_was_put_in_is_not_gone_through_again() -> None:
    found = made({"params": {"@<a>": "@<a>"}}, a="@<b>", b="never")
    assert found.params == {"@<a>": "@<b>"}


def test_references_to_results_and_to_nothing_stay_for_the_executor() -> None:
    agenda = {"operations": [{"name": "a", "payload": ["@<b.out::/x?default>", "@<pop.agendaId>", "@<s::/none>"]}]}
    found = made(agenda, {}, s={})
    assert operation(found).payload == ["@<b.out::/x?default>", "@<pop.agendaId>", "@<s::/none>"]


def test_an_agenda_keeps_a_title_of_its_own() -> None:
    assert made({"title": "mine"}).title == "mine"
    assert made({"title": ""}).title == "template"


def test_numbers_become_texts_where_texts_are_wanted() -> None:
    agenda = {"linkId": "@<n>", "title": "@<yes>", "operations": [{"name": "@<n>", "payload": "@<n>"}]}
    found = made(agenda, n=5, yes=True)
    assert (found.link_id, found.title, operation(found).name, operation(found).payload) == ("5", "true", "5", 5)


@pytest.mark.parametrize("name", ["pop.payload", "pop.transformRequest"])
def test_a_static_parameter_cannot_be_the_payload(name: str) -> None:
    with pytest.raises(DuplicateParameter, match=rf"^Parameter \[{name}\] is duplicated\.$") as wrong:
        generate({}, {name: 1}, None, None)
    assert (wrong.value.title, wrong.value.code) == ("DuplicateParameterException", 422)


@pytest.mark.parametrize("agenda", [None, {"operations": 7}, {"operations": ["@<n>"]}, {"params": "@<n>"}])
def test_what_is_no_agenda_is_said_with_the_templates_title(agenda: Any) -> None:
    with pytest.raises(NotGenerated, match=r"^Failed to generate Agenda from template: \[template\]") as wrong:
        generate(agenda, {"n": 5}, None, "template")
    assert (wrong.value.title, wrong.value.code) == ("RuntimeServiceException", 500)

"""run: an agenda from a template and a payload (spec 5)."""

import json
from typing import Any

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
PATH = "/pop/agenda/service/run"


async def template(client: Client, agenda: Any, **more: Any) -> str:
    """Save a template of the tenant's; its id."""
    identity = f"t-{client.tenant}"
    body = {"id": identity, "customerId": client.tenant, "title": "of the template", "agenda": agenda, **more}
    _, answer, _ = await client.ask("POST", "/pop/agendatemplate", body)
    assert not answer["error"], answer
    return identity


async def run(client: Client, identity: str, payload: Any, **headers: Any) -> Any:
    body = {"agendaTemplateId": identity, "payload": payload if isinstance(payload, str) else json.dumps(payload)}
    return (await client.ask("POST", PATH, body, **headers))[1]


def one(client: Client, **more: Any) -> dict[str, Any]:
    return {"customerId": client.tenant, "operations": [{"name": "a", "type": "t", "payload": {"x": 1}}], **more}


class TestRequest:
    """5.1 The request to run a template."""

    @pytest.mark.parametrize(
        "body", [None, {}, {"agendaTemplateId": "t"}, {"payload": "{}"}, {"agendaTemplateId": " ", "payload": "{}"}]
    )
    async def test_both_fields_are_wanted(self, client: Client, body: Any) -> None:
        status, answer, _ = await client.ask("POST", PATH, raw=b"" if body is None else None, body=body)
        assert (status, error_of(answer)) == (200, ("ValidationException", 422))
        assert answer["errorResponse"]["description"] == "agendaTemplateId and payload must be specified"
        assert "agendas" not in answer

    async def test_the_payload_is_looked_at_before_the_template(self, client: Client) -> None:
        answer = await run(client, "nothing", "{")
        assert error_of(answer) == ("BadRequestException", 400)
        assert answer["errorResponse"]["description"] == "Unable to parse input payload as JSON"
        assert (answer["agendas"], answer["all"]) == ([None], [None])

    async def test_a_template_that_is_not_there(self, client: Client) -> None:
        answer = await run(client, "nothing", "{} trailing", X_pop_cid="c1")
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert answer["errorResponse"]["description"] == "AgendaTemplate nothing not found"
        assert "agendas" not in answer
        assert (answer["cid"], "all" in answer) == ("c1", False)

    async def test_a_template_keeps_its_own_title_and_cid(self, client: Client) -> None:
        identity = await template(client, one(client, title="mine", cid="c0"))
        (made,) = (await run(client, identity, {}, X_pop_cid="c1"))["all"]
        assert (made["title"], made["cid"]) == ("mine", "c0")

    @pytest.mark.parametrize("agenda", [None, {"customerId": "@<pop.payload>"}])
    async def test_what_is_no_agenda_is_thrown_with_the_title(self, client: Client, agenda: Any) -> None:
        answer = await run(client, await template(client, agenda), "{}")
        assert error_of(answer) == ("RuntimeServiceException", 500)
        text = "Failed to generate Agenda from template: [of the template]"
        assert answer["errorResponse"]["description"].startswith(text)

    async def test_what_a_post_would_refuse_is_told_with_its_title(self, client: Client) -> None:
        for agenda, text in (
            (one(client, operations=[]), "[ValidationException : No operations specified in Agenda.]"),
            (one(client, customerId=None), "[ValidationException : The customerId field must be specified.]"),
            (one(client, customerId="nobody"), "[ValidationException : Customer not found for customerId nobody]"),
            (
                one(client, operations=[{"name": "a", "type": "u"}]),
                "[ObjectNotFoundException : No available insights for processing agenda]",
            ),
        ):
            answer = await run(client, await template(client, agenda), "{}")
            assert error_of(answer) == ("BadRequestException", 400)
            assert answer["errorResponse"]["description"] == text
            assert (answer["agendas"], answer["all"]) == ([None], [None])

    async def test_the_same_key_makes_one_agenda(self, client: Client) -> None:
        identity = await template(client, one(client))
        made = [(await run(client, identity, {}, Idempotency_Key="k"))["all"][0]["id"] for _ in range(2)]
        assert made[0] == made[1]


class TestReplacement:
    """5.2 Replacing references.

    More of texts that are no reference: `tests/unit/handlers/wire/test_replacement.py`, `test_references.py`.
    """

    async def test_an_agenda_is_made_submitted_and_answered(self, client: Client) -> None:
        agenda = {
            "customerId": "@<pop.payload::/customer>",
            "linkId": "link @<pop.payload::/n>",
            "params": {"externalId": "@<pop.transformRequest::/id?none>", "kept": "@<unknown>"},
            "operations": [
                {"name": "@<first>", "type": "t", "payload": {"n": "@<pop.payload::/n>", "null": None}},
                {"name": "b", "type": "t", "payload": {"of": "@<a.out::/x>", "d": "@<first::/no?>"}},
            ],
        }
        identity = await template(client, agenda, staticParameters={"first": "a"})

        answer = await run(client, identity, {"customer": client.tenant, "n": 3}, X_pop_cid="c1")

        assert answer["agendas"] == answer["all"]
        (made,) = answer["agendas"]
        _, got, _ = await client.ask("GET", f"/pop/agenda/{made['id']}")
        assert got["all"] == [made]
        assert (made["linkId"], made["title"], made["cid"]) == ("link 3", "of the template", "c1")
        assert made["params"] == {"externalId": "none", "kept": "@<unknown>"}
        assert [one["payload"] for one in made["operations"]] == [{"n": 3}, {"of": "@<a.out::/x>"}]
        progress = await client.progress(made["progressId"])
        assert progress["externalId"] == "none"
        assert [found["id"] for found in (await client.pull())["agendas"]] == [made["id"]]

    async def test_a_duplicate_parameter_is_thrown(self, client: Client) -> None:
        identity = await template(client, one(client), staticParameters={"pop.payload": 1})
        answer = await run(client, identity, {})
        assert error_of(answer) == ("DuplicateParameterException", 422)
        assert answer["errorResponse"]["description"] == "Parameter [pop.payload] is duplicated."
        assert "all" not in answer

    async def test_each_rule_of_replacement(self, client: Client) -> None:
        static = {"n": 7, "f": 1.5, "b": True, "z": None, "s": "text", "o": {"a": {"b": [1, {"c": "deep"}]}}, "l": [1]}
        rules: dict[str, tuple[Any, Any]] = {
            "a number keeps its type": ("@<n>", 7),
            "a boolean too, which POP leaves as it is": ("@<b>", True),
            "an object": ("@<o::/a/b>", [1, {"c": "deep"}]),
            "a list": ("@<l>", [1]),
            "a part": ("@<o::/a/b/1/c>", "deep"),
            "a slash is added": ("@<o::a/b/0>", 1),
            "a slash alone is the whole": ("@<l::/>", [1]),
            "in a text as text": ("<@<n>, @<f>, @<b>, @<z>, @<s>>", "<7, 1.5, true, null, text>"),
            "two that fill the text, which POP refuses": ("@<n>:@<s>", "7:text"),
            "an object has no place in a text": ("x @<o>", "x @<o>"),
            "an unknown name stays": ("x @<n> @<nobody> @<nobody::/x?d>", "x 7 @<nobody> @<nobody::/x?d>"),
            "a default is a text": ("@<o::/none?7>", "7"),
            "nothing without a default stays": ("@<o::/none>", "@<o::/none>"),
            "what is put in is not looked at again": ("@<pop.payload::/token>", "@<n>"),
            "a text that is none": ("@<>", "@<>"),
            "@<n>": ("keys are not looked at", "keys are not looked at"),
        }
        params = {name: text for name, (text, _) in rules.items()}
        agenda = one(client, params={**params, "null": "@<z>", "none": "@<o::/none?>"})
        identity = await template(client, agenda, staticParameters=static)
        (made,) = (await run(client, identity, {"token": "@<n>"}))["all"]
        assert made["params"] == {name: value for name, (_, value) in rules.items()}

    async def test_references_to_results_are_left_to_the_executor(self, client: Client) -> None:
        operations = [
            {"name": "a", "type": "t"},
            {"name": "b", "type": "t", "payload": {"x": "@<a.out::/x?d>", "y": "@<pop.agendaId>"}},
        ]
        identity = await template(client, one(client, operations=operations))
        (made,) = (await run(client, identity, {}))["all"]
        assert made["operations"][1]["payload"] == {"x": "@<a.out::/x?d>", "y": "@<pop.agendaId>"}

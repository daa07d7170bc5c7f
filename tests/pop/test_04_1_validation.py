"""What a submission must be (spec 4.1)."""

from typing import Any

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestValidation:
    """4.1 What a submission must be.

    More of references and circles: `tests/unit/handlers/intake/test_validation.py`, `wire/test_references.py`.
    """

    @pytest.mark.parametrize(
        ("operations", "text"),
        [
            ([], "No operations specified in Agenda."),
            ([{"type": "t"}], "Operations must have names."),
            ([{"name": "a"}, {"name": "A"}], "Operation names must be unique."),
            (
                [{"name": "a", "payload": {"x": "@<b.out::/y>"}}],
                "Validation Issues detected: Invalid references found in operation [a] payload: b.out",
            ),
            (
                [{"name": "a", "payload": "- @<b.out>"}, {"name": "b", "payload": ["- @<a.out>"]}],
                (
                    "Validation Issues detected: There is a circular reference involving the operation: a,"
                    "There is a circular reference involving the operation: b"
                ),
            ),
        ],
    )
    async def test_refuses_in_pops_words(self, client: Client, operations: list[Any], text: str) -> None:
        body = {"customerId": client.tenant, "operations": operations}
        status, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert (status, answer["errorResponse"]["description"]) == (200, text)
        assert error_of(answer) == ("ValidationException", 422)

    async def test_a_body_is_wanted_first_and_an_owner_second(self, client: Client) -> None:
        for raw, text in (
            (b"null", "Unable to POST/PUT a null object"),
            (b"", "Unable to POST/PUT a null object"),
            (b'{"operations":null}', "The customerId field must be specified."),
            (b'{"customerId":"a","operations":null}', "No operations specified in Agenda."),
            (b'{"customerId":"a","operations":[{"name":"A"},{"name":"a"},{}]}', "Operations must have names."),
        ):
            _, answer, _ = await client.ask("POST", "/pop/agenda", raw=raw)
            assert error_of(answer) == ("ValidationException", 422)
            assert answer["errorResponse"]["description"] == text

    async def test_ten_issues_are_told_and_then_that_there_are_more(self, client: Client) -> None:
        for count in (10, 11):
            operations = [{"name": f"o{number}", "payload": "- @<x.out>"} for number in range(count)]
            _, answer, _ = await client.ask("POST", "/pop/agenda", {"customerId": "a", "operations": operations})
            text = answer["errorResponse"]["description"]
            assert text.count("Invalid references found in operation [o") == 10
            assert text.endswith("[Truncating additional issues]") is (count == 11)

    async def test_a_reference_to_itself_is_a_circle(self, client: Client) -> None:
        body = {"customerId": client.tenant, "operations": [{"name": "a", "payload": {"x": "@<a.out>"}}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert answer["errorResponse"]["description"] == (
            "Validation Issues detected: There is a circular reference involving the operation: a"
        )

    async def test_names_are_compared_with_their_case_and_all_that_is_missing_is_listed(self, client: Client) -> None:
        payload = ["- @<A.out>", "- @<a.out::/x>", "- @<pop.agendaId>", "- @<b>"]
        operations = [{"name": "a", "payload": 1}, {"name": "c", "payload": payload}]
        _, answer, _ = await client.ask("POST", "/pop/agenda", {"customerId": client.tenant, "operations": operations})
        text = answer["errorResponse"]["description"]
        start = "Validation Issues detected: Invalid references found in operation [c] payload: "
        assert text.startswith(start)
        assert {"A.out", "b"} <= set(text.removeprefix(start).split(","))
        assert "a.out" not in text.removeprefix(start).split(",")

    async def test_what_is_accepted(self, client: Client) -> None:
        operations = [
            {"name": "a", "type": "t", "payload": {"own": "@<pop.anything::/x?d>", "b": ["@<b.out::/y>"]}},
            {"name": "b", "type": "t", "params": {"dependsOn": "a,nobody", "x": "@<not.searched>"}},
            None,
        ]
        agenda = await client.submit(operations=operations)
        assert [each["name"] for each in agenda["operations"]] == ["a", "b"]

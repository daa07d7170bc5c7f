"""Submission: what it must be, which Insight takes it, what it makes (spec 4)."""

from typing import Any

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestValidation:
    """4.1 What a submission must be."""

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


class TestInsights:
    """4.2 Which Insight takes it."""

    async def test_says_who_is_missing(self, client: Client) -> None:
        body = {"customerId": "nobody", "operations": [{"name": "a"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert answer["errorResponse"]["description"] == "Customer not found for customerId nobody"
        assert answer["all"] == []
        body = {"customerId": client.tenant, "operations": [{"name": "a", "type": "other"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert answer["errorResponse"]["description"] == "No available insights for processing agenda"


class TestPipeline:
    """4.3 What a submission makes."""

    async def test_creates_progress_and_operations_with_pops_ids(self, client: Client) -> None:
        agenda = await client.submit("x", "y", params={"externalId": "e1", "maximumAttempts": "5", "n": None})
        progress = await client.progress(agenda["progressId"])
        assert (progress["externalId"], progress["maximumAttempts"], progress["agendaId"]) == ("e1", 5, agenda["id"])
        assert progress["params"] == {"externalId": "e1", "maximumAttempts": "5"}
        assert [row["id"] for row in progress["operationProgress"]] == [
            f"{agenda['progressId']}-x",
            f"{agenda['progressId']}-y",
        ]
        assert {row["processingStateMessage"] for row in progress["operationProgress"]} == {"queued"}

    async def test_do_not_run_counts_even_when_it_is_null(self, client: Client) -> None:
        agenda = await client.submit(params={"doNotRun": None})
        assert (await client.pull())["agendas"] == []
        progress = await client.progress(agenda["progressId"])
        assert progress["operationProgress"][0]["processingStateMessage"] == "added"

    async def test_an_id_that_the_client_chose_is_ignored_by_a_post(self, client: Client) -> None:
        agendas = [await client.submit(id="mine") for _ in range(2)]
        assert len({agenda["id"] for agenda in agendas} | {"mine"}) == 3
        assert (await client.ask("GET", "/pop/agenda/mine"))[1]["all"] == []

"""Agendas, their progress, and diagnostics (spec 1.3, 1.5, 1.7)."""

from typing import Any

import pytest

from tests.pop.objects import PATH, posted
from tests.wire import Client

pytestmark = pytest.mark.kafka


class TestAgendas:
    """1.3 Agenda, Operation, AgendaInsight.

    What the recognised params do: 4.2 (`defaultInsight`), 4.3 (`doNotRun`, `maximumAttempts`, `externalId`),
    8.2 (`dependsOn`, `generatedOperationParent`).
    """

    async def test_every_field_is_kept_as_it_was_sent(self, client: Client) -> None:
        operations: list[Any] = [
            {"name": "a", "type": "t", "id": "of the client", "payload": {"x": [1]}, "params": {"k": {"deep": True}}},
            {"name": "b", "type": "t", "payload": "a text", "params": {"dependsOn": "a"}},
            {"name": "c", "type": "t", "payload": 7},
        ]
        sent = {"title": "T", "linkId": "l", "jobId": "j", "cid": "c", "params": {"k": 1}, "operations": operations}
        agenda = await client.submit(**sent)
        _, got, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        (found,) = got["all"]
        assert found == agenda
        assert {name: found[name] for name in sent} == sent
        insight = {"insightId": f"i-{client.tenant}", "resourcePoolId": f"p-{client.tenant}"}
        assert found["agendaInsight"] == insight
        assert found.keys() == {
            *sent, "id", "customerId", "progressId", "agendaInsight", "addedTime", "updatedTime"
        }  # fmt: skip

    async def test_an_operation_is_none_by_itself(self, client: Client) -> None:
        (operation,) = (await client.submit("a"))["operations"]
        assert operation == {"name": "a", "type": "t"}


class TestAgendaProgress:
    """1.5 AgendaProgress."""

    async def test_every_field_is_kept_as_it_was_sent(self, client: Client) -> None:
        sent: dict[str, Any] = {
            "title": "T",
            "cid": "c",
            "agendaId": "a",
            "linkId": "l",
            "externalId": "e",
            "processingState": "EXECUTING",
            "processingStateMessage": "Running Operations",
            "diagnosticEvents": [{"message": "m"}],
            "attemptsCompleted": 1,
            "maximumAttempts": 7,
            "startedTime": 1000,
            "completedTime": 2000,
            "percentComplete": 12.5,
            "params": {"k": [1]},
            "agendaInsight": {"insightId": "i", "resourcePoolId": "p"},
        }
        posted_ = await posted(client, **sent)
        found = await client.progress(posted_["id"])
        assert {name: found[name] for name in sent} == sent
        assert found == {**posted_, "operationProgress": []}


class TestDiagnostics:
    """1.7 DiagnosticEvent."""

    async def test_every_field_is_kept_as_it_was_sent(self, client: Client) -> None:
        events = [
            {"message": "m", "statusCode": "E7", "time": 1000, "stackTrace": "at\n\tb", "payload": {"any": [1, "x"]}},
            {"message": "only"},
            {"payload": "a text"},
        ]
        progress = (await posted(client, diagnosticEvents=events))["id"]
        assert (await client.progress(progress))["diagnosticEvents"] == events
        body = {"operationProgress": [{"operation": "a", "diagnosticEvents": events}]}
        await client.ask("PUT", f"{PATH}/{progress}", body)
        assert (await client.progress(progress))["operationProgress"][0]["diagnosticEvents"] == events

    async def test_the_wikis_name_for_them_is_read_as_well(self, client: Client) -> None:
        progress = (await posted(client, diagnostics=[{"message": "m"}]))["id"]
        assert (await client.progress(progress))["diagnosticEvents"] == [{"message": "m"}]

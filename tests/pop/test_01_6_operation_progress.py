"""OperationProgress, on both its paths (spec 1.6)."""

from typing import Any

import pytest

from tests.pop.objects import got, posted_operation
from tests.wire import Client

pytestmark = pytest.mark.kafka
PATHS = pytest.mark.parametrize("path", ["/pop/progress/operation", "/progress/agenda/operation"])


class TestOperationProgress:
    """1.6 OperationProgress.

    Its stream is named by its agendaProgressId, whether or not that progress exists; else by its id (design 4.5).
    """

    @PATHS
    async def test_without_an_id_or_a_progress_it_gets_an_id(self, client: Client, path: str) -> None:
        found = await posted_operation(client, path, operation="a", resultPayload='{"x":null}', params={"n": None})
        assert len(found["id"]) == 36
        assert (found["attemptCount"], found["resultPayload"], found["params"]) == (0, '{"x":null}', {})
        assert found["addedTime"] == found["updatedTime"]
        assert await got(client, found["id"], path) == [found]

    async def test_before_its_progress_exists_it_is_found_and_then_shown_with_it(self, client: Client) -> None:
        t = client.tenant
        for identity in (f"p-{t}-a", f"odd-{t}", None):
            found = await posted_operation(client, id=identity, agendaProgressId=f"p-{t}", operation="a")
            assert identity in (None, found["id"])
            assert [row["id"] for row in await got(client, found["id"])] == [found["id"]]
        _, answer, _ = await client.ask("GET", f"/pop/progress/operation?byagendaProgressId=p-{t}")
        assert answer["count"] == 3
        assert (await client.ask("GET", f"/pop/progress/agenda/p-{t}"))[1]["all"] == []
        await client.ask("POST", "/pop/progress/agenda", {"id": f"p-{t}", "customerId": t})
        progress = await client.progress(f"p-{t}")
        assert {f"p-{t}-a", f"odd-{t}"} < {row["id"] for row in progress["operationProgress"]}
        assert len(progress["operationProgress"]) == 3

    async def test_every_field_is_kept_as_it_was_sent(self, client: Client) -> None:
        sent: dict[str, Any] = {
            "title": "T",
            "cid": "c",
            "agendaProgressId": f"p-{client.tenant}",
            "operation": "a",
            "processingState": "COMPLETE",
            "processingStateMessage": "succeeded",
            "diagnosticEvents": [{"message": "m"}],
            "percentComplete": 12.5,
            "startedTime": 1000,
            "completedTime": 2000,
            "resultPayload": '{"n": null, "text": "not touched"}',
            "params": {"k": [1]},
        }
        found = await posted_operation(client, **sent)
        assert sent.items() <= found.items()
        assert await got(client, found["id"]) == [found]

    async def test_its_id_is_that_of_the_progress_and_the_operations_name_wherever_it_is_made(
        self, client: Client
    ) -> None:
        agenda = await client.submit("a b/c")
        progress = agenda["progressId"]
        await client.report(progress, operationProgress=[{"operation": "of a report", "id": "bogus"}])
        body = {"agendaId": agenda["id"], "operations": [{"name": "of an expansion"}]}
        await client.ask("POST", "/pop/resourcepool/service/updateAgenda", body)
        rows = (await client.progress(progress))["operationProgress"]
        assert {row["id"] for row in rows} == {f"{progress}-{row['operation']}" for row in rows}
        assert {row["operation"] for row in rows} == {"a b/c", "of a report", "of an expansion"}
        assert [row["operation"] for row in await got(client, f"{progress}-a+b%2Fc")] == ["a b/c"]

    async def test_the_wikis_counts_of_attempts_are_kept(self, client: Client) -> None:
        agenda = await client.submit("a")
        (row,) = (await client.progress(agenda["progressId"]))["operationProgress"]
        assert (row["attemptCount"], "attemptTime" in row) == (0, False)
        entry = {"operation": "a", "processingState": "EXECUTING"}
        for started in (1, 2):
            await client.pull()
            await client.report(agenda["progressId"], started, operationProgress=[entry])
            (row,) = (await client.progress(agenda["progressId"]))["operationProgress"]
            assert (row["attemptCount"], row["attemptTime"] > 0) == (started, True)
            await client.ask("POST", "/pop/agenda/service/rerun", {"agendaId": agenda["id"]})

    async def test_each_attempt_counts_and_is_dated_though_what_is_said_of_it_was_said_before(
        self, client: Client
    ) -> None:
        agenda = await client.submit("a")
        entry = {"operation": "a", "processingState": "EXECUTING", "percentComplete": 0.0, "startedTime": 5}
        dates = []
        for started in (1, 2):
            await client.pull()
            for _ in range(2):
                report = await client.report(agenda["progressId"], started, operationProgress=[entry])
                assert report == {"error": False}
            (row,) = (await client.progress(agenda["progressId"]))["operationProgress"]
            assert (row["attemptCount"], row["startedTime"]) == (started, 5)
            dates.append(row["attemptTime"])
            body = {"agendaId": agenda["id"], "params": ["continue"]}
            await client.ask("POST", "/pop/agenda/service/rerun", body)
        assert dates[0] < dates[1]

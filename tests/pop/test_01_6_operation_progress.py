"""OperationProgress, on both its paths (spec 1.6)."""

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

"""Templates, customers, Insights, pools (spec 1.4, 1.8 to 1.10)."""

from typing import Any

import pytest

from tests.wire import Client

pytestmark = pytest.mark.kafka

TEMPLATE: dict[str, Any] = {
    "title": "T",
    "agenda": {"title": "@<t>", "operations": [{"name": "a", "type": "t", "payload": {"x": None, "y": "@<y>"}}]},
    "params": {"t": "", "n": None},
    "staticParameters": {"y": 1},
    "allowedCustomerIds": ["B", "a", "b"],
    "templateParameters": ["unknown"],
}


class TestTemplates:
    """1.4 AgendaTemplate."""

    async def test_a_template_is_kept_whole_with_its_defaults(self, client: Client) -> None:
        body = {"id": f"t-{client.tenant}", "customerId": client.tenant, **TEMPLATE}
        _, posted, _ = await client.ask("POST", "/pop/agendatemplate", body)
        _, got, _ = await client.ask("GET", f"/pop/agendatemplate/t-{client.tenant}")
        assert got["all"] == posted["all"]
        (found,) = got["all"]
        assert found.pop("addedTime") == found.pop("updatedTime") > 0
        assert found == {
            "id": f"t-{client.tenant}",
            "customerId": client.tenant,
            "title": "T",
            "agenda": {"title": "@<t>", "operations": [{"name": "a", "type": "t", "payload": {"y": "@<y>"}}]},
            "params": {"t": ""},
            "staticParameters": {"y": 1},
            "allowedCustomerIds": ["a", "b"],
            "isGlobal": False,
            "global": False,
            "isDefaultTemplate": False,
        }

    async def test_a_put_replaces_whole_fields_and_keeps_the_others(self, client: Client) -> None:
        path = f"/pop/agendatemplate/t-{client.tenant}"
        await client.ask("POST", path, {"id": f"t-{client.tenant}", "customerId": client.tenant, **TEMPLATE})
        _, answer, _ = await client.ask("PUT", path, {"params": {"z": 1}, "agenda": None, "isGlobal": True})
        (found,) = answer["all"]
        assert (found["params"], found["global"], found["isGlobal"]) == ({"z": 1}, True, True)
        assert found["agenda"]["title"] == "@<t>"


class TestInsights:
    """1.9 Insight."""

    async def test_an_insight_says_global_twice_and_a_pool_names_its_insights(self, client: Client) -> None:
        t = client.tenant
        _, answer, _ = await client.ask("GET", f"/pop/insight/i-{t}")
        assert answer["all"][0]["global"] is answer["all"][0]["isGlobal"] is False
        assert answer["all"][0]["queueSize"] == 0
        _, answer, _ = await client.ask("GET", f"/pop/resourcepool?byid=p-{t}")
        assert answer["all"][0]["insightIds"] == [f"i-{t}"]

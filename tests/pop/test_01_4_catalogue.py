"""Templates, customers, Insights, pools (spec 1.4, 1.8 to 1.10)."""

from typing import Any

import pytest

from tests.wire import Client, error_of

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


class TestCustomers:
    """1.8 Customer."""

    async def test_a_title_is_wanted_and_nothing_else_and_none_is_unique(self, client: Client) -> None:
        for title in ({}, {"title": None}, {"title": " "}):
            _, answer, _ = await client.ask("POST", "/pop/customer", {"customerId": client.tenant, **title})
            assert error_of(answer) == ("ValidationException", 422), title
        body = {"customerId": client.tenant, "title": "same", "billingCode": "b", "resourcePoolId": "nowhere"}
        made = [(await client.ask("POST", "/pop/customer", body))[1]["all"][0] for _ in range(2)]
        assert made[0]["id"] != made[1]["id"]
        _, answer, _ = await client.ask("GET", f"/pop/customer/{made[1]['id']}")
        assert answer["all"] == [made[1]]
        assert body.items() <= made[1].items()


class TestInsights:
    """1.9 Insight."""

    async def test_an_insight_says_global_twice_and_a_pool_names_its_insights(self, client: Client) -> None:
        t = client.tenant
        _, answer, _ = await client.ask("GET", f"/pop/insight/i-{t}")
        assert answer["all"][0]["global"] is answer["all"][0]["isGlobal"] is False
        assert answer["all"][0]["queueSize"] == 0
        _, answer, _ = await client.ask("GET", f"/pop/resourcepool?byid=p-{t}")
        assert answer["all"][0]["insightIds"] == [f"i-{t}"]

    async def test_a_title_is_wanted_and_the_defaults_are_no_queue_and_not_global(self, client: Client) -> None:
        body = {"customerId": client.tenant}
        _, answer, _ = await client.ask("POST", "/pop/insight", body)
        assert error_of(answer) == ("ValidationException", 422)
        _, answer, _ = await client.ask("POST", "/pop/insight", {**body, "title": "t"})
        (found,) = answer["all"]
        assert (found["queueSize"], found["isGlobal"], found["global"]) == (0, False, False)
        assert not {"schedulingAlgorithm", "mappers", "queueName", "allowedCustomerIds"} & found.keys()

    async def test_everything_is_kept_as_it_was_sent(self, client: Client) -> None:
        sent = {
            "title": "t",
            "resourcePoolId": f"p-{client.tenant}",
            "queueName": "https://sqs/1/q",
            "queueSize": 7,
            "schedulingAlgorithm": "RoundRobin",
            "mappers": {"operationType": ["Encode", "a"], "operationName": [], "paramMap": ["k=V"]},
            "isGlobal": True,
        }
        _, answer, _ = await client.ask("POST", "/pop/insight", {"customerId": client.tenant, **sent})
        _, got, _ = await client.ask("GET", f"/pop/insight/{answer['all'][0]['id']}")
        (found,) = got["all"]
        assert {kind: sorted(values) for kind, values in found.pop("mappers").items()} == sent.pop("mappers")
        assert sent.items() <= found.items()

    async def test_the_values_of_a_mapper_are_a_set_with_the_case_that_was_sent(self, client: Client) -> None:
        path = f"/pop/insight/i-{client.tenant}"
        body = {"mappers": {"operationType": ["t", "T", "t"], "operationName": ["a", "a"], "paramMap": []}}
        for method, more in (
            ("PUT", {}),
            ("POST", {"id": f"i-{client.tenant}", "customerId": client.tenant, "title": "i"}),
        ):
            _, answer, _ = await client.ask(method, path, {**body, **more})
            found = {kind: sorted(values) for kind, values in answer["all"][0]["mappers"].items()}
            assert found == {"operationType": ["T", "t"], "operationName": ["a"], "paramMap": []}


class TestPools:
    """1.10 ResourcePool.

    That `insightIds` is echoed and not kept: 2.5.
    """

    async def test_the_insights_are_those_that_name_it_and_none_are_an_empty_list(self, client: Client) -> None:
        t = client.tenant
        insight = {"id": f"j-{t}", "customerId": t, "title": "j", "resourcePoolId": f"p-{t}"}
        await client.ask("POST", "/pop/insight", insight)
        _, answer, _ = await client.ask("GET", f"/pop/resourcepool/p-{t}")
        assert sorted(answer["all"][0]["insightIds"]) == [f"i-{t}", f"j-{t}"]
        _, answer, _ = await client.ask("POST", "/pop/resourcepool", {"id": f"empty-{t}", "customerId": t})
        assert "insightIds" not in answer["all"][0]
        _, answer, _ = await client.ask("GET", f"/pop/resourcepool/empty-{t}")
        assert answer["all"][0]["insightIds"] == []

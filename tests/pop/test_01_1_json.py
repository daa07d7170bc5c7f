"""What JSON looks like, and what every object has (spec 1.1, 1.2)."""

import asyncio
import uuid
from typing import Any

import pytest

from tests.pop.objects import PATH, posted
from tests.wire import SECONDS, Client, error_of

pytestmark = pytest.mark.kafka


class TestJson:
    """1.1 JSON.

    Bodies of every type with nulls and unknown fields: `tests/unit/handlers/wire/test_requests.py`; that a null is kept
    where its key counts: 4.3 (`doNotRun`), 5.2 (a template's payload).
    """

    async def test_nulls_are_left_out_of_maps_at_any_depth_and_kept_in_lists(self, client: Client) -> None:
        payload: Any = {"n": None, "l": [None, {"n": None}, []], "s": "", "e": [], "m": {}, "deep": {"n": None, "x": 1}}
        operation = {"name": "a", "type": "t", "payload": payload, "params": {"n": None, "s": ""}, "id": None}
        agenda = await client.submit(operations=[operation], params={"n": None, "s": "", "e": [], "m": {}})
        kept: Any = {"l": [None, {}, []], "s": "", "e": [], "m": {}, "deep": {"x": 1}}
        _, got, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        assert got["all"] == [agenda]
        assert agenda["params"] == {"s": "", "e": [], "m": {}}
        assert agenda["operations"] == [{"name": "a", "type": "t", "payload": kept, "params": {"s": ""}}]

    async def test_an_explicit_null_is_as_if_nothing_was_said(self, client: Client) -> None:
        fields = ("id", "cid", "title", "billingCode", "resourcePoolId", "addedTime", "updatedTime")
        body = {**dict.fromkeys(fields), "customerId": client.tenant, "title": "t"}
        _, answer, _ = await client.ask("POST", "/pop/customer", body)
        assert answer["all"][0].keys() == {"id", "customerId", "title", "addedTime", "updatedTime"}

    async def test_unknown_fields_are_ignored_and_not_echoed(self, client: Client) -> None:
        t = client.tenant
        body = {"id": t, "customerId": t, "title": "t", "nobody": {"a": [1, {"b": None}]}, "error": True, "count": "x"}
        _, answer, _ = await client.ask("POST", "/pop/customer", body)
        assert answer["error"] is False
        assert answer["all"][0].keys() == {"id", "customerId", "title", "addedTime", "updatedTime"}

    @pytest.mark.parametrize(
        ("sent", "milliseconds"),
        [
            (1577836800123, 1577836800123),
            ("2020-01-01T00:00:00.123Z", 1577836800123),
            ("2020-01-01T01:00:00+01:00", 1577836800000),
        ],
    )
    async def test_dates_are_epoch_milliseconds_and_read_as_iso_8601_too(
        self, client: Client, sent: Any, milliseconds: int
    ) -> None:
        found = await posted(client, startedTime=sent, completedTime=None)
        assert (found["startedTime"], "completedTime" in found) == (milliseconds, False)

    async def test_enums_are_the_constants_name_in_its_exact_case(self, client: Client) -> None:
        for state in ("WAITING", "EXECUTING", "COMPLETE"):
            assert (await posted(client, processingState=state))["processingState"] == state
        for algorithm in ("RoundRobin", "FirstInFirstOut"):
            body = {"schedulingAlgorithm": algorithm}
            _, answer, _ = await client.ask("PUT", f"/pop/insight/i-{client.tenant}", body)
            assert answer["all"][0]["schedulingAlgorithm"] == algorithm
        for path, body in (
            (PATH, {"customerId": client.tenant, "processingState": "Waiting"}),
            ("/pop/insight", {"customerId": client.tenant, "title": "i", "schedulingAlgorithm": "roundrobin"}),
        ):
            status, answer, _ = await client.ask("POST", path, body)
            assert (status, error_of(answer)) == (400, ("BadRequestException", 400)), path
            assert "Request body is not recognized as '" in answer["errorResponse"]["description"]

    async def test_only_is_global_is_settable(self, client: Client) -> None:
        path = f"/pop/insight/i-{client.tenant}"
        _, answer, _ = await client.ask("PUT", path, {"global": True})
        assert (answer["all"][0]["global"], answer["all"][0]["isGlobal"]) == (False, False)
        _, answer, _ = await client.ask("PUT", path, {"isGlobal": True, "global": False})
        assert (answer["all"][0]["global"], answer["all"][0]["isGlobal"]) == (True, True)

    async def test_params_hold_any_json(self, client: Client) -> None:
        params = {"i": 7, "big": 2**53 + 1, "f": 0.5, "b": True, "s": "7", "l": [1, "a"], "m": {"x": {"y": []}}}
        assert (await client.submit(params=params))["params"] == params


class TestEveryObject:
    """1.2 What every object has."""

    @pytest.mark.parametrize(
        "kind",
        ["agendatemplate", "progress/agenda", "progress/operation", "customer", "insight", "resourcepool"],
    )
    async def test_an_id_is_drawn_and_times_are_the_servers(self, client: Client, kind: str) -> None:
        body = {"customerId": client.tenant, "title": "t", "cid": "c", "addedTime": 1, "updatedTime": 2}
        _, answer, _ = await client.ask("POST", f"/pop/{kind}", body)
        (found,) = answer["all"]
        assert str(uuid.UUID(found["id"])) == found["id"]
        assert found["addedTime"] == found["updatedTime"] > 1_600_000_000_000
        assert (found["cid"], found["title"], found["customerId"]) == ("c", "t", client.tenant)

    @pytest.mark.parametrize(
        "kind",
        ["agendatemplate", "agenda", "progress/agenda", "progress/operation", "customer", "insight", "resourcepool"],
    )
    async def test_nothing_is_posted_without_an_owner(self, client: Client, kind: str) -> None:
        for owner in ({}, {"customerId": None}, {"customerId": " "}):
            body = {"title": "t", "operations": [{"name": "a", "type": "t"}], **owner}
            status, answer, _ = await client.ask("POST", f"/pop/{kind}", body)
            assert (status, error_of(answer)) == (200, ("ValidationException", 422)), (kind, owner)
            assert answer["errorResponse"]["description"] == "The customerId field must be specified."

    @pytest.mark.parametrize("kind", ["agendatemplate", "progress/agenda", "customer", "insight", "resourcepool"])
    async def test_a_put_moves_the_update_and_may_set_when_it_was_added(self, client: Client, kind: str) -> None:
        _, answer, _ = await client.ask("POST", f"/pop/{kind}", {"customerId": client.tenant, "title": "t"})
        (before,) = answer["all"]
        path = f"/pop/{kind}/{before['id']}"
        async with asyncio.timeout(SECONDS):
            while answer["all"][0]["updatedTime"] == before["updatedTime"]:
                _, answer, _ = await client.ask("PUT", path, {"updatedTime": 5})
        assert answer["all"][0]["updatedTime"] > before["updatedTime"]
        assert answer["all"][0]["addedTime"] == before["addedTime"]
        _, answer, _ = await client.ask("PUT", path, {"addedTime": 1577836800000})
        assert answer["all"][0]["addedTime"] == 1577836800000
        _, answer, _ = await client.ask("POST", f"/pop/{kind}", {**before, "addedTime": 3})
        assert answer["all"][0]["addedTime"] >= before["updatedTime"]

    async def test_so_it_is_of_agendas_and_operations(self, client: Client) -> None:
        agenda = await client.submit("a")
        (row,) = (await client.progress(agenda["progressId"]))["operationProgress"]
        for kind, before in (("agenda", agenda), ("progress/operation", row)):
            path, answer = f"/pop/{kind}/{before['id']}", {"all": [before]}
            async with asyncio.timeout(SECONDS):
                while answer["all"][0]["updatedTime"] == before["updatedTime"]:
                    _, answer, _ = await client.ask("PUT", path, {"updatedTime": 5})
            assert answer["all"][0]["updatedTime"] > before["updatedTime"]
            assert answer["all"][0]["addedTime"] == before["addedTime"]
            _, answer, _ = await client.ask("PUT", path, {"addedTime": 1577836800000})
            assert answer["all"][0]["addedTime"] == 1577836800000

    @pytest.mark.parametrize("kind", ["agendatemplate", "insight"])
    async def test_allowed_customers_are_a_sorted_set_in_lower_case(self, client: Client, kind: str) -> None:
        body = {"customerId": client.tenant, "title": "t", "allowedCustomerIds": ["B", "a/X", "b"]}
        _, answer, _ = await client.ask("POST", f"/pop/{kind}", body)
        _, got, _ = await client.ask("GET", f"/pop/{kind}/{answer['all'][0]['id']}")
        assert got["all"][0]["allowedCustomerIds"] == ["a/x", "b"]
        _, answer, _ = await client.ask("POST", f"/pop/{kind}", {**body, "allowedCustomerIds": None})
        assert "allowedCustomerIds" not in answer["all"][0]

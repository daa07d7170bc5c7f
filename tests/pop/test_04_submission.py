"""Submission: which Insight takes it, and what it makes (spec 4.2, 4.3)."""

import uuid

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestInsights:
    """4.2 Which Insight takes it.

    More of mappers and wishes: `tests/unit/handlers/intake/test_binding.py`.
    """

    async def test_says_who_is_missing(self, client: Client) -> None:
        body = {"customerId": "nobody", "operations": [{"name": "a"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert answer["errorResponse"]["description"] == "Customer not found for customerId nobody"
        assert answer["all"] == []
        body = {"customerId": client.tenant, "operations": [{"name": "a", "type": "other"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert answer["errorResponse"]["description"] == "No available insights for processing agenda"

    async def test_a_customer_is_found_by_its_id_if_it_is_its_own(self, client: Client) -> None:
        t = client.tenant
        await client.ask("POST", "/pop/customer", {"id": f"c-{t}", "customerId": t, "title": "t"})
        body = {"customerId": f"c-{t}", "operations": [{"name": "a", "type": "t"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert answer["errorResponse"]["description"] == f"Customer not found for customerId c-{t}"

    @pytest.mark.parametrize(
        ("mappers", "taken"),
        [
            ({"operationType": ["none", "ENCODE"]}, True),
            ({"operationName": ["First"]}, True),
            ({"operationType": ["none"], "operationName": ["first"]}, True),
            ({"paramMap": ["KIND=Film"]}, True),
            ({"paramMap": ["speed=7"]}, True),
            ({"paramMap": ["kind=film=long"]}, True),
            ({"paramMap": ["kind", "=film", "other=film"]}, False),
            ({"operationType": ["first"], "operationName": ["encode"], "nobody": ["first"]}, False),
            ({"operationType": []}, False),
        ],
    )
    async def test_one_mapper_that_matches_is_enough_whatever_the_case(
        self, client: Client, mappers: dict[str, list[str]], taken: bool
    ) -> None:
        await client.ask("PUT", f"/pop/insight/i-{client.tenant}", {"mappers": mappers})
        operation = {"name": "first", "type": "encode", "params": {"Speed": 7}}
        body = {"customerId": client.tenant, "operations": [operation], "params": {"kind": "FILM"}}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert answer["error"] is not taken, answer

    async def test_a_wish_picks_by_title_or_id_among_those_that_match_alone(self, client: Client) -> None:
        t = client.tenant
        for name, kind in (("second", "t"), ("other", "u")):
            insight = {"id": f"{name}-{t}", "customerId": t, "title": name, "resourcePoolId": f"p-{t}"}
            await client.ask("POST", "/pop/insight", {**insight, "mappers": {"operationType": [kind]}})
        wishes = {None: "i", "SECOND": "second", f"Second-{t}": "second", "other": "i", "nobody": "i"}
        for wish, found in wishes.items():
            agenda = await client.submit(params={} if wish is None else {"defaultInsight": wish})
            assert agenda["agendaInsight"]["insightId"] == f"{found}-{t}", wish

    async def test_an_insight_of_another_is_open_if_global_or_allowed(self, client: Client) -> None:
        t = client.tenant
        path = f"/pop/insight/o-{t}"
        body = {"id": f"o-{t}", "customerId": f"o-{t}", "title": "o", "resourcePoolId": f"p-{t}"}
        await client.ask("POST", "/pop/insight", {**body, "mappers": {"operationType": ["o"]}})
        agenda = {"customerId": t, "operations": [{"name": "a", "type": "o"}]}
        for rights, taken in (({}, False), ({"isGlobal": True}, True), ({"isGlobal": False}, False)):
            await client.ask("PUT", path, rights)
            assert (await client.ask("POST", "/pop/agenda", agenda))[1]["error"] is not taken, rights
        await client.ask("PUT", path, {"allowedCustomerIds": [t.upper()]})
        assert (await client.ask("POST", "/pop/agenda", agenda))[1]["error"] is False


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
        assert (await client.poll())["agendas"] == []
        progress = await client.progress(agenda["progressId"])
        assert progress["operationProgress"][0]["processingStateMessage"] == "added"

    async def test_an_id_that_the_client_chose_is_ignored_by_a_post(self, client: Client) -> None:
        agendas = [await client.submit(id="mine") for _ in range(2)]
        assert len({agenda["id"] for agenda in agendas} | {"mine"}) == 3
        assert (await client.ask("GET", "/pop/agenda/mine"))[1]["all"] == []

    async def test_what_the_client_says_of_the_insight_is_not_taken_and_its_cid_is(self, client: Client) -> None:
        insight = {"insightId": "mine", "resourcePoolId": "mine"}
        agenda = await client.submit(cid="c", agendaInsight=insight, headers={"X_pop_cid": "of the header"})
        assert agenda["agendaInsight"] == {
            "insightId": f"i-{client.tenant}",
            "resourcePoolId": f"p-{client.tenant}",
        }
        assert agenda["cid"] == "c"
        drawn = (await client.submit(headers={"X_pop_cid": "of the header"}))["cid"]
        assert str(uuid.UUID(drawn)) == drawn

    async def test_absent_params_are_an_empty_map(self, client: Client) -> None:
        agenda = await client.submit()
        assert agenda["params"] == {}
        assert "params" not in agenda["operations"][0]
        (row,) = (await client.progress(agenda["progressId"]))["operationProgress"]
        assert "params" not in row

    async def test_progress_and_operations_say_what_pop_says_of_them(self, client: Client) -> None:
        operation = {"name": "x", "type": "t", "params": {"k": 1}}
        agenda = await client.submit(operations=[operation], linkId="l", title="T", params={"p": 2})
        progress = await client.progress(agenda["progressId"])
        (row,) = progress.pop("operationProgress")
        base = {"customerId": client.tenant, "cid": agenda["cid"]}
        times = {"addedTime": agenda["addedTime"], "updatedTime": agenda["updatedTime"]}
        assert progress == {
            **base,
            **times,
            "id": agenda["progressId"],
            "agendaId": agenda["id"],
            "linkId": "l",
            "params": {"p": 2},
            "agendaInsight": agenda["agendaInsight"],
            "maximumAttempts": 3,
            "processingState": "WAITING",
        }
        assert row == {
            **base,
            **times,
            "id": f"{agenda['progressId']}-x",
            "agendaProgressId": agenda["progressId"],
            "operation": "x",
            "processingState": "WAITING",
            "processingStateMessage": "queued",  # POP says nothing here; its documentation does
            "percentComplete": 0.0,
            "attemptCount": 0,
            "params": {"k": 1},
        }

    async def test_a_progress_that_is_named_is_used_and_keeps_its_state(self, client: Client) -> None:
        first = await client.submit("a", params={"k": 1})
        await client.report(first["progressId"], processingState="COMPLETE", processingStateMessage="succeeded")
        params = {"m": 2, "externalId": "e", "maximumAttempts": 7}
        second = await client.submit("b", progressId=first["progressId"], linkId="l", params=params)
        progress = await client.progress(first["progressId"])
        assert (progress["addedTime"], progress["cid"]) == (second["addedTime"], second["cid"])
        assert (progress["externalId"], progress["maximumAttempts"]) == ("e", 7)
        assert (progress["agendaId"], progress["linkId"], progress["params"]) == (second["id"], "l", params)
        assert (progress["processingState"], progress["processingStateMessage"]) == ("COMPLETE", "succeeded")
        assert [row["operation"] for row in progress["operationProgress"]] == ["a", "b"]

    async def test_a_progress_that_is_not_there_is_an_error_and_nothing_is_made(self, client: Client) -> None:
        body = {"customerId": client.tenant, "progressId": "none", "operations": [{"name": "a", "type": "t"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert answer["errorResponse"]["description"] == "Unable to get object by id none"
        for kind in ("agenda", "progress/agenda", "progress/operation"):
            _, answer, _ = await client.ask("GET", f"/pop/{kind}?bycustomerId={client.tenant}")
            assert answer["all"] == [], kind

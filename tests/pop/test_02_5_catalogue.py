"""Customers, pools, Insights and templates: GET, POST, PUT, DELETE (spec 2.5)."""

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestCatalogue:
    """2.5 GET, POST, PUT, DELETE."""

    async def test_a_post_with_a_known_id_merges_and_a_put_answers_the_whole_object(self, client: Client) -> None:
        t = client.tenant
        _, answer, _ = await client.ask("PUT", f"/pop/customer/{t}", {"billingCode": "b"})
        assert answer["all"][0]["title"] == t
        assert answer["all"][0]["billingCode"] == "b"
        await client.ask("POST", "/pop/customer", {"id": t, "customerId": t, "title": "new"})
        _, answer, _ = await client.ask("GET", f"/pop/customer/{t}")
        assert (answer["all"][0]["title"], answer["all"][0]["billingCode"]) == ("new", "b")

    async def test_a_post_of_a_known_id_echoes_the_submitted_object(self, client: Client) -> None:
        t = client.tenant
        await client.ask("PUT", f"/pop/customer/{t}", {"billingCode": "b"})
        _, answer, _ = await client.ask("POST", "/pop/customer", {"id": t, "customerId": t, "title": "new"})
        (found,) = answer["all"]
        assert found.keys() == {"id", "customerId", "title", "addedTime", "updatedTime"}
        _, answer, _ = await client.ask("GET", f"/pop/customer/{t}")
        assert answer["all"] == [{**found, "billingCode": "b", "resourcePoolId": f"p-{t}"}]

    async def test_a_pool_echoes_insight_ids_that_it_does_not_keep(self, client: Client) -> None:
        t = client.tenant
        _, answer, _ = await client.ask(
            "POST", "/pop/resourcepool", {"id": f"p-{t}", "customerId": t, "insightIds": ["none"]}
        )
        assert answer["all"][0]["insightIds"] == ["none"]
        _, answer, _ = await client.ask("GET", f"/pop/resourcepool/p-{t}")
        assert answer["all"][0]["insightIds"] == [f"i-{t}"]

    async def test_a_put_whose_ids_differ_is_refused_in_pops_words(self, client: Client) -> None:
        _, answer, _ = await client.ask("PUT", "/pop/customer/one", {"id": "two"})
        assert error_of(answer) == ("ValidationException", 422)
        assert answer["errorResponse"]["description"].startswith("Mismatched Id in URL and on input object: ")
        _, answer, _ = await client.ask("PUT", "/pop/customer", {"title": "x"})
        assert error_of(answer) == ("ValidationException", 422)

    @pytest.mark.parametrize("kind", ["customer", "resourcepool", "insight", "agendatemplate"])
    async def test_a_delete_answers_what_was_there_and_then_nothing(self, client: Client, kind: str) -> None:
        path = f"/pop/{kind}/gone-{client.tenant}"
        body = {"id": f"gone-{client.tenant}", "customerId": client.tenant, "title": "x"}
        _, posted, _ = await client.ask("POST", f"/pop/{kind}", body)
        assert not posted["error"], posted
        _, stored, _ = await client.ask("GET", path)
        status, answer, _ = await client.ask("DELETE", path)
        assert (status, answer) == (200, stored)
        assert answer["count"] == 1
        status, answer, _ = await client.ask("DELETE", path)
        assert (status, answer) == (200, {"all": [], "count": 0, "error": False})
        assert (await client.ask("GET", path))[1]["all"] == []
        await client.ask("POST", f"/pop/{kind}", {"id": body["id"], "customerId": client.tenant, "title": "again"})
        assert (await client.ask("GET", path))[1]["all"][0]["title"] == "again"

    async def test_a_deleted_insight_takes_no_more_agendas_and_pullers_are_told(self, client: Client) -> None:
        await client.ask("DELETE", f"/pop/insight/i-{client.tenant}")
        body = {"customerId": client.tenant, "operations": [{"name": "a", "type": "t"}]}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert error_of(await client.pull()) == ("BadRequestException", 400)

    async def test_a_delete_without_an_id_deletes_nothing(self, client: Client) -> None:
        _, answer, _ = await client.ask("DELETE", "/pop/customer")
        assert answer == {"all": [], "count": 0, "error": False}

    async def test_a_null_never_clears_and_whole_fields_are_replaced(self, client: Client) -> None:
        path = f"/pop/insight/i-{client.tenant}"
        _, answer, _ = await client.ask("PUT", path, {"queueName": None, "mappers": {"operationName": ["n"]}})
        (found,) = answer["all"]
        assert (found["queueName"], found["mappers"]) == ("q", {"operationName": ["n"]})

    async def test_an_id_of_the_url_is_the_bodys_and_the_other_way_round(self, client: Client) -> None:
        t = client.tenant
        for path, body in ((f"/pop/customer/{t}", {"id": None}), ("/pop/customer", {"id": t}), (f"?id={t}", {})):
            target = path if path.startswith("/") else f"/pop/customer{path}"
            _, answer, _ = await client.ask("PUT", target, {**body, "title": path})
            assert [(each["id"], each["title"]) for each in answer["all"]] == [(t, path)]

    @pytest.mark.parametrize("kind", ["customer", "resourcepool", "insight", "agendatemplate"])
    async def test_a_put_needs_neither_owner_nor_title(self, client: Client, kind: str) -> None:
        body = {"id": f"x-{client.tenant}", "customerId": client.tenant, "title": "t"}
        await client.ask("POST", f"/pop/{kind}", body)
        _, answer, _ = await client.ask("PUT", f"/pop/{kind}/x-{client.tenant}", {"customerId": " ", "title": None})
        assert answer["error"] is False, answer
        assert answer["all"][0]["title"] == "t"

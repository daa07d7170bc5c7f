"""What a GET asks for (spec 2.4)."""

from urllib.parse import quote

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestQueries:
    """2.4 Queries.

    How names and values are read, one by one: `tests/unit/handlers/endpoints/test_ask.py`. Counts and limits are of
    what the caller sees: 3.2. Bodies that are absent, blank or null: 2.1.
    """

    async def test_finds_by_link_agenda_external_id_and_customer(self, client: Client) -> None:
        t = client.tenant
        agenda = await client.submit(linkId=f"l-{t}", params={"externalId": f"e-{t}"})
        for query in (f"bylinkId=l-{t}", f"byagendaId={agenda['id']}", f"byexternalId=e-{t}", f"bycustomerId={t}"):
            _, answer, _ = await client.ask("GET", f"/pop/progress/agenda?{query}")
            assert [found["id"] for found in answer["all"]] == [agenda["progressId"]], query
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bylinkId=l-{t}&bytitle=none")
        assert (answer["all"], answer["count"], answer["error"]) == ([], 0, False)

    async def test_shows_fields_and_counts(self, client: Client) -> None:
        agenda = await client.submit("x")
        _, answer, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}?byfields=id,customerId")
        assert answer["all"] == [{"id": agenda["id"], "customerId": client.tenant}]
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bycustomerId={client.tenant}&bycount=false")
        assert (answer["all"], answer["count"]) == ([], 1)

    async def test_texts_alone_are_compared(self, client: Client) -> None:
        t = client.tenant
        _, answer, _ = await client.ask("GET", f"/pop/insight?bycustomerId={t}&byqueueName=q&byresourcePoolId=p-{t}")
        assert [found["id"] for found in answer["all"]] == [f"i-{t}"]
        for query in (
            "byqueueSize=0",
            "byisGlobal=false",
            "byisGlobal=False",
            "bymappers=x",
            "byadded_time=1",
            "byx=y",
        ):
            _, answer, _ = await client.ask("GET", f"/pop/insight?bycustomerId={t}&{query}")
            assert (answer["all"], answer["count"], answer["error"]) == ([], 0, False), query

    async def test_texts_alone_are_compared_and_all_of_them(self, client: Client) -> None:
        t = client.tenant
        agenda = await client.submit("x", linkId="l", title="T")
        base = f"/pop/progress/agenda?bycustomerId={t}"
        both = f"&bycid={agenda['cid']}&byagendaId={agenda['id']}"
        for query in ("", "&bylinkId=l", "&byprocessingState=WAITING", both):
            _, answer, _ = await client.ask("GET", base + query)
            assert [found["id"] for found in answer["all"]] == [agenda["progressId"]], query
        for query in ("&bymaximumAttempts=3", f"&byaddedTime={agenda['addedTime']}", "&byparams={}", "&bylinkid=l"):
            _, answer, _ = await client.ask("GET", base + query)
            assert (answer["all"], answer["count"], answer["error"]) == ([], 0, False), query

    async def test_operations_are_found_by_their_progress(self, client: Client) -> None:
        agenda = await client.submit("b", "a")
        query = f"/pop/progress/operation?byagendaProgressId={agenda['progressId']}"
        _, answer, _ = await client.ask("GET", query)
        assert {found["operation"] for found in answer["all"]} == {"a", "b"}
        assert {found["processingStateMessage"] for found in answer["all"]} == {"queued"}
        _, answer, _ = await client.ask("GET", f"{query}&byoperation=a")
        assert [found["operation"] for found in answer["all"]] == ["a"]

    async def test_an_id_with_another_query_must_fit_both(self, client: Client) -> None:
        agenda = await client.submit(title="T")
        for path in (f"/pop/agenda/{agenda['id']}?bytitle=", f"/pop/agenda?byId={agenda['id']}&bytitle="):
            assert (await client.ask("GET", f"{path}T"))[1]["count"] == 1
            assert (await client.ask("GET", f"{path}U"))[1]["all"] == []

    async def test_a_value_with_a_quote_is_found_at_once(self, client: Client) -> None:
        agenda = await client.submit(linkId='say "hi" \\ é')
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bylinkId={quote(quote(agenda['linkId']))}")
        assert [found["id"] for found in answer["all"]] == [agenda["id"]]

    async def test_a_count_is_of_all_there_are(self, client: Client) -> None:
        for _ in range(3):
            await client.submit()
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bycustomerId={client.tenant}&bycount=false")
        assert (answer["all"], answer["count"]) == ([], 3)
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bycustomerId={client.tenant}&bycount=&bytitle=none")
        assert (answer["all"], answer["count"]) == ([], 0)

    async def test_reserved_names_are_so_whatever_their_case_and_attributes_are_not(self, client: Client) -> None:
        for _ in range(2):
            await client.submit()
        base = f"/pop/agenda?bycustomerId={client.tenant}"
        for limit, found in (("1", 1), ("", 2), ("%20", 2), ("99999999999999999999", 2)):
            _, answer, _ = await client.ask("GET", f"{base}&byLIMIT={limit}")
            assert (answer["count"], len(answer["all"])) == (found, found), limit
        _, answer, _ = await client.ask("GET", f"{base}&byFields=customerId,nothing")
        assert answer["all"] == [{"customerId": client.tenant}] * 2
        assert (await client.ask("GET", f"{base}&byCount="))[1]["count"] == 2
        for query in ("&ByTitle=x", "&Bytitle=x"):  # no query begins so: it is as if nothing was said
            assert (await client.ask("GET", base + query))[1]["count"] == 2
        assert (await client.ask("GET", f"{base}&byTitle=x"))[1]["all"] == []

    async def test_the_default_is_a_hundred(self, client: Client) -> None:
        path = f"/pop/progress/operation?byagendaProgressId=many-{client.tenant}"
        body = {"id": f"many-{client.tenant}", "customerId": client.tenant}
        await client.ask("POST", "/pop/progress/agenda", body)
        entries = [{"operation": f"o{number}"} for number in range(120)]
        await client.ask("PUT", f"/pop/progress/agenda/many-{client.tenant}", {"operationProgress": entries})
        assert (await client.ask("GET", path))[1]["count"] == 100
        assert (await client.ask("GET", f"{path}&bylimit=110"))[1]["count"] == 110
        assert len((await client.progress(f"many-{client.tenant}"))["operationProgress"]) == 120  # POP stops at 100

    async def test_a_value_is_decoded_twice(self, client: Client) -> None:
        agenda = await client.submit(linkId="a b/c")
        for value in ("a+b%2Fc", "a%20b%252Fc", "a%2520b/c"):
            _, answer, _ = await client.ask("GET", f"/pop/agenda?bylinkId={value}&bycustomerId={client.tenant}")
            assert [found["id"] for found in answer["all"]] == [agenda["id"]], value

    async def test_the_id_stands_in_the_path_or_the_query(self, client: Client) -> None:
        agenda = await client.submit()
        for path in (f"/{agenda['id']}", f"?id={agenda['id']}", f"?byid={agenda['id']}", f"/{agenda['id']}?id=other"):
            _, answer, _ = await client.ask("GET", f"/pop/agenda{path}")
            assert [found["id"] for found in answer["all"]] == [agenda["id"]], path
        _, answer, _ = await client.ask("GET", f"/pop/agenda?id={agenda['id']}&bytitle=none")
        assert answer["all"] == []

    async def test_what_is_deleted_or_changed_may_be_named_in_the_query(self, client: Client) -> None:
        agenda = await client.submit("a")
        run = agenda["progressId"]
        for kind, identity in (
            ("progress/operation", f"{run}-a"),
            ("progress/agenda", run),
            ("agenda", agenda["id"]),
            ("insight", f"i-{client.tenant}"),
        ):
            path = f"/pop/{kind}?id={identity}"
            _, answer, _ = await client.ask("PUT", path, {"title": "changed"})
            assert [(found["id"], found["title"]) for found in answer["all"]] == [(identity, "changed")]
            _, answer, _ = await client.ask("DELETE", path)
            assert [(found["id"], found["title"]) for found in answer["all"]] == [(identity, "changed")]
            assert (await client.ask("GET", path))[1] == {"all": [], "count": 0, "error": False}

    async def test_an_unknown_attribute_finds_nothing(self, client: Client) -> None:
        for kind in ("agenda", "progress/agenda", "progress/operation", "customer", "resourcepool", "agendatemplate"):
            _, answer, _ = await client.ask("GET", f"/pop/{kind}?bycustomerId={client.tenant}&bynothing=x")
            assert answer == {"all": [], "count": 0, "error": False}, kind

    async def test_each_attribute_that_pops_clients_ask_by(self, client: Client) -> None:
        agenda = await client.submit("a", title="T", linkId=f"l-{client.tenant}", cid=f"c-{client.tenant}")
        progress = agenda["progressId"]
        for kind, query, found in (
            ("agenda", f"bycid=c-{client.tenant}", agenda["id"]),
            ("agenda", f"byprogressId={progress}", agenda["id"]),
            ("progress/agenda", f"bylinkId=l-{client.tenant}&byprocessingState=WAITING", progress),
            ("progress/operation", f"byagendaProgressId={progress}&byoperation=a", f"{progress}-a"),
            ("insight", f"byresourcePoolId=p-{client.tenant}&bytitle=i", f"i-{client.tenant}"),
            ("customer", f"byresourcePoolId=p-{client.tenant}", client.tenant),
        ):
            _, answer, _ = await client.ask("GET", f"/pop/{kind}?{query}")
            assert [each["id"] for each in answer["all"]] == [found], (kind, query)

    @pytest.mark.parametrize(
        ("fields", "shown"),
        [("id", False), ("id,OPERATIONPROGRESS", True), ("xoperationProgressx", True), ("operation,Progress", False)],
    )
    async def test_operations_are_attached_unless_fields_leave_them_out(
        self, client: Client, fields: str, shown: bool
    ) -> None:
        agenda = await client.submit("a")
        _, answer, _ = await client.ask("GET", f"/pop/progress/agenda/{agenda['progressId']}?byfields={fields}")
        assert ("operationProgress" in answer["all"][0]) is shown

    async def test_only_operations_of_the_progress_customer_are_attached(self, client: Client) -> None:
        agenda = await client.submit("a")
        body = {"customerId": f"other-{client.tenant}", "agendaProgressId": agenda["progressId"], "operation": "b"}
        _, answer, _ = await client.ask("POST", "/pop/progress/operation", body)
        rows = (await client.progress(agenda["progressId"]))["operationProgress"]
        assert (answer["error"], [row["operation"] for row in rows]) == (False, ["a"])

    async def test_a_blank_id_is_http_400(self, client: Client) -> None:
        for path in ("?byid=", "?byid=%20", "?id=", "/%20"):
            status, answer, _ = await client.ask("GET", f"/pop/customer{path}")
            assert (status, error_of(answer)) == (400, ("IllegalArgumentException", 400)), path

    async def test_results_are_not_compared(self, client: Client) -> None:
        body = {"customerId": client.tenant, "operation": "a", "resultPayload": "{}"}
        await client.ask("POST", "/pop/progress/operation", body)
        base = f"/pop/progress/operation?bycustomerId={client.tenant}"
        assert (await client.ask("GET", base))[1]["count"] == 1
        assert (await client.ask("GET", f"{base}&byresultPayload={{}}"))[1]["all"] == []

    async def test_lists_come_in_the_order_in_which_objects_were_added(self, client: Client) -> None:
        agendas = [await client.submit(str(number)) for number in range(5)]
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bycustomerId={client.tenant}")
        expected = sorted(agendas, key=lambda agenda: (agenda["addedTime"], agenda["id"]))
        assert [found["id"] for found in answer["all"]] == [agenda["id"] for agenda in expected]

"""What a GET asks for (spec 2.4)."""

from urllib.parse import quote

import pytest

from tests.wire import Client

pytestmark = pytest.mark.kafka


class TestQueries:
    """2.4 Queries."""

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

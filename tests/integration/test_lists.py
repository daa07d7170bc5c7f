"""Lists on the wire: queries, fields, counts, and pages (spec 2.4)."""

from urllib.parse import quote

import pytest

from tests.integration.conftest import Client
from tests.integration.test_wire import error_of

pytestmark = pytest.mark.kafka


class TestQueries:
    """Spec 2.4."""

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


class TestPages:
    """Not in POP: `?cursor=`."""

    @pytest.mark.parametrize(("path", "id_field"), [("/pop/agenda", "id"), ("/pop/progress/agenda", "progressId")])
    async def test_pages_in_a_row_show_each_object_once_under_writes(
        self, client: Client, path: str, id_field: str
    ) -> None:
        agendas = [await client.submit() for _ in range(5)]
        seen, cursor = [], ""
        while cursor is not None:
            query = f"{path}?bycustomerId={client.tenant}&bylimit=2&cursor={cursor}"
            _, answer, _ = await client.ask("GET", query)
            seen += [found["id"] for found in answer["all"]]
            cursor = answer.get("next")
            if len(seen) == 2:
                await client.ask("DELETE", f"{path}/{seen[0]}")
                agendas.append(await client.submit())
        assert seen == [agenda[id_field] for agenda in agendas]

    async def test_pops_clients_see_nothing_of_it(self, client: Client) -> None:
        await client.submit()
        await client.submit()
        _, answer, _ = await client.ask("GET", f"/pop/agenda?bycustomerId={client.tenant}&bylimit=1")
        assert answer.keys() == {"all", "count", "error"}
        _, answer, _ = await client.ask("GET", "/pop/insight?bylimit=1&cursor=")
        assert len(answer["all"]) == 1

    async def test_a_cursor_of_nobodys_is_http_400(self, client: Client) -> None:
        status, answer, _ = await client.ask("GET", "/pop/agenda?cursor=nonsense")
        assert (status, error_of(answer)) == (400, ("IllegalArgumentException", 400))

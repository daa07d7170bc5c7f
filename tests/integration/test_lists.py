"""Lists on the wire: queries, fields, counts, and pages (spec 2.4)."""

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


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
        in_order = sorted(agendas, key=lambda agenda: (agenda["addedTime"], agenda[id_field]))
        assert seen == [agenda[id_field] for agenda in in_order]

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

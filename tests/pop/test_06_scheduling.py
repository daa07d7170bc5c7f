"""Scheduling (spec 6)."""

import pytest

from tests.wire import Client, pull, shared

pytestmark = pytest.mark.kafka


class TestScheduling:
    """6 Scheduling."""

    async def test_first_in_first_out_and_never_two_of_one_run(self, client: Client) -> None:
        first, second = await client.submit("a"), await client.submit("b")
        again = await client.submit("c", progressId=first["progressId"])
        got = await client.pull(10)
        assert [found["id"] for found in got["agendas"]] == [first["id"], second["id"]]
        assert [found["id"] for found in (await client.pull(10))["agendas"]] == [again["id"]]

    async def test_a_burst_of_one_customer_keeps_no_other_waiting(self, client: Client) -> None:
        a, b, c = await shared(client, 3, schedulingAlgorithm="RoundRobin")
        insight = f"shared-{client.tenant}"
        for tenant, count in ((a, 12), (b, 3), (c, 3)):
            for _ in range(count):
                await tenant.submit()
        first = [agenda["customerId"][-1] for agenda in await pull(client, insight, 6)]
        second = [(await pull(client, insight))[0]["customerId"][-1] for _ in range(3)]
        assert first == ["0", "1", "2", "0", "1", "2"]
        assert second == ["0", "1", "2"]
        rest = [agenda["customerId"][-1] for agenda in await pull(client, insight, 100)]
        assert rest == ["0"] * 9

    async def test_an_insight_may_change_its_mind(self, client: Client) -> None:
        a, b = await shared(client, 2)
        insight = f"shared-{client.tenant}"
        for tenant in (a, a, a, a, b, b):
            await tenant.submit()
        assert [agenda["customerId"][-1] for agenda in await pull(client, insight, 2)] == ["0", "0"]
        await client.ask("PUT", f"/pop/insight/{insight}", {"schedulingAlgorithm": "RoundRobin"})
        assert [agenda["customerId"][-1] for agenda in await pull(client, insight, 4)] == ["1", "0", "1", "0"]

"""Scheduling (spec 6)."""

import pytest

from tests.wire import Client, pull, shared

pytestmark = pytest.mark.kafka


class TestScheduling:
    """6 Scheduling.

    How turns are taken: `tests/unit/handlers/scheduling`, `tests/property/test_turns.py`; on two workers, and the
    operators' brake, which is not in POP: `tests/integration/test_queues.py`.
    """

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

    async def test_two_insights_on_one_queue_are_one_line(self, client: Client) -> None:
        t = client.tenant
        other = {"id": f"j-{t}", "customerId": t, "title": "j", "resourcePoolId": f"p-{t}", "queueName": "q"}
        await client.ask("POST", "/pop/insight", {**other, "mappers": {"operationType": ["u"]}})
        kinds = ("t", "u", "u", "t")
        agendas = [await client.submit(operations=[{"name": "x", "type": kind}]) for kind in kinds]
        bound = [agenda["agendaInsight"]["insightId"] for agenda in agendas]
        assert bound == [f"i-{t}", f"j-{t}", f"j-{t}", f"i-{t}"]
        pulled = [await pull(client, insight) for insight in (f"j-{t}", f"i-{t}", f"i-{t}", f"j-{t}")]
        assert [[each["id"] for each in found] for found in pulled] == [[agenda["id"]] for agenda in agendas]

    async def test_a_queue_of_the_same_name_of_another_customer_is_another(self, client: Client) -> None:
        other = Client(client.url, f"o{client.tenant}")
        await other.tenant_set_up()  # its Insight has the same queueName
        agenda = await client.submit()
        assert (await other.poll())["agendas"] == []
        assert [found["id"] for found in (await client.pull())["agendas"]] == [agenda["id"]]

    async def test_what_waits_follows_its_insight_to_another_queue(self, client: Client) -> None:
        agenda = await client.submit()
        for name in ("elsewhere", "https://sqs.example/1/q"):
            await client.ask("PUT", f"/pop/insight/i-{client.tenant}", {"queueName": name})
        assert [found["id"] for found in (await client.pull())["agendas"]] == [agenda["id"]]

    @pytest.mark.parametrize("size", [0, 1, None])
    async def test_the_size_of_a_queue_bounds_nothing(self, client: Client, size: int | None) -> None:
        await client.ask("PUT", f"/pop/insight/i-{client.tenant}", {"queueSize": size})
        agendas = [await client.submit() for _ in range(3)]
        assert [found["id"] for found in (await client.pull(5))["agendas"]] == [agenda["id"] for agenda in agendas]

    async def test_a_queue_of_two_insights_takes_turns_if_one_of_them_says_so(self, client: Client) -> None:
        a, b = await shared(client, 2, queueName="turns")
        t = client.tenant
        other = {
            "id": f"j-{t}",
            "customerId": t,
            "title": "j",
            "queueName": "turns",
            "schedulingAlgorithm": "RoundRobin",
        }
        await client.ask("POST", "/pop/insight", other)
        for tenant in (a, a, b):
            await tenant.submit()
        assert [agenda["customerId"][-1] for agenda in await pull(client, f"shared-{t}", 3)] == ["0", "1", "0"]

    async def test_turns_are_taken_among_all_that_have_work_whatever_pool_they_are_in_now(self, client: Client) -> None:
        a, b = await shared(client, 2, schedulingAlgorithm="RoundRobin")
        for tenant in (a, a, b):
            await tenant.submit()
        await b.ask("PUT", f"/pop/customer/{b.tenant}", {"resourcePoolId": "elsewhere"})
        served = [agenda["customerId"][-1] for agenda in await pull(client, f"shared-{client.tenant}", 3)]
        assert served == ["0", "1", "0"]

    async def test_an_insight_without_a_queue_is_a_queue_of_its_own(self, client: Client) -> None:
        t = client.tenant
        for name, kind in (("j", "u"), ("k", "v")):
            insight = {"id": f"{name}-{t}", "customerId": t, "title": name, "resourcePoolId": f"p-{t}"}
            await client.ask("POST", "/pop/insight", {**insight, "mappers": {"operationType": [kind]}})
        agenda = await client.submit(operations=[{"name": "x", "type": "u"}])
        assert (await client.poll(1, f"k-{t}"))["agendas"] == []
        assert [found["id"] for found in await pull(client, f"j-{t}")] == [agenda["id"]]

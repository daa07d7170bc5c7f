"""Who sees and changes what: a caller of one customer's over another's objects (spec 3.2; design 5)."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.wire import Client, error_of, share

pytestmark = pytest.mark.kafka
MINE = "Mallory"


@pytest.fixture(scope="module")
def workers(kafka: Broker) -> Iterator[list[WorkerProcess]]:
    """Two workers of one cluster: the first serves everyone, the second a caller of one account."""
    with tempfile.TemporaryDirectory(prefix="agendum-visibility-") as folder:
        prefix = f"visible{os.urandom(4).hex()}"
        found = [
            WorkerProcess("all", kafka.bootstrap, prefix, Path(folder)),
            WorkerProcess("one", kafka.bootstrap, prefix, Path(folder), auth_accounts=MINE, auth_user="mallory"),
        ]
        try:
            for worker in found:
                worker.start()
            waiting = threading.Thread(target=lambda: asyncio.run(share(found)))
            waiting.start()
            waiting.join()
            yield found
        finally:
            for worker in found:
                worker.stop()
            for worker in found:
                worker.join()


@pytest.fixture
async def mallory(workers: list[WorkerProcess]) -> Client:
    found = Client(workers[1].url, MINE)
    await found.tenant_set_up()
    return found


@pytest.fixture
async def alice(workers: list[WorkerProcess]) -> Client:
    found = Client(workers[0].url, f"a{os.urandom(4).hex()}")
    await found.tenant_set_up()
    return found


class TestVisibility:
    """3.2 Who sees and changes what.

    What is another's is as if it were not there, also where POP says 403 (design 5).
    """

    async def test_a_customer_is_compared_exactly(self, alice: Client, mallory: Client) -> None:
        for name in (MINE.lower(), f"{MINE} ", MINE.upper()):
            await alice.ask("POST", "/pop/customer", {"id": f"c-{name}", "customerId": name, "title": "t"})
            _, answer, _ = await mallory.ask("GET", f"/pop/customer?bycustomerId={quote(quote(name))}")
            assert answer["all"] == [], name

    async def test_another_customers_objects_are_neither_seen_nor_counted(self, alice: Client, mallory: Client) -> None:
        a = alice.tenant
        agenda = await alice.submit("x", linkId=a, params={"externalId": a})
        await alice.ask("POST", "/pop/agendatemplate", {"id": f"t-{a}", "customerId": a, "title": a})
        progress, operation = agenda["progressId"], f"{agenda['progressId']}-x"
        seen = {
            "agenda": [
                f"/{agenda['id']}",
                f"?byid={agenda['id']}",
                f"?bylinkId={a}",
                f"?bycustomerId={a}",
                "?bytitle=none",
            ],
            "progress/agenda": [f"/{progress}", f"?bylinkId={a}", f"?byexternalId={a}", f"?byagendaId={agenda['id']}"],
            "progress/operation": [f"/{operation}", f"?byagendaProgressId={progress}", f"?bycustomerId={a}"],
            "customer": [f"/{a}", f"?bycustomerId={a}", f"?bytitle={a}"],
            "insight": [f"/i-{a}", f"?byresourcePoolId=p-{a}"],
            "resourcepool": [f"/p-{a}", f"?bycustomerId={a}"],
            "agendatemplate": [f"/t-{a}", f"?bytitle={a}"],
        }
        for kind, queries in seen.items():
            for query in queries:
                for more in ("", "bycount=", "byfields=id", "cursor=&bylimit=1"):
                    path = f"/pop/{kind}{query}{'&' if '?' in query else '?'}{more}"
                    status, answer, _ = await mallory.ask("GET", path)
                    assert (status, answer) == (200, {"all": [], "count": 0, "error": False}), path

    async def test_lists_without_a_filter_show_ones_own_alone(self, alice: Client, mallory: Client) -> None:
        await alice.submit("x")
        mine = await mallory.submit("x")
        for kind in ("agenda", "progress/agenda", "progress/operation", "customer", "resourcepool"):
            _, answer, _ = await mallory.ask("GET", f"/pop/{kind}")
            assert {row["customerId"] for row in answer["all"]} == {MINE}, kind
            _, counted, _ = await mallory.ask("GET", f"/pop/{kind}?bycount=")
            assert counted["count"] == answer["count"] > 0
        _, answer, _ = await mallory.ask("GET", "/pop/agenda")
        assert mine["id"] in {row["id"] for row in answer["all"]}

    async def test_limits_count_what_is_visible(self, alice: Client, mallory: Client) -> None:
        await alice.submit("x", linkId="both")
        mine = await mallory.submit("x", linkId="both")
        await alice.submit("x", linkId="both")
        _, answer, _ = await mallory.ask("GET", "/pop/agenda?bylinkId=both&bylimit=1")
        assert [row["id"] for row in answer["all"]] == [mine["id"]]

    async def test_global_and_allowed_insights_and_templates_are_seen_and_not_changed(
        self, alice: Client, mallory: Client
    ) -> None:
        a = alice.tenant
        rights: dict[str, Any] = {"global": {"isGlobal": True}, "allowed": {"allowedCustomerIds": [MINE.upper()]}}
        for kind in ("insight", "agendatemplate"):
            for name, right in rights.items():
                path = f"/pop/{kind}/{name}-{a}"
                await alice.ask("POST", f"/pop/{kind}", {"id": f"{name}-{a}", "customerId": a, "title": a, **right})
                _, answer, _ = await mallory.ask("GET", path)
                assert [row["id"] for row in answer["all"]] == [f"{name}-{a}"]
                _, answer, _ = await mallory.ask("GET", f"/pop/{kind}?bytitle={a}")
                assert f"{name}-{a}" in {row["id"] for row in answer["all"]}
                for method, body in (("PUT", {"title": "x"}), ("DELETE", None)):
                    _, answer, _ = await mallory.ask(method, path, body)
                    assert error_of(answer) == ("UnauthorizedException", 403), (kind, name, method)
                assert (await alice.ask("GET", path))[1]["all"][0]["title"] == a

    async def test_nothing_of_anothers_is_changed(self, alice: Client, mallory: Client) -> None:
        a = alice.tenant
        agenda = await alice.submit("x")
        progress, operation = agenda["progressId"], f"{agenda['progressId']}-x"
        before = [
            await alice.ask("GET", path) for path in (f"/pop/agenda/{agenda['id']}", f"/pop/progress/agenda/{progress}")
        ]
        refused = ("UnauthorizedException", 403)
        missing = ("ObjectNotFoundException", 404)
        for method, path, body, expected in (
            ("PUT", f"/pop/agenda/{agenda['id']}", {"title": "x"}, missing),
            ("DELETE", f"/pop/agenda/{agenda['id']}", None, None),
            ("PUT", f"/pop/progress/agenda/{progress}", {"title": "x"}, missing),
            ("POST", "/pop/progress/agenda", {"id": progress, "customerId": MINE}, refused),
            ("DELETE", f"/pop/progress/agenda/{progress}", None, None),
            ("PUT", f"/pop/progress/operation/{operation}", {"title": "x"}, missing),
            ("POST", "/pop/progress/operation", {"id": operation, "customerId": MINE}, refused),
            ("POST", "/pop/progress/operation", {"agendaProgressId": progress, "customerId": MINE}, refused),
            ("DELETE", f"/pop/progress/operation/{operation}", None, None),
            ("POST", "/pop/customer", {"id": a, "customerId": MINE, "title": "x"}, refused),
            ("DELETE", f"/pop/customer/{a}", None, None),
            ("POST", "/pop/agenda", {"customerId": a, "operations": [{"name": "x", "type": "t"}]}, refused),
        ):
            status, answer, _ = await mallory.ask(method, path, body)
            if expected is None:  # as of one that is gone: 403 would say that it is there (design 5)
                assert (status, answer["all"], answer["error"]) == (200, [], False), path
            else:
                assert (status, error_of(answer)) == (200, expected), (method, path)
        _, answer, _ = await mallory.ask(
            "POST",
            "/pop/agenda",
            {"customerId": MINE, "progressId": progress, "operations": [{"name": "y", "type": "t"}]},
        )
        assert error_of(answer) == missing
        after = [
            await alice.ask("GET", path) for path in (f"/pop/agenda/{agenda['id']}", f"/pop/progress/agenda/{progress}")
        ]
        assert [answer for _, answer, _ in after] == [answer for _, answer, _ in before]

    @pytest.mark.parametrize("kind", ["customer", "resourcepool", "insight", "agendatemplate", "agenda"])
    async def test_a_post_for_another_is_refused_in_pops_words(self, alice: Client, mallory: Client, kind: str) -> None:
        body = {"customerId": alice.tenant, "title": "t", "operations": [{"name": "x", "type": "t"}]}
        status, answer, _ = await mallory.ask("POST", f"/pop/{kind}", body, X_pop_cid="c1")
        assert (status, error_of(answer)) == (200, ("UnauthorizedException", 403))
        assert (answer["all"], answer["count"], answer["cid"]) == ([], 0, "c1")
        text = f"You do not have permission to perform this action for customerId {alice.tenant}"
        assert answer["errorResponse"]["description"] == text

    async def test_nothing_of_ones_own_is_given_away(self, alice: Client, mallory: Client) -> None:
        for kind in ("customer", "insight", "resourcepool"):
            body = {"id": f"mine-{alice.tenant}", "customerId": MINE, "title": "t"}
            await mallory.ask("POST", f"/pop/{kind}", body)
            path = f"/pop/{kind}/mine-{alice.tenant}"
            _, answer, _ = await mallory.ask("PUT", path, {"customerId": alice.tenant})
            assert error_of(answer) == ("UnauthorizedException", 403), kind
            assert (await mallory.ask("GET", path))[1]["all"][0]["customerId"] == MINE

    async def test_a_delete_that_was_refused_takes_nothing_out_of_the_line(
        self, alice: Client, mallory: Client
    ) -> None:
        agenda = await alice.submit("x")
        await mallory.ask("DELETE", f"/pop/agenda/{agenda['id']}")
        assert [found["id"] for found in (await alice.pull())["agendas"]] == [agenda["id"]]

    async def test_a_summary_is_of_what_is_seen(self, alice: Client, mallory: Client) -> None:
        link = f"l-{alice.tenant}"
        await alice.submit("x", linkId=link)
        mine = await mallory.submit("x", linkId=link)
        _, answer, _ = await mallory.ask("POST", "/pop/progress/agenda/service", {"linkId": link})
        assert [row["id"] for row in answer["progressList"]] == [mine["progressId"]]

"""Who may call which service (spec 3.3, tightened by design 5): through a worker whose callers have one account."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.wire import Client, error_of, pull, share

pytestmark = pytest.mark.kafka
PULL = "/pop/resourcepool/service/getAgenda"
RERUN, RUN = "/pop/agenda/service/rerun", "/pop/agenda/service/run"
UPDATE, CREATE = "/pop/resourcepool/service/updateAgenda", "/pop/resourcepool/service/createAgenda"


@pytest.fixture
async def owner(worker: WorkerProcess, kafka: Broker, tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a standby worker, whose callers have the client's tenant for their account, and no other."""
    account = f"owner-{os.urandom(4).hex()}"
    limited = WorkerProcess("L", kafka.bootstrap, worker.prefix, tmp_path, auth_accounts=account)
    limited.start()
    try:
        await share([worker, limited])
        found = Client(limited.url, account)
        await found.tenant_set_up()
        yield found
    finally:
        limited.stop()
        limited.join()
        await share([worker])  # what comes next finds the session's worker with all that it had


async def lend(client: Client, owner: Client, kind: str, **more: Any) -> None:
    """An Insight of the owner's on the client's pool, for operations of type `kind`: let in by who may touch both."""
    insight: dict[str, Any] = {
        "id": f"{kind}-{client.tenant}",
        "customerId": owner.tenant,
        "title": kind,
        "queueName": kind,
    }
    insight |= {"resourcePoolId": f"p-{client.tenant}", "mappers": {"operationType": [kind]}, **more}
    _, refused, _ = await owner.ask("POST", "/pop/insight", insight)
    assert error_of(refused) == ("UnauthorizedException", 403)
    _, answer, _ = await client.ask("POST", "/pop/insight", insight)
    assert not answer["error"], answer


async def rerun_and_expand(client: Client, owner: Client) -> None:
    agenda = await client.submit("a")
    for identity in (agenda["id"], "nothing"):
        for path, body in ((RERUN, {}), (UPDATE, {"operations": [{"name": "g"}]})):
            _, answer, _ = await owner.ask("POST", path, {"agendaId": identity, **body})
            assert error_of(answer) == ("ObjectNotFoundException", 404)
            assert answer["errorResponse"]["description"] == f"Agenda {identity} not found"
    # An Insight that everyone may read gives no right to the agendas that it runs.
    await client.ask("PUT", f"/pop/insight/i-{client.tenant}", {"isGlobal": True})
    _, answer, _ = await owner.ask("POST", UPDATE, {"agendaId": agenda["id"], "operations": [{"name": "g"}]})
    assert error_of(answer)[1] == 404
    _, found, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
    assert found["all"] == [agenda]

    # One's own Insight does, for its executor expands what it runs; a rerun is the customer's.
    await lend(client, owner, "lent", isGlobal=True)
    lent = await client.submit(operations=[{"name": "a", "type": "lent"}])
    _, answer, _ = await owner.ask("POST", UPDATE, {"agendaId": lent["id"], "operations": [{"name": "g"}]})
    assert [one["name"] for one in answer["agenda"]["operations"]] == ["a", "g"]
    _, answer, _ = await owner.ask("POST", RERUN, {"agendaId": lent["id"]})
    assert error_of(answer)[1] == 404


async def create(client: Client, owner: Client) -> None:
    await lend(client, owner, "hidden")
    await lend(client, owner, "allowed", allowedCustomerIds=[client.tenant.upper()])
    refused = "[ObjectNotFoundException : No available insights for processing agenda]"
    # t: the customer may read that Insight, the caller has no right to it; hidden: the other way round.
    for kind in ("t", "hidden"):
        body = {"customerId": client.tenant, "operations": [{"name": "a", "type": kind}]}
        _, answer, _ = await owner.ask("POST", CREATE, {"agendas": [body]})
        assert (answer["agendas"], answer["errorResponse"]["description"]) == ([], refused)
    body = {"customerId": client.tenant, "operations": [{"name": "a", "type": "allowed"}]}
    _, answer, _ = await owner.ask("POST", CREATE, {"agendas": [body]})
    assert answer["all"][0]["agendaInsight"]["insightId"] == f"allowed-{client.tenant}"
    # A progress of someone else is none, whoever asks for it.
    other = await owner.submit("x")
    _, answer, _ = await owner.ask("POST", CREATE, {"agendas": [{**body, "progressId": other["progressId"]}]})
    text = f"[ObjectNotFoundException : Unable to get object by id {other['progressId']}]"
    assert answer["errorResponse"]["description"] == text


async def run(client: Client, owner: Client) -> None:
    t = client.tenant
    agenda = {"customerId": "@<pop.payload>", "operations": [{"name": "a", "type": "t"}]}
    template = {"id": f"shared-{t}", "customerId": t, "title": "t", "agenda": agenda}
    body = {"agendaTemplateId": f"shared-{t}", "payload": f'"{owner.tenant}"'}
    await client.ask("POST", "/pop/agendatemplate", template)
    _, answer, _ = await owner.ask("POST", RUN, body)
    assert answer["errorResponse"]["description"] == f"AgendaTemplate shared-{t} not found"

    await client.ask("POST", "/pop/agendatemplate", {**template, "isGlobal": True})
    _, answer, _ = await owner.ask("POST", RUN, body)
    assert [found["customerId"] for found in answer["all"]] == [owner.tenant]
    _, answer, _ = await owner.ask("POST", RUN, {**body, "payload": f'"{t}"'})
    text = f"You do not have permission to perform this action for customerId {t}"
    assert answer["errorResponse"]["description"] == f"[UnauthorizedException : {text}]"
    assert answer["all"] == [None]


class TestServices:
    """3.3 Who may call which service.

    Tighter than POP (design 5): isGlobal and allowedCustomerIds give reading only.
    """

    async def test_only_what_a_caller_may_touch_is_changed_and_nothing_is_told(
        self, client: Client, owner: Client
    ) -> None:
        await rerun_and_expand(client, owner)
        await create(client, owner)
        await run(client, owner)

    async def test_only_the_customer_of_an_insight_pulls_from_it_and_reports_on_what_it_runs(
        self, client: Client, owner: Client
    ) -> None:
        t = client.tenant
        await client.ask("PUT", f"/pop/insight/i-{t}", {"isGlobal": True, "allowedCustomerIds": [owner.tenant]})
        _, answer, _ = await owner.ask("POST", PULL, {"insightId": f"i-{t}", "count": 1})
        assert error_of(answer) == ("BadRequestException", 400)
        text = f"The Insight specified was not found or is not visible: i-{t}"
        assert answer["errorResponse"]["description"] == text
        agenda = await client.submit("a")
        answer = await owner.report(agenda["progressId"], processingState="EXECUTING")
        assert error_of(answer) == ("BadRequestException", 400)
        text = f"The AgendaProgress specified was not found or is not visible: {agenda['progressId']}"
        assert answer["errorResponse"]["description"] == text
        await lend(client, owner, "lent", isGlobal=True)
        lent = await client.submit(operations=[{"name": "a", "type": "lent"}])
        assert [found["id"] for found in await pull(owner, f"lent-{t}")] == [lent["id"]]
        assert await owner.report(lent["progressId"], processingState="EXECUTING") == {"error": False}

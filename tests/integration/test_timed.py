"""The timed processes on real workers: what is reaped is gone from the views and stands in the log (spec 9.3)."""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from eventstore.codec import decode
from eventstore.events import ObjectsReaped
from eventstore.reading import OPENED_KEY
from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.judge import whole_log
from tests.integration.installation import agendum
from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
RUN_TIMERS = "/pop/timers/service/run"
YOUNG = {"reap_agenda_ms": 1, "reap_progress_ms": 1, "reap_operation_ms": 1, "reap_every_ms": 100}


@pytest.fixture
async def two(kafka: Broker, prefix: str) -> AsyncIterator[Arena]:
    """Two workers that reap at once, and only when they are told to."""
    async with arena(kafka.bootstrap, prefix, **YOUNG, dry_run='["reaper"]') as found:
        yield found


async def reaper_of(client: Client, *, dry: bool) -> dict[str, Any]:
    _, answer, _ = await client.ask("POST", RUN_TIMERS, {"dryRun": dry})
    found: dict[str, Any] = {each["process"]: each for each in answer["processes"]}["reaper"]
    return found


async def test_on_demand_all_owners_reap_what_is_at_rest_and_nothing_else(two: Arena) -> None:
    clients = [Client(worker.url, f"t{os.urandom(4).hex()}") for worker in two.workers]
    client = clients[0]
    await client.tenant_set_up()
    old = [await client.submit(params={"doNotRun": True}) for _ in range(30)]
    waits = await client.submit()
    shown: dict[str, Any] = {}

    async def all_due() -> bool:  # the index is written a moment after the event
        shown.update(await reaper_of(client, dry=True))
        return bool(shown["due"] == 30)

    await two.until(all_due, "30 runs to be due")
    assert (shown["done"], shown["byItself"]) == (0, False)
    assert set(shown["runs"]) <= {agenda["progressId"] for agenda in old}
    assert await _seen(client, old) == 30, "a dry run does nothing"

    done = await reaper_of(clients[1], dry=False)
    assert (done["due"], done["done"]) == (30, 30)
    for each in clients:
        assert await _seen(each, old) == 0
        assert await _seen(each, [waits]) == 1
    _, answer, _ = await client.ask("GET", f"/pop/progress/agenda?bycustomerId={client.tenant}")
    assert [progress["id"] for progress in answer["all"]] == [waits["progressId"]]
    records = [record for partition in (await whole_log(two.bootstrap, two.prefix)).values() for record in partition]
    events = [decode(record.headers, record.value)[1] for record in records if record.key != OPENED_KEY]
    reaped = [event for event in events if isinstance(event, ObjectsReaped)]
    assert [event.progress for event in reaped] == [True] * 30
    assert {record.key.decode() for record in records if record.key} >= {agenda["progressId"] for agenda in old}


async def test_the_command_shows_what_is_due_and_carries_it_out(two: Arena) -> None:
    url = two.workers[0].url
    client = Client(url, f"t{os.urandom(4).hex()}")
    await client.tenant_set_up()
    agenda = await client.submit(params={"doNotRun": True})

    async def due() -> bool:
        return bool((await reaper_of(client, dry=True))["due"] == 1)

    await two.until(due, "a run to be due")
    shown = agendum("timers", "--dry-run", "-o", "json", url=url)
    assert shown.returncode == 0, shown.stderr
    rows = {row["process"]: row for row in json.loads(shown.stdout)}
    assert set(rows) == {"expiry", "reclaimer", "retry", "reaper"}
    assert (rows["reaper"]["due"], rows["reaper"].get("done", 0)) == (1, 0)
    assert await _seen(client, [agenda]) == 1
    done = agendum("timers", url=url)
    assert done.returncode == 0, done.stderr
    assert "AGENDUM_DRY_RUN" in done.stderr
    assert await _seen(client, [agenda]) == 0


async def test_all_of_them_may_be_dry_are_counted_and_act_on_demand(kafka: Broker, prefix: str) -> None:
    """A dispatch that nobody acknowledged, a silent executor, a failure and an old object wait for the command."""
    processes = ("expiry", "reclaimer", "retry", "reaper")
    hasty = {"patience_ms": 1000, "reclaim_ms": 1000, "retry_ms": 1, "timers_every_ms": 50, "reap_every_ms": 50}
    async with arena(kafka.bootstrap, prefix, "A", **{**YOUNG, **hasty}, dry_run=json.dumps(processes)) as place:
        url = place.workers[0].url
        client = Client(url, f"t{os.urandom(4).hex()}")
        await client.tenant_set_up()
        taken, silent, failed = [await client.submit(name) for name in ("taken", "silent", "failed")]
        pulled = (await client.pull(3))["agendas"]
        while len(pulled) < 3:
            pulled += (await client.pull(3))["agendas"]
        assert len(pulled) == 3
        await client.report(silent["progressId"], processingState="EXECUTING")
        await client.report(failed["progressId"], processingState="COMPLETE", processingStateMessage="failed")
        old = await client.submit("old", params={"doNotRun": True})

        async def all_due() -> bool:
            async with place.session.get(f"{url}/metrics") as answer:
                text = await answer.text()
            return all(f'agendum_timer_due{{process="{process}"}} 1.0' in text for process in processes)

        await place.until(all_due, "each process to count what is due")
        _, shown, _ = await client.ask("POST", RUN_TIMERS, {"dryRun": True})
        runs = {
            each["process"]: (each["due"], each["done"], each["byItself"], each["runs"]) for each in shown["processes"]
        }
        assert runs == {
            process: (1, 0, False, [agenda["progressId"]])
            for process, agenda in zip(processes, (taken, silent, failed, old), strict=True)
        }
        before = [await client.progress(agenda["progressId"]) for agenda in (taken, silent, failed, old)]
        states = [(each["processingState"], each.get("processingStateMessage")) for each in before]
        assert states == [("WAITING", None), ("EXECUTING", None), ("COMPLETE", "failed"), ("WAITING", None)]
        assert (await client.poll(5))["agendas"] == [], "a dry run hands out nothing again"

        carried = agendum("timers", "-o", "json", url=url)
        assert carried.returncode == 0, carried.stderr
        assert [(each["process"], each["done"]) for each in json.loads(carried.stdout)] == [
            (each, 1) for each in processes
        ]
        again = (await client.pull(5))["agendas"]
        again += (await client.pull(5))["agendas"] if len(again) < 2 else []
        assert {agenda["id"] for agenda in again} == {taken["id"], failed["id"]}
        lost = await client.progress(silent["progressId"])
        assert (lost["processingState"], lost["processingStateMessage"]) == ("COMPLETE", "failed")
        assert lost["diagnosticEvents"][0]["message"] == "AgendaProgress timed out."
        assert await _seen(client, [old]) == 0


async def test_a_worker_reaps_by_itself_and_says_so(kafka: Broker, prefix: str) -> None:
    async with arena(kafka.bootstrap, prefix, "A", **YOUNG) as alone:
        [worker] = alone.workers
        client = Client(worker.url, f"t{os.urandom(4).hex()}")
        await client.tenant_set_up()
        agenda = await client.submit(params={"doNotRun": True})

        async def gone() -> bool:
            return await _seen(client, [agenda]) == 0

        await alone.until(gone, "the run to be reaped")
        said = ('agendum_timer_done_total{process="reaper"} 1.0', 'agendum_timer_due{process="reclaimer"} 0.0')

        async def counted() -> bool:  # a moment after it is gone
            async with alone.session.get(f"{worker.url}/metrics") as answer:
                text = await answer.text()
            return all(each in text for each in said)

        await alone.until(counted, "it to be counted")


async def test_only_who_sees_everything_may_run_them(kafka: Broker, prefix: str) -> None:
    async with arena(kafka.bootstrap, prefix, "A", auth_accounts="alice|bob") as alone:
        client = Client(alone.workers[0].url, "alice")
        for body in (None, {"dryRun": True}, {"dryRun": False}):
            status, answer, _ = await client.ask("POST", RUN_TIMERS, body)
            assert error_of(answer) == ("UnauthorizedException", 403)
            assert status == 200
            assert "processes" not in answer


async def test_without_a_word_it_is_a_dry_run(client: Client) -> None:
    bodies: list[Any] = [None, {}]
    for body in bodies:
        _, answer, _ = await client.ask("POST", RUN_TIMERS, body)
        assert answer["dryRun"] is True
        assert {each["process"] for each in answer["processes"]} == {"expiry", "reclaimer", "retry", "reaper"}


async def _seen(client: Client, agendas: list[dict[str, Any]]) -> int:
    seen = 0
    for agenda in agendas:
        _, answer, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        seen += len(answer["all"])
    return seen

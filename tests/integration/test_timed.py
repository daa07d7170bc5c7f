"""The timed processes on real workers: what is reaped is gone from the views and stands in the log (spec 9.3)."""

import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from eventstore.codec import decode
from eventstore.events import ObjectsReaped
from eventstore.reading import OPENED_KEY
from tests.conftest import Broker
from tests.faults.arena import Arena
from tests.faults.judge import whole_log
from tests.integration.installation import agendum
from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
RUN_TIMERS = "/pop/timers/service/run"
YOUNG = {"reap_agenda_ms": 1, "reap_progress_ms": 1, "reap_operation_ms": 1, "reap_every_ms": 100}


@pytest.fixture
async def two(kafka: Broker, prefix: str) -> AsyncIterator[Arena]:
    """Two workers that reap at once, and only when they are told to."""
    with tempfile.TemporaryDirectory(prefix="agendum-timed-") as folder:
        found = Arena(kafka.bootstrap, prefix, Path(folder), **YOUNG, dry_run='["reaper"]')
        for worker in found.workers:
            worker.start()
        try:
            await found.ready()
            yield found
        finally:
            for worker in found.workers:
                worker.stop()
            for worker in found.workers:
                worker.join()
            await found.session.close()


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

    await two.until(all_due, "30 runs to be due", 20)
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

    await two.until(due, "a run to be due", 20)
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


async def test_a_worker_reaps_by_itself_and_says_so(kafka: Broker, prefix: str) -> None:
    with tempfile.TemporaryDirectory(prefix="agendum-timed-") as folder:
        arena = Arena(kafka.bootstrap, prefix, Path(folder), **YOUNG)
        worker = arena.workers[0]
        worker.start()
        try:
            await arena.ready(worker)
            client = Client(worker.url, f"t{os.urandom(4).hex()}")
            await client.tenant_set_up()
            agenda = await client.submit(params={"doNotRun": True})

            async def gone() -> bool:
                return await _seen(client, [agenda]) == 0

            await arena.until(gone, "the run to be reaped", 20)
            async with arena.session.get(f"{worker.url}/metrics") as answer:
                text = await answer.text()
            assert 'agendum_timer_done_total{process="reaper"} 1.0' in text
            assert 'agendum_timer_due{process="reclaimer"} 0.0' in text
        finally:
            worker.stop()
            worker.join()
            await arena.session.close()


async def test_only_who_sees_everything_may_run_them(kafka: Broker, prefix: str) -> None:
    with tempfile.TemporaryDirectory(prefix="agendum-timed-") as folder:
        arena = Arena(kafka.bootstrap, prefix, Path(folder), auth_accounts="alice|bob")
        worker = arena.workers[0]
        worker.start()
        try:
            await arena.ready(worker)
            client = Client(worker.url, "alice")
            for body in (None, {"dryRun": True}, {"dryRun": False}):
                status, answer, _ = await client.ask("POST", RUN_TIMERS, body)
                assert error_of(answer) == ("UnauthorizedException", 403)
                assert "processes" not in answer
            assert status in (200, 403)
        finally:
            worker.stop()
            worker.join()
            await arena.session.close()


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

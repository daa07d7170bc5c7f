"""`agendum verify` against real workers: equal while they work, and what it says of rows that somebody changed."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
import pytest
import rocksdict

from eventstore.ids import partition_of
from projections.rows import APPLIED, PREFIX_LENGTH, Applied, agenda_key, is_primary, offset_of, operation_key, prefix
from projections.table.digest import MODULUS, in_hex, row_digest
from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.commands import Ended, agendum
from tests.wire import Client

P = 12


async def verify(worker: WorkerProcess, *arguments: str, **environment: str) -> Ended:
    place = {name: worker._settings[f"AGENDUM_{name}"] for name in ("KAFKA", "PREFIX")}
    options = ("--url", worker.url, "--kafka", place["KAFKA"], "--prefix", place["PREFIX"])
    return await agendum("verify", *options, *arguments, **environment)


async def ready(worker: WorkerProcess) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(120):
        while (health := await worker.health(session)) is None or not health["ready"] or health["unwritten"]:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.1)


async def stopped(worker: WorkerProcess) -> None:
    worker.stop()
    await asyncio.to_thread(worker.join)


def tamper(data: Path, number: int, change: Callable[[Any], None], *, mend: bool) -> None:
    """Change a stopped worker's rows; `mend`: with the sum that they are checked against at a start."""
    [folder] = data.glob(f"v*/tables/views-{number}.db")
    db = rocksdict.Rdict(str(folder), rocksdict.Options(raw_mode=True))
    change(db)
    if mend:
        rows = cast("dict[bytes, bytes]", dict(db.items()))
        applied = msgspec.json.decode(rows[APPLIED][PREFIX_LENGTH:], type=Applied)
        total = sum(row_digest(key, value) for key, value in rows.items() if is_primary(key)) % MODULUS
        mended = msgspec.structs.replace(applied, digest=in_hex(total))
        db[APPLIED] = rows[APPLIED][:PREFIX_LENGTH] + msgspec.json.encode(mended)
    db.close()


async def test_workers_agree_with_the_log_while_they_work(worker: WorkerProcess, client: Client) -> None:
    written = asyncio.Event()

    async def load() -> None:
        while True:
            agenda = await client.submit("x", "y")
            await client.pull()
            await client.report(agenda["progressId"], processingState="COMPLETE", processingStateMessage="succeeded")
            await client.ask("DELETE", f"/pop/agenda/{agenda['id']}")
            written.set()

    first = (await client.submit())["progressId"]
    loading = asyncio.create_task(load())
    ended = []
    for _ in range(3):
        ended.append(await verify(worker, "-o", "json"))
        written.clear()
        await asyncio.wait([loading, asyncio.ensure_future(written.wait())], return_when=asyncio.FIRST_COMPLETED)
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    text = await verify(worker, "--partition", str(partition_of(first, P)))

    assert [each.code for each in ended] == [0, 0, 0], ended[0].err + ended[0].out
    for each in ended:
        results = json.loads(each.out)
        assert [result["partition"] for result in results] == [*range(P)]
        assert all(result["equal"] and result["digest"] == result["expectedDigest"] for result in results)
    positions = [sum(result["position"] for result in json.loads(each.out)) for each in ended]
    assert positions[0] < positions[1] < positions[2], "it was written to meanwhile"
    assert (text.code, text.out.splitlines()[1].split()[-1]) == (0, "equal")


async def test_rows_changed_by_hand_are_named_with_field_and_offset(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """Whoever changes a row and the sum beside it passes every check of a start: only the log can tell."""
    # Nothing is written by itself while rows are compared: a dispatch that expires would be.
    worker = WorkerProcess("W", kafka.bootstrap, prefix, tmp_path, patience_ms=600_000)
    worker.start()
    try:
        await ready(worker)
        client = Client(worker.url, "acme")
        await client.tenant_set_up()
        agenda = await client.submit("x", "y", "z")
        run = agenda["progressId"]
        await client.pull()
        number = partition_of(run, P)
        await ready(worker)
        assert (await verify(worker)).code == 0
        await stopped(worker)
        offset = wreck(worker.data, run, agenda["id"], number, mend=True)
        worker.start()
        await ready(worker)
        served = await client.progress(run)
        found, table = await asyncio.gather(verify(worker, "-o", "json"), verify(worker, "--partition", str(number)))
    finally:
        worker.kill()

    assert served["operationProgress"][0]["percentComplete"] == 99.0, "the worker itself noticed nothing"
    assert found.code == table.code == 1
    wrong = [result for result in json.loads(found.out) if not result["equal"]]
    assert [result["partition"] for result in wrong] == [number]
    by_row = {(each["row"]["kind"], each["row"]["row"], each["row"]["what"]): each for each in wrong[0]["wrong"]}
    changed = by_row.pop(("operation", f"{run} x", "different"))
    assert changed["fields"] == [{"name": "percentComplete", "found": 99.0, "expected": 0.0}]
    assert changed["row"]["offset"] == changed["row"]["expectedOffset"] == offset
    assert by_row.keys() == {("operation", f"{run} y", "missing"), ("agenda", f"{run} ghost", "surplus")}
    assert wrong[0]["digest"] == wrong[0]["appliedDigest"] != wrong[0]["expectedAppliedDigest"]
    cells = [line.split() for line in table.out.splitlines()]
    assert [str(number), "owner", "operation", run, "x", "percentComplete", str(offset), "99.0", "0.0"] in cells


async def test_rows_changed_without_their_sum_are_rebuilt_before_anyone_reads_them(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    worker = WorkerProcess("W", kafka.bootstrap, prefix, tmp_path)
    worker.start()
    try:
        await ready(worker)
        client = Client(worker.url, "acme")
        await client.tenant_set_up()
        agenda = await client.submit("x", "y", "z")
        run = agenda["progressId"]
        await ready(worker)
        await stopped(worker)
        wreck(worker.data, run, agenda["id"], partition_of(run, P), mend=False)
        worker.start()
        await ready(worker)
        served = await client.progress(run)
        found = await verify(worker)
    finally:
        worker.kill()

    assert len(served["operationProgress"]) == 3
    assert found.code == 0


async def test_says_who_is_away_or_does_not_trust_it(worker: WorkerProcess) -> None:
    away, stranger, nobody = await asyncio.gather(
        verify(worker, "--url", "http://127.0.0.1:1"),
        verify(worker, AGENDUM_SECRET="guessed"),
        verify(worker, "--kafka", "127.0.0.1:1"),
    )

    assert (away.code, stranger.code, nobody.code) == (5, 4, 5)
    assert "AGENDUM_SECRET" in stranger.err


@pytest.mark.parametrize("path", ["/internal/owners", "/snapshot", "/rows", "/pop/snapshot"])
async def test_nothing_of_it_is_told_to_the_public(worker: WorkerProcess, path: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{worker.url}{path}", data=b"\xc0", headers={"Authorization": "me"}) as answer,
    ):
        assert answer.status in (403, 405)
        assert b"http" not in await answer.read()


async def test_the_internal_listener_wants_the_secret_too(worker: WorkerProcess) -> None:
    for path in ("/snapshot", "/rows"):
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{worker.internal}{path}", data=b"\x00") as answer,
        ):
            assert answer.status == 403


def wreck(data: Path, run: str, agenda: str, number: int, *, mend: bool) -> int:
    """One row different, one missing, one surplus; the source offset of the different one."""
    offsets = []

    def change(db: Any) -> None:
        key = operation_key(run, "x")
        row = json.loads(db[key][PREFIX_LENGTH:])
        offsets.append(offset_of(db[key]))
        db[key] = db[key][:PREFIX_LENGTH] + json.dumps({**row, "percentComplete": 99.0}).encode()
        del db[operation_key(run, "y")]
        db[agenda_key(run, "ghost")] = prefix(offsets[0]) + db[agenda_key(run, agenda)][PREFIX_LENGTH:]

    tamper(data, number, change, mend=mend)
    return offsets[0]

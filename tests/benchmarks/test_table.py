"""Folding and restoring, against stock Faust, against a bare client, and above the floor of the libraries in use."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.benchmarks.clocks import NAMES
from tests.benchmarks.events import Prepared, prepare
from tests.conftest import Broker

pytestmark = pytest.mark.benchmark
KEYS = 100_000
STOCK_EVENTS = 12_000
#: What none of the processes takes unless it hangs.
RUN_SECONDS = 60.0
#: How often ours and stock restore, one after the other.
TURNS = 5


async def run(module: str, *arguments: object) -> dict[str, Any]:
    """What another process measured."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, arguments), stdout=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(RUN_SECONDS):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise TimeoutError(f"expected {module} to end within {RUN_SECONDS:.0f} s: it did not") from None
    lines = [line for line in out.decode().splitlines() if line.startswith("{")]
    assert lines, out
    found: dict[str, Any] = json.loads(lines[-1])
    return found


async def bare(bootstrap: str, prepared: Prepared) -> float:
    """Seconds that getmany and orjson into a dictionary take."""
    topic = prepared.topics.agendas
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, max_partition_fetch_bytes=8 << 20)
    await consumer.start()
    places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    seen, rows = 0, {}
    began = time.perf_counter()
    while seen < prepared.events:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
            for record in records:
                rows[record.key] = orjson.loads(record.value)
            seen += len(records)
    spent = time.perf_counter() - began
    await consumer.stop()
    return spent


def compare(what: str, counts: dict[str, int], found: dict[str, dict[str, Any]]) -> None:
    """Say what one event or row takes each, by every clock, and how far stock is above."""
    for name, words in zip(NAMES, ("by the clock", "of CPU", "of CPU in the loop's thread"), strict=True):
        key = f"{what}_{name}"
        us = {who: 1e6 * ran[key] / counts[who] for who, ran in found.items() if key in ran}
        ratios = [f"stock is {us['stock'] / us[who]:.1f}x {who}" for who in ("ours", "floor") if "stock" in us]
        print(f"{what}, us {words}: " + ", ".join([*(f"{who} {each:.1f}" for who, each in us.items()), *ratios]))
    print("\n".join(f"{who} {ran}" for who, ran in found.items()))


async def test_folding(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """Submissions and a report each, of so many runs: decode, verdict, fold, changelog and RocksDB."""
    prepared = await prepare(kafka.bootstrap, prefix, KEYS, reports=True)
    ids = json.dumps(prepared.log_ids)
    # The same mix of events, and all of them: the first of the large topic are submissions alone, of four rows each.
    fewer = await prepare(kafka.bootstrap, f"{prefix}few", STOCK_EVENTS // 2, reports=True)
    topic = fewer.topics.agendas.name
    await fewer.log.stop()
    ours = await run("ours", kafka.bootstrap, prefix, tmp_path / "ours", ids)
    bare_s = await bare(kafka.bootstrap, prepared)
    floor = await run("floor", "fold", kafka.bootstrap, prefix, tmp_path / "floor", prepared.events)
    stock = await run("stock", kafka.bootstrap, topic, f"{prefix}stock", tmp_path / "stock", STOCK_EVENTS)
    await prepared.log.stop()
    rate, stock_rate = prepared.events / ours["fold_s"], stock["events"] / stock["fold_s"]
    bare_rate = prepared.events / bare_s
    counts = {"ours": prepared.events, "floor": prepared.events, "stock": stock["events"]}
    print(f"\nfold {rate:,.0f}/s; stock {stock_rate:,.0f}/s: {rate / stock_rate:.1f}x (at least 15)")
    print(f"with joining the group and index rows, which lists wait for: {prepared.events / ours['lists_s']:,.0f}/s")
    print(f"fold {rate:,.0f}/s; bare {bare_rate:,.0f}/s: {rate / bare_rate:.2f}x (at least 0.2)")
    compare("fold", counts, {"ours": ours, "floor": floor, "stock": stock})


async def test_restoring(kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """From an empty disk, one version per key, the same kinds of rows: recovery alone, and with joining the group.

    Ours and stock by turns: each takes seconds, in which this machine's speed changes.
    """
    prepared = await prepare(kafka.bootstrap, prefix, KEYS, reports=False)
    ids, topic, app = json.dumps(prepared.log_ids), prepared.topics.agendas.name, f"{prefix}stock"
    await run("ours", kafka.bootstrap, prefix, tmp_path / "ours", ids)
    await run("stock", kafka.bootstrap, topic, app, tmp_path / "stock", STOCK_EVENTS)
    floor = await run("floor", "restore", kafka.bootstrap, prefix, tmp_path / "floor")
    turns = []
    for number in range(TURNS):
        ours = await run("ours", kafka.bootstrap, prefix, tmp_path / f"empty{number}", ids)
        try:
            stock = await run("stock", kafka.bootstrap, topic, app, tmp_path / f"stock-empty{number}", 0)
        except TimeoutError as hung:  # stock Faust does now and then, waiting for its group: such a turn says nothing
            print(f"turn {number} is left out: {hung}")
        else:
            turns.append((ours, stock))
    await prepared.log.stop()
    for spent in ("restore_s", "start_s"):
        rates = [(ours["restored"] / ours[spent], stock["rows"] / stock[spent]) for ours, stock in turns]
        ratios = sorted(mine / theirs for mine, theirs in rates)
        mine, theirs = (statistics.median(each) for each in zip(*rates, strict=True))
        print(
            f"\n{spent}: {mine:,.0f} rows/s; stock {theirs:,.0f}/s: {statistics.median(ratios):.1f}x "
            f"({ratios[0]:.1f} to {ratios[-1]:.1f}) (at least 15)"
        )
    ours, stock = turns[-1]
    print(f"with index rows, which lists wait for: {ours['restored'] / ours['lists_s']:,.0f} rows/s")
    counts = {"ours": ours["restored"], "floor": floor["rows"], "stock": stock["rows"]}
    compare("restore", counts, {"ours": ours, "floor": floor, "stock": stock})

"""What a user would build: the same fold in a stock Faust agent with a RocksDB table, and its stock recovery."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import faust
import uvloop

from eventstore.reading import RUN_EVENTS, Classifier, Dropped
from projections.folds.run import evolve
from projections.rows import head_key, write_row
from projections.run import Run
from projections.verdict import Verdict, judge
from tests.benchmarks.clocks import Moment, now, passed


def rows_of(db: Any) -> Iterator[bytes]:
    """Keys of a store that are not Faust's own."""
    return (key for key in db.keys() if not key.startswith(b"__faust"))  # noqa: SIM118  # not a dictionary


async def main(bootstrap: str, topic_name: str, app_id: str, data: str, count: str) -> None:
    app: Any = faust.App(
        app_id,
        broker=f"kafka://{bootstrap}",
        store="rocksdb://",
        datadir=data,
        web_enabled=False,
        topic_partitions=12,
        topic_disable_leader=True,
        # Who was here before may have left its group without a word: nobody waits a minute for that.
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        table_standby_replicas=0,
        key_serializer="raw",
        value_serializer="raw",
        stream_buffer_maxsize=131072,
    )
    topic = app.topic(topic_name, key_type=bytes, value_type=bytes)
    table = app.Table("rows", key_type=bytes, value_type=bytes, partitions=12)
    classify, done, wanted = Classifier(12, (), RUN_EVENTS), [0], int(count)
    times: dict[str, Moment] = {}
    finished = asyncio.Event()

    async def fold(stream: Any) -> None:
        async for event in stream.events():
            times["began"] = times.get("began") or now()
            read = classify(event.message)
            if not isinstance(read, Dropped):
                run = Run(read.stream, table.get, lambda _: ())
                if judge(run.head, read.envelope) is Verdict.APPLIED:
                    changes = evolve(run, read.envelope, read.event, read.link)
                    for key, row in changes.items():
                        table[key] = write_row(event.message.offset, row)
                    assert head_key(run.stream) in changes
            done[0] += 1
            if done[0] >= wanted:
                times["ended"] = now()
                finished.set()

    if wanted:
        app.agent(topic)(fold)
    began = time.perf_counter()
    await app.start()
    if not wanted:
        app.topics.add(topic)
    if wanted:
        await finished.wait()
        print(json.dumps({"events": done[0], **passed("fold", times["began"], times["ended"])}), flush=True)
        await app.producer.flush()
    else:
        started = time.perf_counter() - began
        recovery = app.tables.recovery
        # What lies in the stores, not what Faust says of it; and its recovery alone, without joining the group.
        rows = sum(1 for number in range(12) for _ in rows_of(table.data._db_for_partition(number)))
        spent = recovery._recovery_ended_at - recovery._recovery_started_at
        print(json.dumps({"rows": rows, "restore_s": spent, "start_s": started}), flush=True)
    await app.stop()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

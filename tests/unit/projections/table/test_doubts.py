"""A foreign record makes the owner check itself against the log."""

import asyncio

import pytest

from eventstore.log import NewRecord
from projections.rows import head_key
from projections.table import doubts
from projections.table.doubts import Doubts, RowsDiffer
from tests import builders as b
from tests.table_model import AGENDAS, Model, ModelWorker


async def owner_with_a_run(model: Model) -> ModelWorker:
    worker = await model.start("A", {0})
    await model.until(worker.holdings.ready, "owned")
    model.decide("A", b.submit())
    await model.until(lambda: worker.holdings.owned[0].next == 2 and worker.idle(), "written")
    return worker


def write_foreign(model: Model) -> None:
    """A record ahead of its stream."""
    record = model.log.records(AGENDAS, 0)[-1]
    headers = [(name, b"9" if name == "ce_streamversion" else value) for name, value in record.headers]
    model.log.put(AGENDAS, 0, NewRecord(record.key or b"", record.value, headers))


async def test_rows_that_equal_the_log_stay() -> None:
    model = Model()
    worker = await owner_with_a_run(model)
    partition = worker.holdings.owned[0]
    write_foreign(model)
    await model.until(lambda: bool(partition.suspects), "suspect")
    doubts = Doubts(model.log, AGENDAS, pause=0.01)
    checking = asyncio.ensure_future(doubts.run(worker.holdings.owned, worker.holdings.replicas))
    await model.until(lambda: doubts.checked == 1, "checked")
    checking.cancel()
    assert doubts.wrong == 0
    await model.serve_and_check("A")


async def test_a_partition_with_a_wrong_row_is_wiped_and_rebuilt() -> None:
    model = Model()
    worker = await owner_with_a_run(model)
    partition = worker.holdings.owned[0]
    key = head_key(b.RUN)
    value = partition.store.get(key) or b""
    partition.store.write([(key, value.replace(b'"version":1', b'"version":7'))])
    write_foreign(model)
    await model.until(lambda: partition.next == 3, "folded")
    assert partition.suspects == {b.RUN}
    doubts = Doubts(model.log, AGENDAS, pause=0.01)
    with pytest.raises(RowsDiffer, match="rows of r1 differ"):
        await doubts.run(worker.holdings.owned, worker.holdings.replicas)
    await model.crash("A")
    await model.serve_and_check("A")


async def test_nobody_is_shown_a_partition_that_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the wipe on it is no one's, until it is taken over again: what is gone would pass for what never was."""
    monkeypatch.setattr(doubts, "TICK_SECONDS", 0.01)
    model = Model()
    worker = await owner_with_a_run(model)
    store = worker.holdings.owned[0].store
    value = store.get(head_key(b.RUN)) or b""
    store.write([(head_key(b.RUN), value.replace(b'"version":1', b'"version":7'))])
    write_foreign(model)
    assert worker.task is not None
    heads = []

    async with asyncio.timeout(60):
        while not worker.task.done():
            await asyncio.sleep(0)  # at every moment
            if (partition := worker.holdings.owner(0)) is not None:
                heads.append(partition.run(b.RUN).head)

    assert worker.holdings.doubts.wrong == 1
    assert worker.task.exception() is not None, "it begins again"
    assert heads
    assert None not in heads
    await model.crash("A")
    await model.serve_and_check("A")

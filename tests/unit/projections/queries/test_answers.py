"""A progress is shown as it is now, however often it was shown before."""

from projections.queries.answers import SHOWN, answer
from projections.views import ById, ProgressView
from tests import builders as b
from tests.table_model import Model, ModelWorker


async def shown(worker: ModelWorker, stream: str) -> ProgressView:
    (view,) = answer(worker.holdings.owned[0], ById(kind="progress", id=stream)).progresses
    return view


async def test_a_progress_that_was_shown_is_shown_again_until_its_run_has_another_event() -> None:
    model = Model()
    worker = await model.start("A", {0})
    await model.until(worker.holdings.ready, "owned")
    command = b.submit()
    model.decide("A", command)
    await model.until(worker.idle, "written")
    await model.until(lambda: worker.holdings.owned[0].next == 2, "folded")
    first = await shown(worker, command.stream)
    assert await shown(worker, command.stream) is first
    assert {row.processing_state_message for row in first.operations} == {"queued"}
    model.decide("A", b.dispatch())
    await model.until(lambda: worker.holdings.owned[0].next == 3, "folded")
    after = await shown(worker, command.stream)
    assert {row.processing_state_message for row in after.operations} == {"scheduled"}
    assert len(worker.holdings.owned[0].shown) == 1 < SHOWN
    await model.crash("A")

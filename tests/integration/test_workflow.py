"""A workflow in WfFormat, of our own, all the way: converted, submitted, run by two executors, and replayed."""

from pathlib import Path

from tests.conftest import Broker
from tests.faults.processes import WorkerProcess
from tests.integration.workflow_runs import WIDTH, Place, judge, write_workflow
from tests.unit.handlers.converting.workflows import edges_of


async def test_it_completes_in_order_and_its_replay_is_what_was_served(
    worker: WorkerProcess, kafka: Broker, tmp_path: Path
) -> None:
    async with Place(worker, kafka, tmp_path, slots=4) as place:
        done = await place.run(write_workflow(tmp_path / "workflow.json"), scale=0.02)

    assert (len(done.rows), len(edges_of(done.agenda))) == (2 + 2 * WIDTH, 3 * WIDTH)
    assert "with 4 slots at least" in done.said
    judge(done)

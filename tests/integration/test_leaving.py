"""What a worker says when it is told to stop."""

from pathlib import Path

import pytest

from tests.conftest import Broker
from tests.faults.world import world

pytestmark = pytest.mark.kafka


async def test_a_worker_that_is_told_to_stop_leaves_without_complaint(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    async with world(kafka, prefix, tmp_path, "A") as where:
        [worker] = where.workers
        await where.life(worker)

        said = worker.log.read_text()
        assert "event='left'" in said
        assert "level='error'" not in said

"""Who waits for a change of ownership leaves nothing behind."""

from tests.table_model import Model


async def test_a_wait_that_is_over_is_forgotten() -> None:
    """While Kafka is away no ownership changes for hours, and each held request waits ten times a second."""
    worker = await Model().start("w", set())
    for _ in range(20):
        await worker.holdings.changed(0.0)
    assert not worker.holdings._changes
    await worker.lose()

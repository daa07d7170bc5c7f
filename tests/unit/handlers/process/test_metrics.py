"""What operators watch, by the names they watch it by: of real holdings on a log in memory."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from handlers.process.metrics import Metrics
from tests import builders as b
from tests.table_model import Model, ModelWorker

Samples = dict[tuple[str, ...], float]


def samples(metrics: Metrics) -> Samples:
    """(name, values of its labels by their names' order) -> value."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
async def model() -> Model:
    """A worker with two agendas that wait for one Insight, of which the first came at second 1."""
    found = Model()
    worker = await found.start("A", {0})
    await found.until(worker.idle, "owned")
    for number, run in enumerate(("r1", "r2"), 1):
        found.decide("A", b.submit(f"a{number}", stream=run, id=f"s{number}", now=1000 * number))
    await found.until(lambda: worker.holdings.owned[0].next == 3 and worker.idle(), "written")
    return found


@pytest.fixture
def worker(model: Model) -> Iterator[ModelWorker]:
    yield model.workers["A"]
    assert model.workers["A"].task is not None
    model.workers["A"].task.cancel()


def watched(worker: ModelWorker, end: int = 3, now: int = 61_000) -> Metrics:
    """The metrics of a worker when the log was last seen to end there."""
    return Metrics(worker.holdings, SimpleNamespace(ends={0: end}, standby_lag=7), lambda: now)


async def test_records_are_counted_by_verdict(model: Model, worker: ModelWorker) -> None:
    record = model.log.records("agendas", 0)[-1]
    model.log.put("agendas", 0, record)  # type: ignore[arg-type]  # what it has is what is asked of it
    await model.until(lambda: worker.holdings.owned[0].next == 4, "folded")

    found = samples(watched(worker))

    assert found["agendum_records_total", "0", "applied"] == 2
    assert found["agendum_records_total", "0", "duplicate"] == 1


async def test_the_lag_is_told_in_records_and_in_seconds(worker: ModelWorker) -> None:
    worker.holdings.owned[0].timestamp = 41_000

    level, behind = samples(watched(worker)), samples(watched(worker, end=8))

    assert (level["agendum_lag_records", "0"], level["agendum_lag_seconds", "0"]) == (0, 0)
    assert (behind["agendum_lag_records", "0"], behind["agendum_lag_seconds", "0"]) == (5, 20)
    assert behind["agendum_standby_lag_records",] == 7


async def test_what_is_not_written_is_told(model: Model, worker: ModelWorker) -> None:
    assert samples(watched(worker))["agendum_unwritten_records", "0"] == 0
    worker.changelog.shut()
    model.decide("A", b.submit("a3", stream="r3", id="s3"))
    await model.until(lambda: worker.holdings.owned[0].next == 4, "folded")
    assert samples(watched(worker))["agendum_unwritten_records", "0"] == 1
    worker.changelog.open()


async def test_queues_are_told_with_their_depth_and_the_age_of_their_oldest(worker: ModelWorker) -> None:
    [insight] = worker.holdings.owned[0].ready.depths()

    found = samples(watched(worker))

    assert (found["agendum_ready", insight], found["agendum_ready_age_seconds", insight]) == (2, 60)


async def test_commands_are_told_by_outcome_and_duration_and_requests_by_route_and_status(worker: ModelWorker) -> None:
    metrics = watched(worker)
    metrics.command("SubmitAgenda", "answered", 0.003)
    metrics.command("SubmitAgenda", "Conflict", 20.0)
    metrics.request("agenda", 200)

    found = samples(metrics)

    assert found["agendum_command_seconds_count", "SubmitAgenda", "answered"] == 1
    assert found["agendum_command_seconds_sum", "SubmitAgenda", "Conflict"] == 20
    assert found["agendum_command_seconds_bucket", "SubmitAgenda", "0.005", "answered"] == 1
    assert found["agendum_command_seconds_bucket", "SubmitAgenda", "0.002", "answered"] == 0
    assert found["agendum_http_requests_total", "agenda", "200"] == 1


async def test_what_is_owned_can_be_proved(worker: ModelWorker) -> None:
    assert samples(watched(worker))["agendum_partitions_owned",] == 1
    worker.holdings.lease.clock = lambda: 2e9
    assert samples(watched(worker))["agendum_partitions_owned",] == 0

"""An id that is used again by another customer, with two workers of which one does not hear of it (design 4.5, 4.7)."""

import os
from collections.abc import AsyncIterator

import msgspec
import pytest

from eventstore.codec import decode
from eventstore.events import ProgressReported
from eventstore.sealing import PlainCipher, mac_of
from handlers.process.settings import Settings
from tests.conftest import Broker
from tests.faults.arena import Arena, arena
from tests.faults.judge import whole_log
from tests.faults.processes import WorkerProcess
from tests.wire import Client, share

pytestmark = pytest.mark.kafka
SAID = {"said": "hello"}


@pytest.fixture
async def two(kafka: Broker, prefix: str) -> AsyncIterator[Arena]:
    """Two workers that own some partitions each."""
    async with arena(kafka.bootstrap, prefix) as found:
        await share(found.workers)
        yield found


async def begin(worker: WorkerProcess, run: str, customer: str) -> None:
    """A progress of a fixed id."""
    await Client(worker.url, customer).made("progress/agenda", {"id": run, "customerId": customer, "title": "t"})


async def test_a_report_is_sealed_for_whom_the_run_is_now_though_its_id_was_used_before(two: Arena) -> None:
    """Reports come by one worker, which remembers whose the run is; the other deletes it and makes it another's."""
    one, other = two.workers
    for number in range(4):  # owned by the one, or by the other
        run = f"r{number}-{os.urandom(4).hex()}"
        for worker, customer in ((one, "ann"), (other, "bob")):
            await begin(worker, run, customer)
            told = await Client(one.url, customer).report(run, processingState="EXECUTING", diagnosticEvents=[SAID])
            assert told == {"error": False}
            view = await Client(other.url, customer).progress(run)
            assert (view["customerId"], view["processingState"]) == (customer, "EXECUTING")
            status, gone, _ = await Client(other.url, customer).ask("DELETE", f"/pop/progress/agenda/{run}")
            assert (status, gone["error"]) == (200, False)
        assert await macs(two, run) == [expected("ann"), expected("bob")]


async def macs(where: Arena, run: str) -> list[str]:
    """What the reports on a run were sealed with, as the log has them."""
    log = await whole_log(where.bootstrap, where.prefix)
    records = [record for part in log.values() for record in part if record.key == run.encode()]
    events = [decode(record.headers, record.value)[1] for record in records]
    reports = [event.progress for event in events if isinstance(event, ProgressReported)]
    return [mac_of(each.diagnostic_events[0] or "") for each in reports if each.diagnostic_events]


def expected(customer: str) -> str:
    """The MAC of the diagnostic event under a customer's key."""
    secret = Settings.model_fields["sealing_secret"].default
    return mac_of(PlainCipher(secret.encode()).seal(customer, msgspec.json.encode(SAID)))

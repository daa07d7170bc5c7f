"""A model of the table under everything that two workers can suffer, against the referee (issue step 3)."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from eventstore.log import NewRecord
from projections.rows import is_primary, prefix
from projections.table.changelog import ROW_HEADER
from tests import builders as b
from tests.table_model import AGENDAS, CHANGELOG, Model

NAMES = st.sampled_from(["A", "B"])
#: when a writer hears of its append, if it does
HEARD = st.sampled_from(["at once", "late", "never"])
STREAMS = st.sampled_from(["r1", "r2", "r3"])


class TableMachine(RuleBasedStateMachine):
    """Takes over, pauses, wakes, crashes, duplicates, corrupts; in the end every disk and an empty one agree."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model = self.loop.run_until_complete(self._make())
        self.owner = ""
        self.paused: set[str] = set()
        self.count = 0

    async def _make(self) -> Model:
        return Model()

    def run(self, awaitable: object) -> None:
        self.loop.run_until_complete(awaitable)  # type: ignore[arg-type]

    @initialize()
    def begin(self) -> None:
        self.take_over("A", "crash")

    @rule(name=NAMES, fate=st.sampled_from(["crash", "lose", "pause"]))
    def take_over(self, name: str, fate: str) -> None:
        """Another worker, or the same again, becomes the owner; the old one dies, is told, or sleeps through it."""
        if self.owner and self.owner in self.model.workers:
            if fate == "pause" and name != self.owner:
                self.model.workers[self.owner].changelog.shut()
                self.paused.add(self.owner)
            elif fate == "lose":
                self.run(self.model.workers[self.owner].lose())
                self.model.workers[self.owner].changelog.open()
            else:
                self.run(self.model.crash(self.owner))
        if name in self.model.workers:
            self.run(self.model.workers[name].lose())
            self.model.workers[name].changelog.open()
        self.paused.discard(name)
        standby = {"A": "B", "B": "A"}[name]
        self.run(self.model.start(name, {0}))
        if standby in self.model.workers and standby not in self.paused:
            self.run(self.model.workers[standby].lose())
            self.run(self.model.start(standby, set(), {0}))
        self.owner = name
        worker = self.model.workers[name]
        self.run(self.model.until(worker.holdings.ready, "owned"))

    @precondition(lambda self: self.paused)
    @rule()
    def wake(self) -> None:
        """A paused worker goes on as if nothing had happened: its old batches land, it writes more."""
        name = self.paused.pop()
        self.model.workers[name].changelog.open()
        self.run(self.model.settle())

    @rule(name=NAMES)
    def crash(self, name: str) -> None:
        self.run(self.model.crash(name))
        self.paused.discard(name)

    @rule(name=NAMES, stream=STREAMS, what=st.integers(0, 6), started=st.sampled_from([500, 600]), heard=HEARD)
    def command(self, name: str, stream: str, what: int, started: int, heard: str) -> None:
        """A worker decides on its rows and appends, be it the owner, deposed, or paused with its feed running."""
        if name not in self.model.workers:
            return
        self.count += 1
        more: dict[str, Any] = {"stream": stream, "id": f"c{self.count}", "now": b.NOW + self.count}
        commands = [
            b.submit(f"a{self.count}", **more),
            b.dispatch(0, **more),
            b.report(started, b.operation("x", percent_complete=float(self.count)), identity=more.pop("id"), **more),
        ]
        more["id"] = f"c{self.count}"
        commands += [b.delete_progress(**more), b.delete_agenda(**more), b.expire(1, **{**more, "now": b.NOW * 9})]
        self.model.decide(name, commands[what % len(commands)], heard)

    @rule()
    def acknowledge(self) -> None:
        """Late acknowledgements arrive, whatever has become of who waits for them."""
        self.model.acknowledge()

    @rule()
    def settle(self) -> None:
        self.run(self.model.settle())

    @rule()
    def write_out(self) -> None:
        """The owner's writer gets everything out."""
        worker = self.model.workers.get(self.owner)
        if worker is not None and worker.task is not None and self.owner not in self.paused:
            self.run(self.model.until(worker.idle, "idle"))

    @rule(which=st.integers(0, 10**6))
    def duplicate(self, which: int) -> None:
        """Any record of the log once more."""
        records = self.model.log.records(AGENDAS, 0)
        record = records[which % len(records)]
        self.model.log.put(AGENDAS, 0, NewRecord(record.key or b"", record.value, [*record.headers]))

    @rule(key=st.sampled_from([None, b"r1", b"\xff", b"\0log"]), value=st.sampled_from([None, b"", b"{}", b"\xfe"]))
    def garbage(self, key: bytes | None, value: bytes | None) -> None:
        self.model.log.put(AGENDAS, 0, NewRecord(key, value, []))  # type: ignore[arg-type]

    @rule()
    def compact(self) -> None:
        self.model.log.compact(CHANGELOG, 0)

    @rule()
    def recreate_the_changelog(self) -> None:
        """All workers end, and the changelog is deleted and made anew: what follows there is at other offsets."""
        for name in [*self.model.workers]:
            self.crash(name)
        self.run(self.model.settle())
        self.model.log.recreate(CHANGELOG)

    @rule(name=NAMES, which=st.integers(0, 10**6), remove=st.booleans())
    def corrupt_a_disk(self, name: str, which: int, remove: bool) -> None:
        """A row of a worker that does not run is changed or removed by hand."""
        disks = self.model.disks.get(name)
        if name in self.model.workers or disks is None or not disks.stores:
            return
        store = disks.stores[0]
        rows = [(key, value) for key, value in store.scan(b"") if is_primary(key)]
        if rows:
            key, value = rows[which % len(rows)]
            store.write([] if remove else [(key, value[:10] + value[10:].replace(b"1", b"2"))], [key])

    @rule(which=st.integers(0, 10**6))
    def corrupt_the_changelog(self, which: int) -> None:
        """A row is written to the changelog by hand, with the offset of the right one."""
        rows = [each for each in self.model.log.records(CHANGELOG, 0) if each.key and is_primary(each.key)]
        if rows:
            row = rows[which % len(rows)]
            self.model.log.put(CHANGELOG, 0, NewRecord(row.key or b"", b'{"id":"wrong"}', [(ROW_HEADER, prefix(0))]))

    @invariant()
    def nobody_failed(self) -> None:
        for name, worker in self.model.workers.items():
            if worker.task is not None and worker.task.done() and not worker.task.cancelled():
                raise AssertionError(f"{name} failed") from worker.task.exception()

    def teardown(self) -> None:
        try:
            for name in ("A", "B", "empty"):
                self.run(self.model.serve_and_check(name))
        finally:
            self.loop.close()


TableMachine.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTable = TableMachine.TestCase

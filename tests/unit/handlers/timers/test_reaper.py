"""The reaper's walk: by age, so many at a time, round and round; and the timers that carry it (spec 9.3)."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from eventstore.commands import ReapObjects, ReapRun, RetryAgenda
from eventstore.errors import Moving
from eventstore.sealing import PlainCipher
from handlers.timers.loop import Due, Patience, Timers
from handlers.timers.reaper import LOOKS, Reaper
from projections.indexes.keys import index_keys
from projections.indexes.traits import traits_of
from projections.partition import Partition
from projections.queries.ages import Ages
from projections.rows import Head, read_row
from projections.store import MemoryStore
from projections.views import Answer
from tests import builders as b
from tests.spec import given
from tests.takeover import taken_over

MINUTE = 60_000
AGES = Ages(agenda=10 * MINUTE, progress=10 * MINUTE, operation=10 * MINUTE)


def partition(*histories: list[Any]) -> Partition:
    """Runs r1000, r1001, …, each with what happened to it."""
    store = MemoryStore()
    for number, history in enumerate(histories):
        stream = f"r{1000 + number}".encode()
        for key, value in given(*history).world.rows.items():
            renamed = key.replace(b"\0r1", b"\0" + stream, 1)
            entries = index_keys(renamed, traits_of(renamed, value))
            store.write([(renamed, value), *((entry, b"") for entry in entries)])
    return taken_over(store)


def resting(at: int) -> list[Any]:
    return [b.submit(do_not_run=True, now=at)]


def waiting(at: int) -> list[Any]:
    return [b.submit(now=at)]


def reaper(ages: Ages = AGES, trace: int | None = 20 * MINUTE) -> Reaper:
    return Reaper(ages, trace, lambda: "id")


def streams(found: Any) -> list[str]:
    return [command.stream for command in found]


def test_what_is_older_than_its_age_is_due_and_one_command_is_enough_for_a_run() -> None:
    place = partition(resting(5), resting(2 * MINUTE))
    assert streams(reaper().due(place, 10 * MINUTE + 4)) == []
    (command,) = reaper().due(place, 10 * MINUTE + 5)
    assert isinstance(command, ReapObjects)
    assert (command.stream, command.agenda_age, command.operation_age) == ("r1000", 10 * MINUTE, 10 * MINUTE)
    assert sorted(streams(reaper().due(place, 12 * MINUTE))) == ["r1000", "r1001"]


def test_the_trace_of_what_is_gone_goes_by_an_age_of_its_own() -> None:
    gone = [*resting(0), b.delete_agenda(now=MINUTE), b.delete_progress(now=MINUTE, id="p")]
    place = partition(gone)
    assert streams(reaper().due(place, 21 * MINUTE - 1)) == []
    (command,) = reaper().due(place, 21 * MINUTE)
    assert command == ReapRun(id="id", stream="r1000", age=20 * MINUTE)


def test_a_kind_without_an_age_is_never_due() -> None:
    place = partition(resting(0))
    assert streams(reaper(Ages()).due(place, 10**12)) == []
    assert streams(reaper(Ages(operation=1)).due(place, 10**12)) == ["r1000"]
    assert streams(reaper(Ages(progress=10**13, agenda=1)).due(place, 10**12)) == ["r1000"]
    gone = [*resting(0), b.delete_agenda(now=MINUTE), b.delete_progress(now=MINUTE, id="p")]
    assert streams(reaper(trace=None).due(partition(gone), 10**12)) == []


def test_what_has_no_progress_is_due_by_its_own_age() -> None:
    alone = [b.save_operation("odd", must_exist=False, customer_id="alice", operation="x", now=MINUTE)]
    orphan = [*resting(0), b.delete_progress(now=MINUTE, id="p")]
    waits = [*waiting(0), b.delete_progress(now=MINUTE, id="p")]
    place = partition(alone, orphan, waits)
    assert streams(reaper().due(place, 10 * MINUTE)) == ["r1001"]
    assert sorted(streams(reaper().due(place, 11 * MINUTE))) == ["r1000", "r1001"]


def test_old_work_that_waits_is_passed_over_and_does_not_stand_in_the_way() -> None:
    place = partition(*(waiting(number) for number in range(3 * LOOKS)), resting(3 * LOOKS))
    walk, found, strides = reaper(), streams([]), 0
    while strides == 0 or walk.is_walking:
        found += streams(walk.due(place, 10**9))
        strides += 1
    assert set(found) == {f"r{1000 + 3 * LOOKS}"}
    assert strides == 4
    assert streams(walk.due(place, 10**9)) == []
    walk.begin()
    assert [streams(walk.due(place, 10**9)) for _ in range(strides)][-1] == [f"r{1000 + 3 * LOOKS}"]


def test_a_walk_looks_at_so_many_rows_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    place = partition(*(resting(number) for number in range(4 * LOOKS)))
    looks: Counter[str] = Counter()
    monkeypatch.setattr(place, "get", lambda key, get=place.get: looks.update(["rows"]) or get(key))
    [*reaper().due(place, 10**9)]
    assert 0 < looks["rows"] <= 3 * LOOKS * 4
    looks.clear()
    [*reaper().due(place, 5 * MINUTE)]
    assert looks["rows"] == 0, "what is young is not read"


def test_a_row_that_was_touched_since_the_index_was_written_is_not_due() -> None:
    place = partition(resting(0))
    head = read_row(b"h\0r1000", place.get(b"h\0r1000"))
    assert isinstance(head, Head)
    spec = given(b.submit(do_not_run=True, now=0)).when(b.report(7, now=30 * MINUTE)).world
    for key, value in spec.rows.items():
        place.overlay.put(key.replace(b"\0r1", b"\0r1000", 1), value)
    assert streams(reaper().due(place, 35 * MINUTE)) == []


def test_an_agenda_is_as_young_as_its_progress() -> None:
    ended = b.report(7, state=b.COMPLETE, message="succeeded", now=30 * MINUTE)
    place = partition([*resting(0), ended])
    assert streams(reaper().due(place, 40 * MINUTE - 1)) == []
    assert streams(reaper().due(place, 40 * MINUTE)) == ["r1000"]


class Carried:
    """Timers whose commands are noted."""

    def __init__(
        self,
        place: Partition,
        *,
        dry: tuple[str, ...] = (),
        away: bool = False,
        every: int = 500,
        failing: tuple[str, ...] = (),
    ) -> None:
        #: runs on which every decision fails, by a fault of ours
        self.failing = failing
        self.commands: list[Any] = []
        self.looks = 0
        self.seen: dict[str, tuple[int, int]] = {}
        self.away = away
        self.timers = Timers(
            owned=lambda: [place],
            command=self._command,
            now=lambda: 10**9,
            draw=lambda: "id",
            patience=Patience(grace=0, reclaim=1000, backoff=1000, every=every, reap_every=0),
            cipher=PlainCipher(b"s"),
            reaper=reaper(),
            dry=dry,
            observe=self._observe,
        )

    def _observe(self, process: str, due: int, done: int) -> None:
        self.seen[process] = (due, done)
        self.looks += process == "retry"

    async def _command(self, command: Any) -> Answer:
        if self.away:
            raise Moving("away")
        if command.stream in self.failing:
            raise KeyError("a fault of ours")
        self.commands.append(command)
        return Answer()

    async def tick(self) -> None:
        self.seen.clear()
        task = asyncio.create_task(self.timers.run())
        async with asyncio.timeout(60):
            while "reaper" not in self.seen:  # noqa: ASYNC110  # the loop tells nobody
                await asyncio.sleep(0)
        task.cancel()


FAILED = [b.submit(), b.dispatch(), b.report(5), b.report(5, identity="e", state=b.COMPLETE, message="failed")]


async def test_a_tick_carries_out_what_is_due_and_says_how_much() -> None:
    found = Carried(partition(resting(0), FAILED))
    await found.tick()
    assert {type(command) for command in found.commands} == {ReapObjects, RetryAgenda}
    assert found.seen == {"expiry": (0, 0), "reclaimer": (0, 0), "retry": (1, 1), "reaper": (1, 1)}


async def test_a_process_that_is_dry_says_what_is_due_and_does_nothing() -> None:
    found = Carried(partition(resting(0), FAILED), dry=("reaper",))
    await found.tick()
    assert {type(command) for command in found.commands} == {RetryAgenda}
    assert (found.seen["reaper"], found.seen["retry"]) == ((1, 0), (1, 1))


async def test_how_often_it_looks_is_set() -> None:
    hasty, slow = Carried(partition(), every=1), Carried(partition(), every=3_600_000)
    tasks = [asyncio.create_task(found.timers.run()) for found in (hasty, slow)]
    async with asyncio.timeout(60):
        while hasty.looks < 5:  # noqa: ASYNC110  # the loop tells nobody
            await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    assert slow.looks == 1


async def test_on_demand_everything_due_is_shown_and_carried_out_unless_it_is_a_dry_run() -> None:
    found = Carried(partition(resting(0), FAILED), dry=("reaper",))
    shown = await found.timers.due(dry=True)
    assert found.commands == []
    assert [(due.process, due.due, due.done) for due in shown] == [
        ("expiry", 0, 0),
        ("reclaimer", 0, 0),
        ("retry", 1, 0),
        ("reaper", 1, 0),
    ]
    assert shown[3] == Due(process="reaper", due=1, runs=["r1000"], by_itself=False)
    done = await found.timers.due(dry=False)
    assert [due.done for due in done] == [0, 0, 1, 1]


async def test_the_next_walk_finds_what_did_not_succeed() -> None:
    found = Carried(partition(resting(0)), away=True)
    task = asyncio.create_task(found.timers.run())
    async with asyncio.timeout(60):
        while found.seen.get("reaper") != (1, 0):  # noqa: ASYNC110  # the loop tells nobody
            await asyncio.sleep(0)
        found.away = False
        while not found.commands:  # noqa: ASYNC110
            await asyncio.sleep(0)
    task.cancel()


async def test_what_does_not_succeed_is_due_again() -> None:
    found = Carried(partition(resting(0)), away=True)
    assert [due.done for due in await found.timers.due(dry=False)] == [0, 0, 0, 0]
    found.away = False
    assert [due.done for due in await found.timers.due(dry=False)] == [0, 0, 0, 1]


async def test_a_run_that_makes_the_decision_fail_ends_neither_the_tick_nor_the_worker() -> None:
    """Else each owner of its partition would leave, one after the other, and take all its partitions along."""
    carried = Carried(partition(resting(0), resting(0), resting(0)), failing=("r1001",))
    await carried.tick()
    assert sorted(streams(carried.commands)) == ["r1000", "r1002"]
    assert carried.seen["reaper"] == (3, 2)

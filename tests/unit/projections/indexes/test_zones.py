"""Operations by what has no index rows: whatever is written between two lists, each is what a look at all rows says."""

from collections.abc import Generator, Iterator
from inspect import GEN_CLOSED, getgeneratorstate
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from eventstore.model import OperationProgress, ProcessingState
from eventstore.reading import Dropped
from projections import overlay
from projections.indexes import zone, zones
from projections.indexes.zones import current
from projections.partition import Partition
from projections.queries.listing import listing
from projections.queues.ready import ReadyLine
from projections.rows import operation_key, write_row
from projections.store import MemoryStore
from projections.table.landing import Landing
from projections.views import Answer, ByAttribute

Walk = Generator[None, None, Answer]


class World:
    """A partition of operations, and what its rows are."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.partition = Partition(0, store or MemoryStore(), lambda _: Dropped("none"), ReadyLine("e"), 0)
        self.rows: dict[str, OperationProgress] = {}
        self._torn = False

    def put(self, n: int, *, looked: bool = True, **more: Any) -> None:
        """An operation as it is now; `looked`: the fold has looked at what it replaces."""
        row = OperationProgress(
            **{
                "id": f"r{n % 3}-o{n:03}",
                "agenda_progress_id": f"r{n % 3}",
                "operation": f"o{n:03}",
                "customer_id": "c1",
                "added_time": n,
                **more,
            }
        )
        self._write(n, row, looked)
        self.rows[row.id or ""] = row

    def delete(self, n: int, *, looked: bool = True) -> None:
        """An operation is gone, or was not there."""
        self._write(n, None, looked)
        self.rows.pop(f"r{n % 3}-o{n:03}", None)

    def _write(self, n: int, row: OperationProgress | None, looked: bool) -> None:  # noqa: FBT001
        key = operation_key(f"r{n % 3}", f"o{n:03}")
        if looked and self.partition.overlay.get(key) is None:
            self.partition.overlay.remember(key, self.partition.store.get(key))
        self.partition.overlay.put(key, write_row(1, row))

    def tear(self) -> None:
        """What was written comes to the disk, of a flight that has not landed yet."""
        self.alight()
        self._torn = True
        layers = self.partition.overlay
        landing = Landing(self.partition.store, [*layers.take_off().items()], layers.below)
        self.partition.store.write([*landing.puts, *((key, b"") for key in landing.entries)], landing.removals)

    def alight(self) -> None:
        """The flight has landed, if there is one."""
        if self._torn:
            self.partition.overlay.land()
        self._torn = False

    def land(self) -> None:
        """What was written comes to the disk."""
        self.tear()
        self.alight()

    def ask(self, where: dict[str, str], **more: Any) -> Answer:
        return end_of(self.begin(where, **more))

    def begin(self, where: dict[str, str], **more: Any) -> Walk:
        return listing([self.partition], ByAttribute(kind="operation", where=where, **more))

    def pages(self, where: dict[str, str], accounts: list[str] | None, limit: int) -> list[OperationProgress]:
        found: list[OperationProgress] = []
        more, after = True, None
        while more:
            answer = self.ask(where, accounts=accounts, limit=limit, after=after)
            found, more = found + answer.operations, answer.more
            after = (found[-1].added_time or 0, found[-1].id or "") if found else None
        return found

    def expected(self, where: dict[str, str], accounts: list[str] | None = None) -> list[str]:
        """Ids of those that fit, in order."""
        fitting = [
            row
            for row in self.rows.values()
            if (accounts is None or row.customer_id in accounts)
            and all(_texts_of(row)[name] == value for name, value in where.items())
        ]
        return [row.id or "" for row in sorted(fitting, key=lambda row: (row.added_time or 0, row.id or ""))]


def end_of(walk: Walk) -> Answer:
    while True:
        try:
            next(walk)
        except StopIteration as done:
            found: Answer = done.value
            return found


def ids(rows: list[OperationProgress]) -> list[str]:
    return [row.id or "" for row in rows]


def _texts_of(row: OperationProgress) -> dict[str, str | None]:
    state = row.processing_state and row.processing_state.value
    return {"customerId": row.customer_id, "processingState": state, "title": row.title, "operation": row.operation}


@pytest.fixture
def small() -> Iterator[None]:
    """Zones of a few, and hand-overs after each, so that a few rows show what many would."""
    with pytest.MonkeyPatch.context() as patched:
        for module, name, value in (
            (zone, "SIZE", 4),
            (zones, "SIZE", 4),
            (zones, "LATE", 2),
            (zone, "FEW", 2),
            (zones, "SLICE", 1),
            (zones, "PASSED", 1),
            (zones, "RUN", 5),
            (overlay, "MOST_LANDED", 30),
        ):
            patched.setattr(module, name, value)
        yield


STATES = st.sampled_from([*ProcessingState])
PUT = st.tuples(
    st.just("put"),
    st.integers(0, 14),
    st.booleans(),
    st.fixed_dictionaries(
        {"processing_state": STATES},
        optional={
            "added_time": st.integers(0, 20),
            "title": st.sampled_from(["t", 't"', "u", "v"]),
            "customer_id": st.sampled_from(["c1", "c2", "c3"]),
        },
    ),
)
DELETE = st.tuples(st.just("delete"), st.integers(0, 14), st.booleans())
LAND = st.tuples(st.sampled_from(["land", "tear", "alight"]))
ASK = st.tuples(
    st.just("ask"),
    st.dictionaries(
        st.sampled_from(["processingState", "title", "customerId", "operation"]),
        st.sampled_from(["WAITING", "COMPLETE", 't"', "t", "c1", "o007"]),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([None, None, [], ["c1"], ["c3", "c2"]]),
    st.integers(1, 9),
)
STEPS = st.lists(st.one_of(PUT, PUT, DELETE, LAND, ASK, ASK), min_size=15, max_size=50)


@for_all(st.lists(PUT, min_size=15, max_size=30), STEPS)
@settings(max_examples=200, deadline=None)
@pytest.mark.usefixtures("small")
def test_each_list_is_what_a_look_at_all_rows_says(before: list[Any], steps: list[Any]) -> None:
    world = World()
    for step in [*before, ("land",), ("ask", {"processingState": "WAITING"}, None, 3), *steps, STEPS_END]:
        match step:
            case ("put", n, looked, more):
                world.put(n, looked=looked, **more)
            case ("delete", n, looked):
                world.delete(n, looked=looked)
            case ("land" | "tear" | "alight" as how,):
                getattr(world, how)()
            case (_, where, accounts, limit):
                assert world.ask({}, limit=None, count=True).count == len(world.rows)
                expected = world.expected(where, accounts)
                assert ids(world.pages(where, accounts, limit)) == expected
                assert world.ask(where, accounts=accounts, limit=None, count=True).count == len(expected)


STEPS_END = ("ask", {"processingState": "COMPLETE"}, None, 100)


@for_all(st.lists(st.integers(0, 200), max_size=6), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
@pytest.mark.usefixtures("small")
def test_lists_that_begin_while_others_make_zones_are_whole(pauses: list[int], again: int) -> None:
    """Each holds all that was answered before it began and that fits still, once; so does the next."""
    world = World()
    for n in range(60):
        world.put(n, processing_state=ProcessingState.WAITING)
    world.land()
    walks: list[tuple[Walk, set[str]]] = []
    for number, pause in enumerate(pauses):
        walks.append((world.begin({"processingState": "WAITING"}, limit=None), {*world.rows}))
        for walk, _ in walks:
            for _ in range(pause):
                if next(walk, walk) is walk:
                    break
        world.put(100 + number, processing_state=ProcessingState.WAITING, looked=number % 2 == again % 2)
        if number % 3 != again:
            world.land()
    for walk, known in walks:
        if getgeneratorstate(walk) == GEN_CLOSED:  # it has ended on the way
            continue
        found = ids(end_of(walk).operations)
        assert len(found) == len({*found})
        assert known <= {*found} <= {*world.rows}
    assert ids(world.ask({"processingState": "WAITING"}, limit=None).operations) == world.expected(
        {"processingState": "WAITING"}
    )
    assert world.ask({"processingState": "WAITING"}, limit=None, count=True).count == len(world.rows)


class Counting(MemoryStore):
    """Counts looks at rows."""

    looks = 0

    def get(self, key: bytes) -> bytes | None:
        self.looks += 1
        return super().get(key)


def filled(count: int) -> tuple[World, Counting]:
    store = Counting()
    world = World(store)
    for n in range(count):
        world.put(n, processing_state=ProcessingState.WAITING, title=f"t{n}", cid="h")
    world.land()
    world.ask({"processingState": "WAITING"}, limit=1)
    store.looks = 0
    return world, store


def test_a_list_looks_at_its_own_rows_and_few_more() -> None:
    world, store = filled(3_000)
    for where, least, looks in (
        ({"processingState": "EXECUTING"}, 0, 0),
        ({"operation": "none"}, 0, 200),
        ({"title": "t1700"}, 1, 200),
        ({"cid": "h", "processingState": "WAITING"}, 5, 150),
        ({"cid": "h", "processingState": "COMPLETE"}, 0, 0),
    ):
        store.looks = 0
        assert len(world.ask(where, limit=5).operations) == least, where
        assert store.looks <= looks, where
    store.looks = 0
    assert len(world.ask({"processingState": "WAITING"}, limit=5, after=(2_000, "r2-o2000")).operations) == 5
    assert store.looks <= 300


def test_a_count_looks_at_no_rows() -> None:
    world, store = filled(3_000)
    assert world.ask({"processingState": "WAITING"}, limit=None, count=True).count == 3_000
    assert world.ask({"processingState": "WAITING", "cid": "h"}, limit=None, count=True).count == 3_000
    assert world.ask({"processingState": "COMPLETE", "cid": "h"}, limit=None, count=True).count == 0
    assert store.looks == 0


@pytest.mark.parametrize("looked", [True, False])
@pytest.mark.usefixtures("small")
def test_what_moves_to_another_place_is_counted_once(looked: bool) -> None:  # noqa: FBT001
    """Whether the fold looked at what it replaced, or nobody knows where it stood; and so if it moves twice unseen."""
    world = World()
    for n in range(20):
        world.put(n, processing_state=ProcessingState.WAITING)
    world.land()
    asked = {"processingState": "WAITING"}
    assert world.ask(asked, limit=None, count=True).count == 20
    for place in (15, 9):
        world.put(2, processing_state=ProcessingState.WAITING, added_time=place, looked=looked)
        world.land()
    assert world.ask(asked, limit=None, count=True).count == 20
    assert ids(world.pages(asked, None, 3)) == world.expected(asked)
    world.delete(7, looked=looked)
    world.land()
    assert world.ask(asked, limit=None, count=True).count == 19


@pytest.mark.parametrize("asked", [1, 2])
def test_what_was_on_disk_before_its_flight_had_landed_is_not_counted_once_it_is_gone(asked: int) -> None:
    """A flight of several batches: the first is on disk, and its rows fly still, when somebody asks."""
    world, counted = filled_world(), {"processingState": "WAITING"}
    world.put(9, processing_state=ProcessingState.WAITING)
    world.tear()
    for _ in range(asked):
        assert world.ask(counted, limit=None, count=True).count == 4

    world.alight()
    world.delete(9)
    world.land()

    assert world.ask(counted, limit=None, count=True).count == 3


def test_what_came_while_another_gave_up_is_not_counted_once_it_is_gone() -> None:
    """Who begins to look at all rows sees others than who began before and went away."""
    world, counted = filled_world(), {"processingState": "WAITING"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(zones, "SLICE", 1)
        away = world.begin(counted, limit=None, count=True)
        next(away)
        away.close()
        world.put(9, processing_state=ProcessingState.WAITING)
        world.land()
        walk = world.begin(counted, limit=None, count=True)
        next(walk)
        world.delete(9)
        world.land()
        assert end_of(walk).count in {3, 4}

    assert world.ask(counted, limit=None, count=True).count == 3


@pytest.mark.parametrize("gone", [False, True], ids=["moved", "gone"])
@pytest.mark.parametrize("looked", [False, True])
def test_what_a_flight_that_has_not_landed_takes_from_its_place_on_disk_is_not_counted_there(
    *, gone: bool, looked: bool
) -> None:
    """Zones noted it where it stood, and it is not on disk there any more; nobody has told them."""
    world, counted = filled_world(), {"processingState": "WAITING"}
    assert world.ask(counted, limit=None, count=True).count == 3
    if gone:
        world.delete(2, looked=looked)
    else:
        world.put(2, added_time=0, looked=looked, processing_state=ProcessingState.COMPLETE)

    world.tear()

    assert world.ask(counted, limit=None, count=True).count == 2


def filled_world() -> World:
    world = World()
    for n in range(3):
        world.put(n, processing_state=ProcessingState.WAITING)
    world.land()
    return world


def test_a_zone_forgets_what_its_rows_were() -> None:
    world, store = filled(500)
    for n in range(500):
        world.put(n, processing_state=ProcessingState.COMPLETE)
    world.land()
    assert not world.ask({"processingState": "WAITING"}).operations
    store.looks = 0
    assert not world.ask({"processingState": "WAITING"}).operations
    assert store.looks == 0


def test_nobody_who_asks_no_more_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "MOST_LANDED", 50)
    world, _ = filled(100)
    kept = world.partition.zones
    for n in range(100, 151):
        world.put(n, processing_state=ProcessingState.WAITING)
        world.land()
    assert world.partition.overlay.landed is None
    assert len(world.ask({"processingState": "WAITING"}, limit=None).operations) == 151
    assert world.partition.zones is not kept


def test_where_nobody_asks_nothing_is_remembered() -> None:
    world = World()
    world.put(1)
    world.land()
    assert len(world.ask({"agendaProgressId": "r1"}, limit=None).operations) == 1
    assert not world.ask({"id": "none"}, limit=None).operations
    assert (world.partition.zones, world.partition.overlay.landed) == (None, None)


@pytest.mark.usefixtures("small")
def test_zones_are_made_hand_over_by_hand_over() -> None:
    world = World()
    for n in range(40):
        world.put(n)
    world.land()
    assert sum(1 for _ in current(world.partition)) >= 40

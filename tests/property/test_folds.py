"""Whatever happens to a run, the real fold and the referee come to the same rows, byte for byte."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from eventstore.catalogue_events import CatalogueEvent
from eventstore.commands import RunCommand
from eventstore.errors import Rejected
from eventstore.events import EVENTS, LogOpened
from eventstore.ids import partition_of
from eventstore.model import Operation, ProcessingState
from projections.folds.run import _FOLDS
from projections.rows import PREFIX_LENGTH
from tests import builders as b
from tests.independent_fold import fold
from tests.spec import World

P = 12
STARTS = st.sampled_from([None, 500, 600, 700])
#: Ids of operations: of the run's own, and of some that were posted alone.
ODD = st.sampled_from(["r1-x", "r1-w", "odd", "r1-", "r1"])
KINDS = ("agenda", "progress", "operation")
AGES = st.sampled_from([None, 0, 3000])
STATES = st.sampled_from([None, *ProcessingState])


@st.composite
def commands(draw: st.DrawFn) -> RunCommand:
    """Any command on the run, at any time."""
    at: dict[str, Any] = {"now": b.NOW + draw(st.integers(0, 10)) * 1000, "id": f"c{draw(st.integers(0, 10**6))}"}
    if draw(st.booleans()):
        at["request"] = draw(st.sampled_from(["one", "two"]))
    if draw(st.booleans()):
        at["inbox"] = (draw(st.integers(0, 2)), draw(st.integers(0, 9)))
    attempt, agenda = draw(st.integers(0, 3)), draw(st.sampled_from(["a1", "a2"]))
    rows = [b.operation(name, draw(STATES), percent_complete=draw(st.sampled_from([None, 1.5]))) for name in "xyz"]
    identity = at.pop("id")
    some: st.SearchStrategy[Any] = st.sampled_from(
        [
            b.submit(agenda, **at, id=identity, reuses_progress=draw(st.booleans()), do_not_run=draw(st.booleans())),
            b.chain(agenda, **at, id=identity, reuses_progress=draw(st.booleans())),
            b.dispatch(attempt, **at, id=identity, agenda_id=agenda, deadline=b.NOW * 2),
            b.take_back(f"d{attempt}", **at, id=identity, agenda_id=agenda),
            b.expire(attempt, **at, id=identity, agenda_id=agenda),
            b.report(draw(STARTS), *rows[: draw(st.integers(0, 3))], identity=identity, state=draw(STATES), **at),
            b.report(draw(STARTS), identity=identity, state=ProcessingState.COMPLETE, message="failed", **at),
            b.hand_back(draw(STARTS), **at, id=identity),
            b.reclaim(attempt, **at, id=identity, agenda_id=agenda, age=draw(st.sampled_from([0, 2000]))),
            b.retry(attempt, **at, id=identity, agenda_id=agenda),
            b.rerun(**at, id=identity, agenda_id=agenda, skips_execution=draw(st.booleans())),
            b.rerun(draw(st.sampled_from("xyg")), **at, id=identity, agenda_id=agenda, continues=draw(st.booleans())),
            b.expand(
                *(Operation(name=name, type=draw(st.sampled_from("tu")), generated_parent="y") for name in "gxk"),
                **at,
                id=identity,
                agenda_id=agenda,
                params=draw(st.sampled_from([None, {"p": "plain:m1:1"}, {"q": "plain:m2:2"}])),
            ),
            b.expand(Operation(name="k", generated_parent="y"), **at, id=identity, agenda_id=agenda),
            b.cancel(**at, id=identity, agenda_id=agenda),
            b.delete_agenda(**at, id=identity, agenda_id=agenda),
            b.delete_progress(**at, id=identity),
            b.save_agenda(**at, id=identity, agenda_id=agenda, title=draw(st.sampled_from([None, "t"]))),
            b.save_progress(
                *rows[: draw(st.integers(0, 3))],
                **at,
                id=identity,
                must_exist=draw(st.booleans()),
                customer_id="alice",
                agenda_id=draw(st.sampled_from([None, "a1", "a2", "a3"])),
                processing_state=draw(STATES),
                processing_state_message=draw(st.sampled_from([None, "failed", "succeeded"])),
            ),
            b.save_operation(
                draw(ODD), **at, id=identity, must_exist=draw(st.booleans()), customer_id="alice", operation="x"
            ),
            b.delete_operation(draw(ODD), **at, id=identity),
            b.reap(id=identity),
            b.reap_objects(**at, id=identity, **{f"{kind}_age": draw(AGES) for kind in KINDS}),
        ]
    )
    found: RunCommand = draw(some)
    return found


def live(rows: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {key: value for key, value in rows.items() if len(value) > PREFIX_LENGTH}


def as_records(world: World) -> list[Any]:
    partition = partition_of(b.RUN, P)
    return [
        SimpleNamespace(partition=partition, offset=offset, key=key, value=value, headers=headers)
        for offset, (key, value, headers) in enumerate(world.records)
    ]


@for_all(st.lists(commands(), max_size=25), st.data())
@settings(max_examples=150, deadline=None)
def test_the_fold_equals_the_referee_after_any_commands(history: list[RunCommand], data: st.DataObject) -> None:
    world = World()
    for command in [b.submit(), *history]:
        try:
            world.carry_out(command)
        except Rejected:
            continue
        if world.records and data.draw(st.integers(0, 5)) == 0:
            world.fold(*data.draw(st.sampled_from(world.records)))  # any record once more, at any later time
    assert live(world.rows) == fold(as_records(world), P)


@st.composite
def renewals(draw: st.DrawFn) -> RunCommand:
    """A rerun, an expansion, or what comes between them."""
    at: dict[str, Any] = {"now": b.NOW + draw(st.integers(0, 10)) * 1000, "id": f"c{draw(st.integers(0, 10**6))}"}
    identity = at.pop("id")
    params = draw(st.sampled_from([None, {"p": "plain:m1:1"}, {"p": "plain:m3:3"}, {"q": "plain:m2:2"}]))
    kind, names = draw(st.sampled_from("tu")), draw(st.sampled_from(["g", "k", "gk"]))
    made = [Operation(name=name, type=kind, generated_parent="y") for name in names]
    done = b.operation(draw(st.sampled_from("xygk")), draw(STATES), diagnostic_events=["plain:m:1"])
    some: st.SearchStrategy[Any] = st.sampled_from(
        [
            b.expand(*made, **at, id=identity, params=params),
            b.rerun(
                *draw(st.sampled_from(["", "x", "y", "g"])), **at, id=identity, skips_execution=draw(st.booleans())
            ),
            b.report(draw(STARTS), done, identity=identity, **at),
        ]
    )
    found: RunCommand = draw(some)
    return found


@for_all(st.lists(renewals(), max_size=12))
@settings(max_examples=100, deadline=None)
def test_the_fold_equals_the_referee_after_reruns_and_expansions(history: list[RunCommand]) -> None:
    world = World()
    for command in [b.chain(), *history]:
        try:
            world.carry_out(command)
        except Rejected:
            continue
    assert live(world.rows) == fold(as_records(world), P)


@for_all(st.lists(commands(), max_size=25), st.integers(0, 30))
@settings(max_examples=50, deadline=None)
def test_a_replay_from_anywhere_comes_to_the_same_rows(history: list[RunCommand], stop: int) -> None:
    world = World()
    for command in [b.submit(), *history]:
        try:
            world.carry_out(command)
        except Rejected:
            continue
    again = World()
    for record in [*world.records[:stop], *world.records]:
        again.fold(*record)
    assert {key: value[8:] for key, value in live(again.rows).items()} == {
        key: value[8:] for key, value in live(world.rows).items()
    }


def test_every_event_of_a_run_has_a_fold() -> None:
    others = {LogOpened, *CatalogueEvent.__args__}
    assert set(EVENTS.values()) - others == set(_FOLDS)

"""Index rows that lists read are left out while a partition catches up, and there when it may be asked for lists."""

import random
from types import SimpleNamespace
from typing import Any

import pytest

from eventstore.errors import Moving
from eventstore.model import Agenda, AgendaProgress, ProcessingState
from handlers.routing.reads import Question, Reads
from handlers.routing.waiting_room import WaitingRoom
from projections.rows import Head, Row, agenda_key, head_key, progress_key, write_row
from projections.store import MemoryStore
from projections.table.debt import OWED, Debt
from projections.table.landing import Landing
from projections.table.replica import Replica
from projections.views import Answer, ByAttribute, ById
from tests import builders as b
from tests.table_model import Fragile, Model, derived, indexed
from tests.unit.projections.table.test_recreated_changelog import Story

STATES = [*ProcessingState]


def rows(n: int, chance: random.Random) -> dict[bytes, Row | None]:
    """A run as it may be at some time, or a part of it, or its graves."""
    stream, customer = f"r{n}", f"c{n % 3}"
    found: dict[bytes, Row | None] = {
        head_key(stream): Head(version=1, link="l", last="e", progress=chance.random() < 0.5),
        agenda_key(stream, "a"): Agenda(id=f"a{n}", customer_id=customer, added_time=n, title=chance.choice("tu")),
        progress_key(stream): AgendaProgress(
            id=stream, customer_id=customer, added_time=n, processing_state=chance.choice(STATES)
        ),
    }
    return {key: None if chance.random() < 0.2 else row for key, row in found.items() if chance.random() < 0.7}


@pytest.mark.parametrize("seed", range(30))
def test_whatever_lands_while_they_are_made_they_are_those_of_the_rows(seed: int) -> None:
    """Rows are weighed, and land later; paying goes on between; the process dies, and opens the same disk."""
    chance, store = random.Random(seed), Fragile()
    replica, flying, offset = Replica(0, store), list[Landing](), 0
    replica.spare()
    while replica.debt.owed or flying:
        match chance.choices("wlpc", (4, 2, 2, 0.1))[0]:
            case "w" if not flying:
                offset += 1
                puts = [(key, write_row(offset, row)) for key, row in rows(chance.randrange(4), chance).items()]
                flying.append(Landing(store, puts, sparing=replica.debt.growing))
            case "l" if flying:
                replica.land(flying.pop())
            case "p" if replica.debt.owed and offset >= 6:
                replica.debt.pay(chance.randint(1, 4))
            case "c" if replica.debt.owed and offset >= 3:
                store.crash()
                replica = Replica(0, store)
                flying.clear()
                assert (replica.debt.owed, replica.debt.growing) == (True, False)
            case _:
                pass
    assert indexed(store) == derived(store)


def test_a_store_that_is_open_still_keeps_what_was_not_logged_below_what_is() -> None:
    """Holding failed, for a neighbour's sake, and begins again with the same open file: Faust does not close it."""
    store = Fragile()
    first = Replica(0, store)
    first.spare()
    first.land(Landing(store, [(progress_key("r1"), write_row(1, AgendaProgress(id="r1")))], sparing=True))
    again = Replica(0, store)
    again.land(Landing(store, [(progress_key("r2"), write_row(2, AgendaProgress(id="r2")))]))
    store.crash()
    assert [key for key, _ in store.scan(b"p")] == [progress_key("r1"), progress_key("r2")]


def test_while_it_grows_only_what_takeovers_read_is_made() -> None:
    store = MemoryStore()
    replica = Replica(0, store)
    replica.spare()
    puts = [(key, write_row(3, row)) for key, row in rows(1, random.Random(3)).items()]
    puts.append((head_key("stray"), write_row(4, Head(version=1, link="l", last="e"))))
    replica.land(Landing(store, puts, sparing=replica.debt.growing))
    assert indexed(store) == [b"ius" + bytes(8) + head_key("stray"), OWED]
    assert indexed(store) != [*derived(store), OWED]


def test_where_there_are_rows_none_is_left_out() -> None:
    store = MemoryStore()
    replica = Replica(0, store)
    replica.land(Landing(store, [(progress_key("r"), write_row(0, AgendaProgress(id="r")))]))
    replica.spare()
    assert not Replica(0, store).debt.owed


def test_a_store_that_is_wiped_owes_nothing() -> None:
    store = MemoryStore()
    replica = Replica(0, store)
    replica.spare()
    replica.wipe(7)
    assert (replica.debt.owed, Debt(store).owed) == (False, False)


async def test_a_partition_from_an_empty_disk_or_from_the_log_alone_has_them_when_it_may_be_asked() -> None:
    story = Story()
    worker = await story.start("A")
    story.begin("A", "r1", "r2")
    await story.land("A")
    story.report("A", "r1")
    await story.land("A")
    await story.model.until(lambda: worker.holdings.is_indexed(0), "indexed")
    await story.model.crash("A")
    await story.model.serve_and_check("A")
    await story.model.serve_and_check("empty")


async def test_a_crash_before_they_are_made_takes_what_was_not_logged_and_the_next_start_brings_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    await story.start("A")
    story.begin("A", "r1", "r2")
    await story.land("A")
    await story.model.crash("A")

    model = story.model
    with monkeypatch.context() as patched:
        patched.setattr(Debt, "pay", lambda _: None)  # its time never comes
        worker = await model.start("B", {0})
        await model.until(worker.holdings.ready, "owned")
        model.decide("B", b.submit("a1", stream="r3", id="s-r3"))
        await model.until(lambda: len(model.stored("B")) == len(model.expected()), "written")
        assert model.stored("B") == model.expected()
        await model.crash("B")
    assert model.stored("B") == {}
    await model.serve_and_check("B")


async def test_a_standby_keeps_them_from_the_first_row_on() -> None:
    model = Model()
    worker = await model.start("A", set(), {0})
    await model.until(lambda: 0 in worker.holdings.replicas, "opened")
    assert not worker.holdings.replicas[0].debt.owed
    await model.crash("A")


async def test_lists_and_agendas_by_id_wait_until_they_are_made_and_other_reads_do_not() -> None:
    story = Story()
    worker = await story.start("A")
    story.begin("A", "r1")
    await story.land("A")
    await story.model.until(lambda: worker.holdings.is_indexed(0), "indexed")
    debt, asked = worker.holdings.replicas[0].debt, 0

    async def changed(_: float) -> None:
        nonlocal asked
        asked += 1
        debt.pay()

    directory: Any = SimpleNamespace(holdings=worker.holdings, partitions=1, me="A", owner=lambda _: "A")
    reads = Reads(directory, WaitingRoom(changed, 60.0))
    by_attribute, agenda = ByAttribute(kind="agenda", where={}), ById(kind="agenda", id="a1")
    for query in (by_attribute, agenda):
        debt.begin()
        with pytest.raises(Moving, match="index rows"):
            await reads.here(Question(query, [0]))
        found: Answer = await reads.query(query)
        assert (len(found.agendas), asked > 0) == (1, True)
        asked = 0
    debt.begin()
    assert len((await reads.query(ById(kind="progress", id="r1"))).progresses) == 1
    assert asked == 0
    await story.model.crash("A")

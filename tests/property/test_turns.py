"""Round robin over real lines of several owners: fair whoever schedules, and nobody starves (spec 6, design 4.2)."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from handlers.scheduling import fifo, round_robin
from handlers.scheduling.queue import Algorithm, Choice, Queue
from projections.indexes.keys import index_keys
from projections.indexes.traits import traits_of
from projections.queues.fronts import Fronts
from projections.queues.ready import ReadyLine
from projections.queues.turns import by_turns
from projections.rows import AgendaHead, Head, head_key, write_row
from projections.store import MemoryStore
from tests.takeover import taken_over


class Owners:
    """Heads and lines of some owners: what was chosen is dispatched, as the fold would do it."""

    def __init__(self, count: int) -> None:
        self.names = [str(number) for number in range(count)]
        self.lines = {name: ReadyLine(name) for name in self.names}
        self.heads: dict[str, dict[str, Head]] = {name: {} for name in self.names}

    def add(self, owner: str, customer: str, added: int) -> None:
        """Something becomes ready."""
        agenda = AgendaHead(customer_id=customer, insight_id="i", added=added, ready=True)
        self._set(f"{owner}/{customer}/{added}", agenda)

    def dispatch(self, choice: Choice) -> None:
        """An owner dispatches it."""
        entry = choice.entry
        agenda = AgendaHead(
            customer_id=entry.customer_id,
            insight_id="i",
            added=entry.added,
            attempt=entry.attempt + 1,
            queue="q",
            epoch=choice.turn[0],
            number=choice.turn[1],
        )
        self._set(entry.stream, agenda)

    def take_over(self, owner: str, gone: Sequence[str] = ()) -> None:
        """Another worker takes the owner's partition over, from the rows; those of some streams are gone."""
        store = MemoryStore()
        for stream in gone:
            self.heads[owner].pop(stream, None)
        for stream, head in self.heads[owner].items():
            key = head_key(stream)
            value = write_row(0, head)
            store.write([(key, value), *((entry, b"") for entry in index_keys(key, traits_of(key, value)))])
        self.lines[owner] = taken_over(store).ready

    def show(self, queue: Queue) -> None:
        """All owners send their pictures to a scheduler."""
        for name, line in self.lines.items():
            queue.see(name, by_turns([line], ["i"], "q", (name, line.sequence(["i"]))))

    def _set(self, stream: str, agenda: AgendaHead) -> None:
        owner = stream.split("/", maxsplit=1)[0]
        head = Head(version=1, link="", last="", agendas={f"a-{stream}": agenda})
        self.lines[owner].update(stream, self.heads[owner].get(stream), head)
        self.heads[owner][stream] = head


def spread(served: Sequence[str], customers: Sequence[str]) -> int:
    """By how much customers differ at most, over every run of dispatches."""
    worst = 0
    for start in range(len(served)):
        counts = Counter(dict.fromkeys(customers, 0))
        for customer in served[start:]:
            counts[customer] += 1
            worst = max(worst, max(counts.values()) - min(counts.values()))
    return worst


STEPS = st.lists(
    st.sampled_from(["choose 1", "choose 2", "choose 7", "other scheduler", "slow clock", "take over"]),
    min_size=3,
    max_size=25,
)


@for_all(st.integers(1, 6), st.integers(1, 3), STEPS, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_dispatches_in_a_row_differ_by_one_at_most_whoever_schedules(
    customers: int,
    owners: int,
    steps: list[str],
    chance: Random,
) -> None:
    names = [f"c{number}" for number in range(customers)]
    world, served = Owners(owners), []
    for place, name in enumerate(names):
        for number in range(100):
            world.add(chance.choice(world.names), name, 1000 * place + number)
    clock = 1000
    queue = Queue(round_robin.choose, epoch=clock)
    for step in steps:
        match step.split():
            case ["choose", n]:
                world.show(queue)
                chosen = queue.choose(int(n), 0.0)
                assert len(chosen) == int(n)
                served += [choice.entry.customer_id for choice in chosen]
                for choice in chosen:
                    world.dispatch(choice)
            case ["take", _]:
                world.take_over(chance.choice(world.names))
            case [kind, _]:
                clock += 5 if kind == "other" else -7
                queue = Queue(round_robin.choose, epoch=clock)
    assert spread(served, names) <= 1


@for_all(
    st.lists(st.tuples(st.sampled_from("012"), st.sampled_from("abc"), st.integers(0, 5)), max_size=80),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_a_picture_with_what_the_last_one_left_behind_is_as_one_made_anew(
    steps: list[tuple[str, str, int]], chance: Random
) -> None:
    world, queue, kept = Owners(3), Queue(round_robin.choose, epoch=1), Fronts()
    for added, (owner, customer, what) in enumerate(steps):
        if what == 0:
            world.take_over(owner)
        elif what == 1:
            world.show(queue)
            for choice in queue.choose(chance.randint(1, 3), 0.0):
                world.dispatch(choice)
        elif what == 2:
            lines, limit = [*world.lines.values()], chance.randint(1, 8)
            anew = by_turns(lines, ["i"], "q", ("e", 1), limit)
            assert by_turns(lines, ["i"], "q", ("e", 1), limit, kept) == anew
        else:
            world.add(owner, customer, added)


@for_all(st.lists(st.integers(0, 5), min_size=20, max_size=60), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_nobody_starves_whatever_else_comes(arrivals: list[int], chance: Random) -> None:
    world, queue = Owners(2), Queue(round_robin.choose, epoch=1)
    world.add("0", "small", 10**6)  # the youngest of all
    waited = 0
    for step, count in enumerate(arrivals):
        for number in range(count):
            world.add(chance.choice(world.names), f"big{chance.randrange(3)}", 10 * step + number)
        world.show(queue)
        for choice in queue.choose(1, 0.0):
            world.dispatch(choice)
            if choice.entry.customer_id == "small":
                return
            waited += 1
        assert waited <= 3, "each of the others was served once, and small was not"


def test_a_customer_whose_rows_are_gone_is_served_once_before_the_others_and_not_again() -> None:
    world, queue = Owners(1), Queue(round_robin.choose, epoch=1)
    for customer in "abc":
        for number in range(20):
            world.add("0", customer, number)
    order = ""
    for scheduler in range(3):
        for _ in range(5):
            world.show(queue)
            (choice,) = queue.choose(1, 0.0)
            world.dispatch(choice)
            order += choice.entry.customer_id
        gone = [stream for stream, head in world.heads["0"].items() if "/c/" in stream and _served(head)]
        world.take_over("0", gone)
        queue = Queue(round_robin.choose, epoch=scheduler + 2)
    assert order[:5] == "abcab"
    assert order[5:10] in ("cabca", "cacab", "cabca")
    assert order.count("c") <= 6


def _served(head: Head) -> bool:
    return all(agenda.number is not None for agenda in head.agendas.values())


def test_an_owner_remembers_the_turn_of_what_was_deleted() -> None:
    world = Owners(1)
    for customer in "ab":
        for number in range(3):
            world.add("0", customer, number)
    queue = Queue(round_robin.choose, epoch=1)
    world.show(queue)
    (choice,) = queue.choose(1, 0.0)
    world.dispatch(choice)
    line = world.lines["0"]
    line.update(choice.entry.stream, world.heads["0"].pop(choice.entry.stream), None)
    again = Queue(round_robin.choose, epoch=2)
    world.show(again)
    assert [each.entry.customer_id for each in again.choose(1, 0.0)] != [choice.entry.customer_id]


def test_a_customer_that_was_served_elsewhere_is_not_served_first() -> None:
    """Its last dispatch is at an owner that has nothing of it any more."""
    world = Owners(2)
    world.add("0", "a", 1)
    queue = Queue(round_robin.choose, epoch=1)
    world.show(queue)
    for choice in queue.choose(1, 0.0):
        world.dispatch(choice)
    world.add("1", "a", 2)
    world.add("1", "b", 3)
    again = Queue(round_robin.choose, epoch=2)
    world.show(again)
    assert [choice.entry.customer_id for choice in again.choose(2, 0.0)] == ["b", "a"]


def test_a_backlog_costs_a_choice_nothing_and_hides_nobody() -> None:
    world = Owners(1)
    for number in range(20_000):
        world.add("0", "flood", number)
    for number in range(400):
        world.add("0", f"c{number}", 10**6 + number)
    picture = by_turns([world.lines["0"]], ["i"], "q", ("e", 1))
    assert len(picture.entries) == 512
    assert {entry.customer_id for entry in picture.entries} == {"flood", *(f"c{number}" for number in range(400))}
    assert picture.counts["flood"] == 20_000


def test_what_a_picture_cut_off_is_waited_for_and_not_for_long() -> None:
    """One customer's entries are used up here, more are ready at the owner: others do not go twice meanwhile."""
    world = Owners(2)
    for number in range(400):
        world.add("0", "a", number)
        world.add("0", "b", number)
        world.add("1", "b", 1000 + number)
    queue = Queue(round_robin.choose, epoch=1)
    world.show(queue)
    counts = Counter(choice.entry.customer_id for choice in queue.choose(2000, 0.0))
    assert counts == {"a": 256, "b": 256}
    assert len(queue.choose(10, 0.05)) == 0
    assert {choice.entry.customer_id for choice in queue.choose(10, 1.0)} == {"b"}
    world.show(queue)


def test_first_in_first_out_is_what_it_was() -> None:
    algorithms: list[Algorithm] = [fifo.choose, round_robin.choose]
    orders = []
    for algorithm in algorithms:
        world, queue = Owners(2), Queue(algorithm, epoch=1)
        for number in range(6):
            world.add("01"[number % 2], "ab"[number // 3], number)
        for name, line in world.lines.items():
            queue.see(name, line.picture(["i"]))
        orders.append([choice.entry.added for choice in queue.choose(6, 0.0)])
    assert orders == [[0, 1, 2, 3, 4, 5], [0, 3, 1, 4, 2, 5]]

"""What a scheduler knows of a queue, and who is next (design 4.2)."""

from collections.abc import Sequence

from handlers.scheduling import fifo, round_robin
from handlers.scheduling.queue import Choice, Queue
from projections.queues.ready import Entry, Picture


def entry(added: int, *, run: str = "", attempt: int = 0, customer: str = "c") -> Entry:
    return Entry(added, f"a{added}", run or f"r{added}", "i", customer, attempt)


def picture(*entries: Entry, sequence: int = 1) -> Picture:
    return Picture(epoch="e", sequence=sequence, entries=[*entries], counts={"c": len(entries)})


def added(chosen: Sequence[Choice]) -> list[int]:
    return [choice.entry.added for choice in chosen]


def test_the_oldest_of_all_owners_is_next() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", picture(entry(2), entry(4)))
    queue.see("B", picture(entry(1), entry(3)))
    assert added(queue.choose(3, 0.0)) == [1, 2, 3]
    assert added(queue.choose(3, 0.0)) == [4]
    assert added(queue.choose(3, 0.0)) == []


def test_what_was_handed_out_is_not_taken_for_new_when_a_picture_still_shows_it() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", picture(entry(1)))
    assert added(queue.choose(1, 0.0)) == [1]
    queue.see("A", picture(entry(1), sequence=2))
    assert added(queue.choose(1, 0.0)) == []
    queue.see("A", picture(entry(1, attempt=1), sequence=3))
    assert added(queue.choose(1, 0.0)) == [1]


def test_an_unknown_outcome_is_asked_for_again_later() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", picture(entry(1)))
    (choice,) = queue.choose(1, 0.0)
    queue.put_aside(choice.entry, until=5.0)
    assert added(queue.choose(1, 4.0)) == []
    assert added(queue.choose(1, 5.0)) == [1]


def test_entries_of_an_owner_that_is_away_are_set_aside_with_it() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", picture(entry(1)))
    queue.see("B", picture(entry(2)))
    queue.lose("A")
    assert added(queue.choose(2, 0.0)) == [2]
    queue.see("A", picture(entry(1)))
    assert added(queue.choose(2, 0.0)) == [1]


def test_no_two_of_one_run_are_in_one_answer() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", picture(entry(1, run="r"), entry(2, run="r"), entry(3)))
    assert added(queue.choose(3, 0.0)) == [1, 3]
    assert added(queue.choose(3, 0.0)) == [2]


def test_a_choice_says_what_it_was_based_on() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", Picture(epoch="e", sequence=1, entries=[entry(7)], counts={"x": 5, "y": 1}))
    (choice,) = queue.choose(1, 0.0)
    assert choice.basis == {"ready": 6, "customers": 2, "added": 7}


def test_a_refused_dispatch_was_no_turn() -> None:
    queue = Queue(round_robin.choose)
    queue.see("A", picture(entry(1, customer="a"), entry(2, customer="a"), entry(3, customer="b")))
    (choice,) = queue.choose(1, 0.0)
    queue.refused(choice, until=5.0)
    assert added(queue.choose(2, 0.0)) == [2, 3]


def test_what_was_refused_and_is_shown_as_ready_is_asked_for_again_later() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", picture(entry(1)))
    (choice,) = queue.choose(1, 0.0)
    queue.refused(choice, until=5.0)
    assert added(queue.choose(1, 4.0)) == []
    assert added(queue.choose(1, 5.0)) == [1]


def test_what_was_refused_and_is_no_longer_ready_is_not_asked_for_again() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", picture(entry(1)))
    (choice,) = queue.choose(1, 0.0)
    queue.refused(choice, until=5.0)
    queue.see("A", picture(sequence=2))
    assert added(queue.choose(1, 5.0)) == []


def test_decisions_go_past_those_of_a_scheduler_whose_clock_was_ahead_or_the_same() -> None:
    for ahead, turns in (((9, 5), [(10, 1), (10, 2)]), ((7, 3), [(8, 1), (8, 2)]), ((6, 9), [(7, 1), (7, 2)])):
        queue = Queue(round_robin.choose, epoch=7)
        shown = [entry(1), entry(2)]
        queue.see("A", Picture(epoch="e", sequence=1, entries=shown, counts={"c": 2}, served={"c": ahead}))
        assert [choice.turn for choice in queue.choose(2, 0.0)] == turns


def test_only_what_is_ready_for_the_insights_that_are_followed() -> None:
    queue = Queue(fifo.choose)
    queue.see("A", picture(entry(1)))
    queue.follow(fifo.choose, ["other"])
    assert added(queue.choose(1, 0.0)) == []
    queue.follow(fifo.choose, ["i"])
    assert added(queue.choose(1, 0.0)) == [1]


def test_a_turn_is_told_by_numbers_and_names_no_customer() -> None:
    queue = Queue(round_robin.choose, epoch=9)
    shown = [entry(1, customer="a"), entry(2, customer="b"), entry(3, customer="a")]
    queue.see("A", Picture(epoch="e", sequence=1, entries=shown, counts={"a": 2, "b": 1}, served={"b": (8, 5)}))
    first, second, third = queue.choose(3, 0.0)
    assert [choice.turn for choice in (first, second, third)] == [(9, 1), (9, 2), (9, 3)]
    assert first.basis == {"ready": 3, "customers": 2, "added": 1, "own": 2}
    assert second.basis == {"ready": 3, "customers": 2, "added": 2, "own": 1, "lastEpoch": 8, "lastNumber": 5}
    assert third.basis == {"ready": 3, "customers": 2, "added": 3, "own": 2, "lastEpoch": 9, "lastNumber": 1}


def test_what_is_left_is_counted_whatever_the_algorithm() -> None:
    for algorithm in (fifo.choose, round_robin.choose):
        queue = Queue(algorithm)
        queue.see("A", picture(*(entry(number) for number in range(5))))
        lengths = []
        for count in (2, 2, 2):
            queue.choose(count, 0.0)
            lengths.append(len(queue))
        assert lengths == [3, 1, 0]


def test_no_two_of_one_run_by_turns_either() -> None:
    queue = Queue(round_robin.choose)
    queue.see("A", picture(entry(1, run="r", customer="a"), entry(2, run="r", customer="a"), entry(3, customer="b")))
    assert added(queue.choose(3, 0.0)) == [1, 3]
    assert added(queue.choose(3, 0.0)) == [2]

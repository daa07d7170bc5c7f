"""The measure of fairness can fail: in every run, since a benchmark that accuses nobody says nothing."""

from tests.benchmarks.shares import Line, greatest_difference, spells, windows

#: A dispatch a second (ms).
STEP = 1000


def line(order: str, **joined: int) -> Line:
    """Dispatches in this order; each customer's agendas came before all, or before the dispatch that `joined` says."""
    dispatches = [(place * STEP, customer) for place, customer in enumerate(order)]
    came = {name: (joined.get(name, 0) - 1) * STEP for name in sorted(set(order))}
    return Line(dispatches, {name: [at] * order.count(name) for name, at in came.items()})


def test_turns_one_after_another_are_fair() -> None:
    fair = line("abc" * 40)
    assert greatest_difference(fair) == 1
    assert {share for window in windows(fair) for share in window.shares.values()} == {1.0}


def test_a_customer_that_goes_twice_is_found() -> None:
    assert greatest_difference(line("abcabbcaabc")) == 2
    assert greatest_difference(line("aaaaaaabbbbbbb")) == 7


def test_a_customer_that_is_left_out_for_long_is_found() -> None:
    [first, *_] = windows(line("ab" * 30 + "c" * 20 + "abc" * 20))
    assert first.shares == {"a": 1.6, "b": 1.4, "c": 0.0}


def test_whoever_had_nothing_waiting_is_owed_nothing() -> None:
    assert greatest_difference(line("aaaaaaabab", b=7)) == 1
    assert spells(line("aaba", b=2)) == {"a": [(0, 4)], "b": [(2, 3)]}


def test_whoever_came_a_moment_ago_is_not_said_to_wait() -> None:
    late = line("aaba", b=2)
    late.joined["b"] = [2 * STEP - 1]
    assert spells(late)["b"] == []


def test_what_came_back_waits_again() -> None:
    again = line("abba")
    again.joined["a"] = [-STEP, 2 * STEP]
    assert spells(again) == {"a": [(0, 1), (3, 4)], "b": [(0, 3)]}

"""Round robin: each customer of the queue in its turn (spec 6, design 4.2). Pure.

Next is the customer that was served longest ago, by decision number; of those never served, the one that waits longest.
It gets its oldest agenda, and a turn is over with every agenda: several agendas for one puller, or for many at once, go
round as well. So of customers that have enough ready, any n dispatches in a row serve none more than once oftener than
another, whoever schedules: decision numbers are in the rows. POP served each in turn within one run of its scheduler,
and forgot half of it between two.

A customer that is away loses its turns; one that comes back is served next, once. Nobody starves: with every dispatch
the one who got it goes behind all others.

A choice costs a step in a heap, whatever the backlog; the heap is made anew when a picture comes, and a picture is
bounded. When the next customer has more ready than its owner showed, the choice ends there: the owner's next picture is
a few ms away, and others do not go twice meanwhile. If that picture stays away, the turn is passed over.
"""

from collections import deque
from heapq import heapify, heappop, heappush, heapreplace

import msgspec

from handlers.scheduling.queue import Choice, Waiting
from projections.indexes.keys import Turn
from projections.queues.ready import Entry
from projections.queues.turns import NEVER

NAME = "RoundRobin"


class Order(msgspec.Struct):
    """The line by customer; in the heap whose turn is next: (last turn, added, customer)."""

    lines: dict[str, deque[Entry]]
    heap: list[tuple[Turn, int, str]]
    ready: int
    customers: int


def choose(waiting: Waiting, n: int) -> list[Choice]:
    """The oldest agenda of whoever is next, n times, no two of one run."""
    if waiting.order is None:
        waiting.order = _ordered(waiting)
    order: Order = waiting.order
    chosen: list[Choice] = []
    runs: set[str] = set()
    passed = []
    while order.heap and len(chosen) < n:
        turn, _, customer = order.heap[0]
        line = order.lines[customer]
        entry = _first_of_another_run(line, runs)
        if entry is None:
            if not line and waiting.is_cut(customer):
                break
            place = heappop(order.heap)
            if line or any(customer in customers for _, customers in waiting.cut):
                passed.append(place)
            continue
        runs.add(entry.stream)
        chosen.append(waiting.take(entry, _basis(order, waiting, entry, turn)))
        heapreplace(order.heap, _place(waiting, customer, line))
    for place in passed:
        heappush(order.heap, place)
    return chosen


def _ordered(waiting: Waiting) -> Order:
    lines: dict[str, deque[Entry]] = {}
    for entry in waiting.line:
        lines.setdefault(entry.customer_id, deque()).append(entry)
    for customer in set().union(*(customers for _, customers in waiting.cut)):
        lines.setdefault(customer, deque())
    waiting.line = deque()
    heap = [_place(waiting, customer, line) for customer, line in lines.items()]
    heapify(heap)
    counts = [count for count in waiting.counts.values() if count]
    return Order(lines, heap, sum(counts), len(counts))


def _place(waiting: Waiting, customer: str, line: deque[Entry]) -> tuple[Turn, int, str]:
    return waiting.served.get(customer, NEVER), line[0].added if line else 0, customer


def _first_of_another_run(line: deque[Entry], runs: set[str]) -> Entry | None:
    for place, entry in enumerate(line):
        if entry.stream not in runs:
            del line[place]
            return entry
    return None


def _basis(order: Order, waiting: Waiting, entry: Entry, turn: Turn) -> dict[str, int]:
    basis = {"ready": order.ready, "customers": order.customers, "added": entry.added}
    basis["own"] = waiting.counts.get(entry.customer_id, 0)
    if turn != NEVER:
        basis |= {"lastEpoch": turn[0], "lastNumber": turn[1]}
    return basis

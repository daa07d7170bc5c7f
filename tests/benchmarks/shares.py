"""How fairly a queue's customers had their turns, from the log alone: what was dispatched while who had to wait. Pure.

Dispatches stand in the order in which they were decided, which their events say. A customer waits at a decision if an
agenda of it had stood in the line for `SETTLED_MS` by then, and was not dispatched yet: the time is that of records in
several partitions, and a scheduler learns of a new agenda some ms after its record.
"""

import statistics
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import combinations, groupby
from operator import itemgetter

import msgspec

from eventstore.log import Record
from tests.faults.testimony import counted

SETTLED_MS = 500
#: Turns of each waiting customer, in a window.
ROUNDS = 5

#: From this decision until before that one.
Spell = tuple[int, int]


class Line(msgspec.Struct):
    """What became of one queue's line."""

    #: (epoch ms, customer) of each dispatch, in order of decision
    dispatches: list[tuple[int, str]]
    #: customer -> when an agenda of it came into the line, or came back (epoch ms)
    joined: dict[str, list[int]]


class Window(msgspec.Struct, frozen=True):
    """Some dispatches in a row, and those who waited throughout."""

    #: customer -> its turns, relative to what would have been fair among them
    shares: dict[str, float]

    def __str__(self) -> str:
        found = sorted(self.shares.values())
        return f"{len(found)} waiting: {found[0]:.2f} / {statistics.median(found):.2f} / {found[-1]:.2f}"


def line_of(log: Mapping[int, list[Record]], insight: str) -> Line:
    """The line of an Insight that is its queue's only one."""
    joined: dict[str, list[int]] = {}
    decided: list[tuple[int, int, int, str]] = []
    for records in log.values():
        customers: dict[str, str] = {}
        for record, kind, body in counted(records):
            name = body.get("agendaId", "")
            if kind == "AgendaSubmitted" and body["agenda"]["agendaInsight"]["insightId"] == insight:
                name = body["agenda"]["id"]
                customers[name] = body["agenda"]["customerId"]
            if name not in customers:
                continue
            if kind == "AgendaDispatched":
                decided.append((body["epoch"], body["number"], record.timestamp, customers[name]))
            elif body.get("ready") is not None:
                joined.setdefault(customers[name], []).append(record.timestamp)
    return Line([(at, customer) for *_, at, customer in sorted(decided)], {c: sorted(at) for c, at in joined.items()})


def spells(line: Line) -> dict[str, list[Spell]]:
    """Customer -> decisions at which it waited."""
    by_then, earliest = [], float("inf")
    for at, _ in reversed(line.dispatches):
        # A decision came before its own record, and before those of the decisions after it.
        earliest = min(earliest, at)
        by_then.append(earliest)
    by_then.reverse()
    places = _places(line)
    found = {}
    for customer, times in line.joined.items():
        comes = [(bisect_left(by_then, at + SETTLED_MS), 1) for at in times]
        goes = [(place + 1, -1) for place in places.get(customer, [])]
        found[customer] = [*_spells(merge(comes, goes), len(by_then))]
    return found


def _places(line: Line) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, (_, customer) in enumerate(line.dispatches):
        found.setdefault(customer, []).append(place)
    return found


def _spells(changes: Iterable[tuple[int, int]], end: int) -> Iterator[Spell]:
    waiting = since = 0
    for place, step in groupby(changes, key=itemgetter(0)):
        if place >= end:
            break
        before, waiting = waiting, waiting + sum(change for _, change in step)
        if before <= 0 < waiting:
            since = place
        elif waiting <= 0 < before:
            yield since, place
    if waiting > 0:
        yield since, end


def windows(line: Line) -> Iterator[Window]:
    """Window after window, each of about ROUNDS turns of those who wait when it begins."""
    waits = spells(line)
    begin = 0
    while begin < len(line.dispatches):
        waiting = sum(any(start <= begin < end for start, end in each) for each in waits.values())
        until = begin + ROUNDS * max(1, waiting)
        if until > len(line.dispatches):
            return
        throughout = [
            name for name, each in waits.items() if any(start <= begin and until <= end for start, end in each)
        ]
        turns = Counter(customer for _, customer in line.dispatches[begin:until])
        fair = sum(turns[name] for name in throughout) / max(1, len(throughout))
        if len(throughout) > 1 and fair:
            yield Window({name: turns[name] / fair for name in throughout})
        begin = until


def greatest_difference(line: Line) -> int:
    """By how many turns two customers differed at most, over any dispatches in a row during which both waited."""
    places, waits = _places(line), spells(line)
    worst = 0
    for one, other in combinations(places, 2):
        for begin, end in _both(waits.get(one, []), waits.get(other, [])):
            worst = max(worst, _swing(_within(places[one], begin, end), _within(places[other], begin, end)))
    return worst


def _both(some: Sequence[Spell], others: Sequence[Spell]) -> Iterator[Spell]:
    for start, end in some:
        for begin, until in others:
            if max(start, begin) < min(end, until):
                yield max(start, begin), min(end, until)


def _within(places: Sequence[int], begin: int, end: int) -> Sequence[int]:
    return places[bisect_left(places, begin) : bisect_left(places, end)]


def _swing(some: Sequence[int], others: Sequence[int]) -> int:
    ahead = least = most = 0
    for _, step in merge(((place, 1) for place in some), ((place, -1) for place in others)):
        ahead += step
        least, most = min(least, ahead), max(most, ahead)
    return most - least

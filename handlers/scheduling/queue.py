"""What a scheduler knows of one queue: pictures by owner, and what it has in flight (design 4.2). Pure.

All of it is soft. An entry is known by (agenda, attempt): a dispatch makes the attempt one more, so what was handed out
once is never taken for something new, and what comes back is.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from heapq import merge
from typing import Any

import msgspec

from projections.indexes.keys import Turn
from projections.queues.ready import Entry, Picture
from projections.queues.turns import NEVER, latest

#: Entries remembered as handed out; forgetting them does no harm, the owner refuses what is no longer ready.
#: As many customers whose last turn is remembered here; the owners remember as well.
REMEMBERED = 100_000
#: For so long after a picture came, what it only counts is waited for (s); see Waiting.is_cut.
FRESH_SECONDS = 0.1


class Choice(msgspec.Struct, frozen=True, gc=False):
    """An entry that is next, and the numbers that made it so."""

    entry: Entry
    basis: dict[str, int]
    #: the number of this decision, and that of the one that served the customer before
    turn: Turn = NEVER
    before: Turn | None = None


class Waiting(msgspec.Struct, gc=False):
    """What an algorithm chooses from: entries in order of the line, and how many each customer has in all."""

    line: deque[Entry]
    counts: dict[str, int]
    #: customer -> the decision that served it last
    served: dict[str, Turn] = {}
    #: the number of the last decision
    turn: Turn = (0, 0)
    #: (until when, customers): those of whom a picture showed a part only
    cut: list[tuple[float, set[str]]] = []
    now: float = 0.0
    #: an algorithm's own order of `line`, made at its first choice after a change
    order: Any = None

    def take(self, entry: Entry, basis: dict[str, int]) -> Choice:
        """An entry is next: the customer had its turn."""
        customer, before = entry.customer_id, self.served.get(entry.customer_id)
        self.turn = (self.turn[0], self.turn[1] + 1)
        self.served[customer] = self.turn
        return Choice(entry, basis, self.turn, before)

    def is_cut(self, customer: str) -> bool:
        """More of it is ready than was shown, and the owner is about to show it."""
        return any(until > self.now and customer in customers for until, customers in self.cut)


#: choose(waiting, n): up to n entries, each by `waiting.take`, taken out of the line, no two of one run.
Algorithm = Callable[[Waiting, int], Sequence[Choice]]


class Queue:
    """One queue's picture, merged from its owners. `epoch` tells this scheduler's decisions from others'."""

    def __init__(self, algorithm: Algorithm, epoch: int = 0) -> None:
        self._algorithm = algorithm
        self._insights: Collection[str] | None = None
        self._pictures: dict[str, Picture] = {}
        self._fresh: dict[str, float | None] = {}
        self._waiting = Waiting(deque(), {}, turn=(epoch, 0))
        self._handed: set[tuple[str, int]] = set()
        self._aside: dict[tuple[str, int], float] = {}
        self._stale = False
        self._left = 0

    def __len__(self) -> int:
        """Entries that are known and not chosen, whatever order the algorithm keeps them in."""
        return self._left

    def owners(self) -> set[str]:
        """Those whose pictures are known."""
        return {*self._pictures}

    def follow(self, algorithm: Algorithm, insights: Collection[str]) -> None:
        """Choose by another algorithm from now on, and only what is ready for these Insights."""
        self._algorithm, self._insights = algorithm, insights
        self._stale = True

    def see(self, owner: str, picture: Picture) -> None:
        """An owner's new picture takes the old one's place."""
        self._pictures[owner] = picture
        self._fresh[owner] = None
        self._stale = True

    def lose(self, owner: str) -> None:
        """An owner is away: its entries are set aside with it."""
        if self._pictures.pop(owner, None) is not None:
            self._stale = True

    def put_aside(self, entry: Entry, until: float) -> None:
        """The outcome of a dispatch is unknown: ask again from `until` on, if a picture still shows it."""
        key = (entry.agenda_id, entry.attempt)
        self._handed.discard(key)
        self._aside[key] = until
        self._stale = True

    def refused(self, choice: Choice, until: float) -> None:
        """An owner refused a dispatch: the customer did not have its turn.

        It is no longer ready, or the owner was too late to begin, and then it is as ready as before: a picture tells.
        """
        self.put_aside(choice.entry, until)
        served, customer = self._waiting.served, choice.entry.customer_id
        if served.get(customer) == choice.turn:
            del served[customer]
            if choice.before is not None:
                served[customer] = choice.before

    def choose(self, n: int, now: float) -> Sequence[Choice]:
        """Who is next, marked as in flight."""
        if self._stale or (self._aside and min(self._aside.values()) <= now):
            self._arrange(now)
        self._waiting.now = now
        chosen = self._algorithm(self._waiting, n)
        self._left -= len(chosen)
        for choice in chosen:
            self._handed.add((choice.entry.agenda_id, choice.entry.attempt))
        return chosen

    def _arrange(self, now: float) -> None:
        self._aside = {key: until for key, until in self._aside.items() if until > now}
        if len(self._handed) > REMEMBERED:
            self._handed.clear()
        waiting, pictures = self._waiting, self._pictures
        waiting.line = deque(
            entry
            for entry in merge(*(picture.entries for picture in pictures.values()))
            if (self._insights is None or entry.insight_id in self._insights)
            and (entry.agenda_id, entry.attempt) not in self._handed
            and (entry.agenda_id, entry.attempt) not in self._aside
        )
        self._left = len(waiting.line)
        counts: dict[str, int] = {}
        for picture in pictures.values():
            for customer, count in picture.counts.items():
                counts[customer] = counts.get(customer, 0) + count
        waiting.counts = counts
        self._remember()
        self._fresh = {name: self._fresh.get(name) or now + FRESH_SECONDS for name in pictures}
        waiting.cut = [(self._fresh[name] or now, _cut(picture)) for name, picture in pictures.items()]
        waiting.order = None
        self._stale = False

    def _remember(self) -> None:
        waiting = self._waiting
        own = {} if len(waiting.served) > REMEMBERED else waiting.served
        waiting.served = latest([own, *(picture.served for picture in self._pictures.values())])
        # Decisions of a scheduler whose clock was ahead, or that began in the same ms, would count as later than ours
        # for ever: go past them.
        ahead = max(waiting.served.values(), default=NEVER)
        if ahead > waiting.turn:
            waiting.turn = (ahead[0] + 1, waiting.turn[1])


def _cut(picture: Picture) -> set[str]:
    shown: dict[str, int] = {}
    for entry in picture.entries:
        shown[entry.customer_id] = shown.get(entry.customer_id, 0) + 1
    return {customer for customer, number in shown.items() if number < picture.counts.get(customer, 0)}

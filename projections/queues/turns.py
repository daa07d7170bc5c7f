"""What is ready, by turns: the picture for a scheduler that serves each customer in its turn (design 4.2). Pure.

Fairness memory is derived: each head row keeps queue and decision number of its agendas' last dispatches, an owner
keeps the greatest per queue and customer (`Memory`: kept by the fold, found at a takeover by one look per
pair into an index of the head rows), and shows them to whoever schedules. So a new scheduler goes on where the last
one stopped.

What the memory is bounded by, and what it costs where it ends:

- A picture shows the turns of the customers in it, and of the `IN_ALL` served last: also of those that have nothing
  ready here, because another owner may. A customer that is in neither was served before `IN_ALL` others.
- An agenda that is deleted or reaped takes its row along. The owner remembers the turn nevertheless; a takeover
  afterwards does not. Nothing is remembered across a renamed queue.

A customer whose turn is forgotten counts as never served: it is served once, before those who are remembered, and from
then on is remembered. That is one turn at the most per change of owner and scheduler, however much it deletes.

With more than `IN_ALL` customers at one owner, those are shown who were not served here for the longest time.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from projections.indexes.keys import Turn
from projections.queues.fronts import Front, Fronts
from projections.queues.ready import IN_ALL, PER_CUSTOMER, Entry, Picture, ReadyLine

#: Before every turn.
NEVER: Turn = (-1, -1)


def by_turns(
    lines: Sequence[ReadyLine],
    insights: Sequence[str],
    queue: str,
    version: tuple[str, int],
    limit: int = IN_ALL,
    fronts: Fronts | None = None,
) -> Picture:
    """The oldest entries of every customer, as many of each as fit; those whose turn is next, if there are many.

    `fronts` is what an earlier picture of these Insights left behind, if there was one.
    """
    standing = (fronts or Fronts()).of(lines, insights)
    served = _served(lines, queue, standing)
    order = sorted(standing, key=lambda customer: (served.get(customer, NEVER), standing[customer].oldest))
    return Picture(
        epoch=version[0],
        sequence=version[1],
        entries=sorted(_evenly([standing[customer] for customer in order[:limit]], limit)),
        counts={customer: front.size for customer, front in standing.items()},
        served=served,
    )


def latest(parts: Iterable[dict[str, Turn]]) -> dict[str, Turn]:
    """Each customer's last turn, of several that may know of it."""
    found: dict[str, Turn] = {}
    for part in parts:
        for customer, turn in part.items():
            if turn > found.get(customer, NEVER):
                found[customer] = turn
    return found


def _served(lines: Sequence[ReadyLine], queue: str, standing: Collection[str]) -> dict[str, Turn]:
    found = latest([_shown(line.memory.served(queue), standing) for line in lines])
    if len(found) <= IN_ALL:
        return found
    last = sorted(found, key=lambda name: found[name])[-IN_ALL:]
    return {name: found[name] for name in {*last, *(name for name in standing if name in found)}}


def _shown(memory: dict[str, Turn], standing: Collection[str]) -> dict[str, Turn]:
    if len(memory) <= IN_ALL:
        return memory
    present = {name: memory[name] for name in standing if name in memory}
    return present | {name: memory[name] for name in islice(reversed(memory), IN_ALL)}


def _evenly(customers: Sequence[Front], limit: int) -> list[Entry]:
    """The oldest of each, as many of everyone as fit; what some do not need goes to those who have more."""
    quota = max(1, limit // max(1, len(customers)))
    found = [front.first(min(quota, PER_CUSTOMER)) for front in customers]
    sizes = [min(front.size, PER_CUSTOMER) for front in customers]
    while hungry := [place for place, entries in enumerate(found) if len(entries) < sizes[place]]:
        more = (limit - sum(map(len, found))) // len(hungry)
        if more < 1:
            break
        quota += more
        for place in hungry:
            found[place] = customers[place].first(min(quota, PER_CUSTOMER))
    return [entry for entries in found for entry in entries]

"""How a queue is scheduled now: what its Insights say of it, looked up whenever someone is chosen. Pure.

- **Which algorithm.** A queue is one line, whoever pulls from it: if one of its Insights says RoundRobin, its customers
  are served by turns. Were it to depend on the Insight that is pulled through, whoever pulls oldest first would take
  the turns away from the customers of the others. What is not named, or not known, is first in first out.
- **What is paused.** Agendas of a paused Insight keep their places and are not handed out, whichever Insight of the
  queue is pulled through; and who pulls through a paused Insight gets nothing.

The catalogue is this worker's own copy, which follows its topic by some ms: that, and the dispatches under way (a
second, `decisions.DEADLINE_MS`), is how long after the answer to a pause an agenda may still be handed out. The event
of a dispatch says on which position of the catalogue it was decided, so an audit can tell. A worker that cannot read
the catalogue cannot write either, unless Kafka answers it by halves.
"""

from collections.abc import Mapping

import msgspec

from eventstore.model import SchedulingAlgorithm
from handlers.scheduling import fifo, round_robin
from handlers.scheduling.queue import Algorithm
from projections.catalogue.catalogue import Catalogue

#: Algorithm name -> choose. What is not here, or not named, is first in first out.
ALGORITHMS: Mapping[str, Algorithm] = {fifo.NAME: fifo.choose, round_robin.NAME: round_robin.choose}


class Rule(msgspec.Struct, frozen=True):
    """What holds for a queue."""

    algorithm: str
    #: Insights whose agendas are handed out
    insights: tuple[str, ...]
    #: position of the catalogue that says so
    offset: int | None = None

    @property
    def choose(self) -> Algorithm:
        """The algorithm."""
        return ALGORITHMS[self.algorithm]

    def of(self, queue: str) -> tuple[tuple[str, ...], str | None]:
        """What pictures of the queue have to show: its Insights; and the queue, if each customer is to be seen."""
        return self.insights, queue if self.algorithm == round_robin.NAME else None


def rule_of(queue: str, catalogue: Catalogue) -> Rule:
    """What holds for a queue now."""
    insights = catalogue.insights_of_queue(queue)
    fair = any(insight.scheduling_algorithm is SchedulingAlgorithm.ROUND_ROBIN for insight in insights)
    open_ = tuple(insight.id or "" for insight in insights if insight.paused is None)
    return Rule(round_robin.NAME if fair else fifo.NAME, open_, catalogue.position)

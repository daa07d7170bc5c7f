"""The schedulers of this worker, one per queue that someone asks for."""

from collections.abc import Callable

from eventstore.errors import Moving, Unavailable
from eventstore.ids import partition_of
from handlers.gateway import Pull
from handlers.scheduling.calls import Owners
from handlers.scheduling.rules import Rule, rule_of
from handlers.scheduling.scheduler import Scheduler
from projections.catalogue.catalogue import Catalogue, queue_of
from projections.views import Answer


def scheduler_partition(queue: str, partitions: int) -> int:
    """The partition whose owner schedules a queue (design 4.2)."""
    return partition_of(queue, partitions)


class Schedulers:
    """Pulls go to the scheduler of their queue."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        owners: Owners,
        now: Callable[[], int],
        draw: Callable[[], str],
        patience_ms: int,
        prompt_patience_ms: int,
    ) -> None:
        self._catalogue = catalogue
        self._owners = owners
        self._now = now
        self._draw = draw
        self._patience = (patience_ms, prompt_patience_ms)
        self._schedulers: dict[str, Scheduler] = {}
        self._rules: dict[str, Rule] = {}
        self._left = False

    def queue(self, pull: Pull) -> str:
        """The queue of a pull; raises Unavailable if its Insight is not here.

        The puller's own worker knew it: then this one lags behind, or the Insight was deleted just now, and whoever
        asks again is told so.
        """
        insight = self._catalogue.insight(pull.insight_id)
        if insight is None:
            raise Unavailable(f"expected Insight {pull.insight_id} in this worker's catalogue, which lags; ask again")
        return queue_of(insight)

    async def pull(self, pull: Pull) -> list[Answer]:
        """See Scheduler.pull. Raises Moving once this worker leaves."""
        queue = self.queue(pull)
        if self._left:
            raise Moving(f"expected a scheduler of queue {queue} that stays, found one that leaves; ask again")
        return await self._scheduler(queue).pull(pull)

    def give_back(self, pull: Pull, answers: list[Answer]) -> None:
        """See Scheduler.give_back."""
        self._scheduler(self.queue(pull)).give_back(answers)

    async def stop(self) -> None:
        """Answer everyone who waits with nothing, and let nobody wait any more."""
        self._left = True
        for scheduler in [*self._schedulers.values()]:
            await scheduler.stop()

    def _rule(self, queue: str) -> Rule:
        # Asked for at every choice; looked up when the catalogue has moved.
        known = self._rules.get(queue)
        if known is None or known.offset != self._catalogue.position:
            known = self._rules[queue] = rule_of(queue, self._catalogue)
        return known

    def _scheduler(self, queue: str) -> Scheduler:
        scheduler = self._schedulers.get(queue)
        if scheduler is None:
            scheduler = self._schedulers[queue] = Scheduler(
                queue,
                rule=lambda: self._rule(queue),
                owners=self._owners,
                now=self._now,
                draw=self._draw,
                patience=lambda pull: self._patience[pull.prompt],
            )
        return scheduler

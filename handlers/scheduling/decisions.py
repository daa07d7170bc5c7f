"""What a choice becomes: a command with the reasons for it (design 4.2). Pure, given clock and ids."""

from collections.abc import Callable

from eventstore.commands import DispatchAgenda
from handlers.gateway import Pull
from handlers.scheduling.queue import Choice
from handlers.scheduling.rules import Rule

#: How long a dispatch may take to begin at its owner (ms).
DEADLINE_MS = 1000


class Decisions:
    """Makes one scheduler's commands."""

    def __init__(
        self,
        queue: str,
        *,
        now: Callable[[], int],
        draw: Callable[[], str],
        patience: Callable[[Pull], int],
    ) -> None:
        self._queue = queue
        self._now = now
        self._draw = draw
        self._patience = patience

    def command(self, choice: Choice, pull: Pull, rule: Rule) -> DispatchAgenda:
        """The command that hands a choice out to a puller, by the rule that it was chosen by."""
        identity = self._draw()
        return DispatchAgenda(
            id=identity,
            stream=choice.entry.stream,
            agenda_id=choice.entry.agenda_id,
            dispatch_id=identity,
            attempt=choice.entry.attempt,
            queue=self._queue,
            insight_id=choice.entry.insight_id,
            epoch=choice.turn[0],
            number=choice.turn[1],
            algorithm=rule.algorithm,
            basis=choice.basis,
            catalogue_offset=rule.offset,
            deadline=self._now() + DEADLINE_MS,
            patience=self._patience(pull),
        )

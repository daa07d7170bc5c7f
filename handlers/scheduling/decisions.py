"""What a choice becomes: a numbered command with the reasons for it (design 4.2). Pure, given clock and ids."""

from collections.abc import Callable

from eventstore.commands import DispatchAgenda
from handlers.gateway import Pull
from handlers.scheduling.queue import Choice

#: How long a dispatch may take to begin at its owner (ms).
DEADLINE_MS = 1000


class Decisions:
    """Numbers one scheduler's decisions: its epoch (ms of its start), and a count within it."""

    def __init__(
        self,
        queue: str,
        algorithm: str,
        *,
        now: Callable[[], int],
        draw: Callable[[], str],
        patience: Callable[[Pull], int],
    ) -> None:
        self._queue = queue
        self._algorithm = algorithm
        self._now = now
        self._draw = draw
        self._patience = patience
        self._epoch = now()
        self._number = 0

    def command(self, choice: Choice, pull: Pull) -> DispatchAgenda:
        """The command that hands a choice out to a puller."""
        self._number += 1
        identity = self._draw()
        return DispatchAgenda(
            id=identity,
            stream=choice.entry.stream,
            agenda_id=choice.entry.agenda_id,
            dispatch_id=identity,
            attempt=choice.entry.attempt,
            queue=self._queue,
            insight_id=choice.entry.insight_id,
            epoch=self._epoch,
            number=self._number,
            algorithm=self._algorithm,
            basis=choice.basis,
            deadline=self._now() + DEADLINE_MS,
            patience=self._patience(pull),
        )

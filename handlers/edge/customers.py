"""Whose each run is, so that a report need not look that up. Pure.

A run's customer never changes, but a run can be deleted, and its id be used again by another: at any worker, and this
one may not hear of it. So a report says whom it is sealed for, and the run's owner refuses what is sealed for another.
"""

#: Runs that are remembered; beyond that all are forgotten, and looked up again.
REMEMBERED = 100_000


class Customers:
    """The customers of runs that were handed out or reported on here, by the runs' ids."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._known: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, run: str) -> str | None:
        """Whose a run is; None: not known here."""
        return self._known.get(run)

    def remember(self, run: str, customer: str) -> None:
        """A run is this customer's."""
        if len(self._known) >= self._remembered:
            self._known.clear()
        self._known[run] = customer

    def forget(self, run: str) -> None:
        """The run was deleted: its id may be used again, by another."""
        self._known.pop(run, None)

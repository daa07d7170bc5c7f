"""Which agendas of one owned partition a timer looks at: open dispatches, attempts, failures; in memory. Pure.

Born, kept and gone with the line of what is ready (`ready`).
"""

from collections.abc import Iterator

import msgspec
from sortedcontainers import SortedDict

from projections.rows import AgendaHead


class Open(msgspec.Struct, frozen=True, gc=False):
    """A dispatch of which nothing was heard yet."""

    stream: str
    agenda_id: str
    attempt: int
    #: epoch ms
    expires: int


class Running(msgspec.Struct, frozen=True, gc=False):
    """An attempt whose executor was heard of."""

    stream: str
    agenda_id: str
    customer_id: str
    attempt: int
    #: epoch ms of its last sign of life on record
    heard: int


class Failed(msgspec.Struct, frozen=True, gc=False):
    """An agenda that failed and has attempts left."""

    stream: str
    agenda_id: str
    attempt: int
    #: epoch ms
    failed: int
    #: attempts that failed so far
    failures: int


class Watched:
    """Each of them in the order in which time reaches it."""

    def __init__(self) -> None:
        #: (when it expires, agenda id) -> dispatch
        self._open = SortedDict()
        #: in the order in which they were heard of
        self._running: dict[str, Running] = {}
        self._failed: dict[str, Failed] = {}

    def watch(self, stream: str, agenda_id: str, agenda: AgendaHead) -> None:
        """Take in an agenda as it is now."""
        if agenda.expires is not None:
            self._open[agenda.expires, agenda_id] = Open(stream, agenda_id, agenda.attempt, agenda.expires)
        if agenda.heard is not None:
            self._running[agenda_id] = Running(stream, agenda_id, agenda.customer_id, agenda.attempt, agenda.heard)
        if agenda.failed is not None:
            failures = agenda.failures or 1
            self._failed[agenda_id] = Failed(stream, agenda_id, agenda.attempt, agenda.failed, failures)

    def forget(self, agenda_id: str, agenda: AgendaHead) -> None:
        """Let go of an agenda as it was."""
        if agenda.expires is not None:
            self._open.pop((agenda.expires, agenda_id), None)
        self._running.pop(agenda_id, None)
        self._failed.pop(agenda_id, None)

    def loaded(self) -> None:
        """What was taken in so far came from a scan, in no order; from now on it comes as it happens."""
        self._running = dict(sorted(self._running.items(), key=lambda entry: entry[1].heard))

    def open(self) -> Iterator[Open]:
        """Open dispatches, the one that expires first to begin with."""
        return iter(self._open.values())

    def running(self) -> Iterator[Running]:
        """Attempts in execution, the one that is silent longest to begin with."""
        return iter(self._running.values())

    def failed(self) -> Iterator[Failed]:
        """Agendas that wait for their next attempt, in no order."""
        return iter(self._failed.values())

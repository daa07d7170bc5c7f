"""Which attempt a report belongs to: its executor's start time tells (design 4.8). Pure.

| the report's startedTime | attempt |
|---|---|
| none | the latest |
| that of the latest attempt | the latest |
| of an attempt that another dispatch superseded | none: refused, on record once |
| unknown, the latest attempt is open and unbound | the latest, bound from now on |
| unknown, the latest attempt is open and bound | none: refused likewise |
| any, of an agenda that was cancelled | none: refused likewise |
| unknown, no attempt is open | a new one, bound (plain scripts, `doNotRun`) |

With several agendas in a run, the report is of the one whose attempt its start time is bound to, else of the latest
dispatched, else of the one that the progress names.
"""

import msgspec

from projections.rows import AgendaHead, Head


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """The attempt that a report is accepted into."""

    agenda_id: str | None
    number: int
    #: the start time that is bound to it, if one is known
    bound: int | None


class Superseded(msgspec.Struct, frozen=True, gc=False):
    """The report's executor was superseded; `recorded`: the log says so already."""

    agenda_id: str
    attempt: int
    started_time: int | None
    recorded: bool
    cancelled: bool = False


def attempt_of(head: Head, named: str | None, started: int | None) -> Attempt | Superseded:
    """Where a report belongs; `named` is the agenda that the progress names."""
    agenda_id = _agenda_of(head, named, started)
    agenda = None if agenda_id is None else head.agendas.get(agenda_id)
    if agenda is None or agenda_id is None:
        return Attempt(None, 0, None)
    recorded = started is None or started in (agenda.refused or ())
    if agenda.cancelled:
        return Superseded(agenda_id, agenda.attempt, started, recorded, cancelled=True)
    if started is None or started == agenda.bound:
        return Attempt(agenda_id, agenda.attempt, agenda.bound)
    over = started in (agenda.superseded or ())
    if over or (agenda.open and agenda.bound is not None):
        return Superseded(agenda_id, agenda.attempt, started, recorded)
    return Attempt(agenda_id, agenda.attempt if agenda.open else agenda.attempt + 1, started)


def _agenda_of(head: Head, named: str | None, started: int | None) -> str | None:
    if len(head.agendas) == 1:
        return next(iter(head.agendas))
    if started is not None:
        for agenda_id, agenda in head.agendas.items():
            if started == agenda.bound or started in (agenda.superseded or ()):
                return agenda_id
    pending = [(_rank(agenda), agenda_id) for agenda_id, agenda in head.agendas.items() if agenda.open]
    return max(pending)[1] if pending else named


def _rank(agenda: AgendaHead) -> tuple[bool, int, int]:
    return agenda.bound is None, agenda.epoch or 0, agenda.number or 0

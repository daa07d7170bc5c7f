"""Take what is old out of the views (spec 9.3). Pure.

POP deletes each row whose updatedTime is three days old, whatever its state, each table by itself. Here a run ages as a
whole, and only at rest:

- What is ready, dispatched, executing or to be retried is not reaped: POP took the agenda away and lost the work.
- An object's age counts from its own updatedTime or that of its progress, whichever is later: reports do not update
  an agenda, so POP took it from under a run that went on.
- With a progress go its operations, as with a DELETE; operations alone, or with an age of their own, go by theirs.

What has no updatedTime stays, as in POP. The events stay: a replay shows what was.
"""

from eventstore.commands import ReapObjects
from eventstore.events import ObjectsReaped
from eventstore.model import Base
from projections.run import Run

#: Operations that one event names at most; the rest is due again at once.
NAMED = 1000


def reap_objects(command: ReapObjects, run: Run) -> ObjectsReaped | None:
    """Reap what is due of a run; quiet where nothing is."""
    head, progress = run.head, run.progress()
    if head is None or not head.at_rest:
        return None
    alive = 0 if progress is None else progress.updated_time or 0

    def is_due(row: Base | None, age: int | None) -> bool:
        if row is None or row.updated_time is None or age is None:
            return False
        return max(row.updated_time, alive) + age <= command.now

    whole = is_due(progress, command.progress_age)
    present = [] if whole or command.operation_age is None else run.operation_names()
    names = [name for name in present if is_due(run.operation(name), command.operation_age)]
    agendas = [name for name in head.agendas if is_due(run.agenda(name), command.agenda_age)]
    if not (whole or names or agendas):
        return None
    return ObjectsReaped(agendas=agendas, progress=whole, operations=names[:NAMED])

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
from projections.queries.ages import Ages, old_of
from projections.run import Run

#: Operations that one event names at most; the rest is due again at once.
NAMED = 1000


def reap_objects(command: ReapObjects, run: Run) -> ObjectsReaped | None:
    """Reap what is due of a run; quiet where nothing is."""
    ages = Ages(agenda=command.agenda_age, progress=command.progress_age, operation=command.operation_age)
    old = old_of(run, ages, command.now)
    if old is None:
        return None
    return ObjectsReaped(agendas=old.agendas, progress=old.progress, operations=old.operations[:NAMED])

"""Delete an agenda or a progress, and drop the last trace of a run (spec 2.5, design 4.3). Pure."""

from eventstore.commands import DeleteAgenda, DeleteProgress, ReapRun
from eventstore.events import AgendaDeleted, ProgressDeleted, RunReaped
from handlers.access.rights import demand
from projections.run import Run


def delete_agenda(command: DeleteAgenda, run: Run) -> AgendaDeleted | None:
    """Delete an agenda; one that is gone stays gone."""
    head = run.head
    agenda = None if head is None else head.agendas.get(command.agenda_id)
    if agenda is None:
        return None
    demand(command.caller, agenda.customer_id)
    return AgendaDeleted(agenda_id=command.agenda_id)


def delete_progress(command: DeleteProgress, run: Run) -> ProgressDeleted | None:
    """Delete a progress with its operations; one that is gone stays gone."""
    progress = run.progress()
    if progress is None:
        return None
    demand(command.caller, progress.customer_id)
    return ProgressDeleted()


def reap(command: ReapRun, run: Run) -> RunReaped | None:
    """Drop a tombstone that is old enough; a run with anything in it is none."""
    head = run.head
    if head is None or head.deleted is None or head.deleted + command.age > command.now:
        return None
    return RunReaped()

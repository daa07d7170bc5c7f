"""Give a ready agenda to a puller, and take it back (design 4.2). Pure."""

from eventstore.commands import DispatchAgenda, ExpireDispatch, ReturnDispatch
from eventstore.errors import Conflict
from eventstore.events import AgendaDispatched, DispatchExpired, DispatchReturned
from projections.rows import AgendaHead
from projections.run import Run


def dispatch(command: DispatchAgenda, run: Run) -> AgendaDispatched | None:
    """Dispatch the agenda as the scheduler saw it: still ready, in the same attempt, in time."""
    agenda = _agenda(run, command.agenda_id)
    if agenda is not None and agenda.dispatch == command.dispatch_id:
        return None
    if agenda is None or not agenda.ready:
        raise Conflict(f"expected agenda {command.agenda_id} to be ready, but it is not")
    if agenda.attempt != command.attempt:
        raise Conflict(
            f"expected agenda {command.agenda_id} in attempt {command.attempt}, but it is in {agenda.attempt}"
        )
    if command.now > command.deadline:
        raise Conflict(f"expected to dispatch {command.agenda_id} by {command.deadline}, but it is {command.now}")
    return AgendaDispatched(
        agenda_id=command.agenda_id,
        dispatch_id=command.dispatch_id,
        attempt=agenda.attempt + 1,
        queue=command.queue,
        insight_id=command.insight_id,
        epoch=command.epoch,
        number=command.number,
        algorithm=command.algorithm,
        basis=command.basis,
        catalogue_offset=command.catalogue_offset,
        expires=command.now + command.patience,
    )


def take_back(command: ReturnDispatch, run: Run) -> DispatchReturned | None:
    """Take back what could not be delivered, unless something was heard of it since."""
    agenda = _agenda(run, command.agenda_id)
    if agenda is None or agenda.dispatch != command.dispatch_id:
        return None
    return DispatchReturned(agenda_id=command.agenda_id, attempt=agenda.attempt, ready=_place(agenda, command.now))


def expire(command: ExpireDispatch, run: Run) -> DispatchExpired | None:
    """Take back what nothing was heard of in time."""
    agenda = _agenda(run, command.agenda_id)
    if agenda is None or agenda.dispatch is None or agenda.attempt != command.attempt:
        return None
    if agenda.expires is None or agenda.expires > command.now:
        return None
    return DispatchExpired(agenda_id=command.agenda_id, attempt=agenda.attempt, ready=_place(agenda, command.now))


def _agenda(run: Run, agenda_id: str) -> AgendaHead | None:
    return None if run.head is None else run.head.agendas.get(agenda_id)


def _place(agenda: AgendaHead, now: int) -> int:
    return now if agenda.added is None else agenda.added

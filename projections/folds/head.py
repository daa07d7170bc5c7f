"""What each event does to one agenda's part of the head row (design 4.2, 4.8). Pure.

Ready is a fact of its own: set by submission, return and expiry, cleared by dispatch and by an executor's report.
"""

from msgspec.structs import replace

from eventstore.envelope import Envelope
from eventstore.events import (
    AgendaCancelled,
    AgendaDispatched,
    AgendaHandedBack,
    AgendaReclaimed,
    AgendaRerun,
    AgendaRetried,
    AgendaSubmitted,
    DispatchExpired,
    DispatchReturned,
    ProgressReported,
    ReportSuperseded,
)
from eventstore.model import AgendaProgress, ProcessingState
from projections.rows import AgendaHead, Head

#: How many start times of attempts that are over a head row remembers.
REMEMBERED = 8
#: How many commands a head row remembers that came with an Idempotency-Key, or must not be decided twice (design 4.5).
REQUESTS = 8
#: Attempts where nobody said how many, and at the most (spec 9.1).
MAXIMUM_ATTEMPTS = 3
ATTEMPTS_AT_MOST = 20


def advance(head: Head | None, envelope: Envelope, link: str) -> Head:
    """The head after an applied event: version, link, and where its command came from, by key or by topic."""
    if head is None:
        head = Head(version=0, link="", last="")
    requests = head.requests
    if envelope.request is not None:
        requests = [*(requests or []), (envelope.id, envelope.request)][-REQUESTS:]
    inbox = head.inbox
    if envelope.inbox is not None:
        partition, offset = envelope.inbox
        inbox = {**(inbox or {}), str(partition): offset}
    return replace(
        head, version=envelope.version, link=link, last=envelope.id, requests=requests, deleted=None, inbox=inbox
    )


def submitted(event: AgendaSubmitted) -> AgendaHead:
    """A new agenda stands in the line, unless it is not to run."""
    agenda = event.agenda
    return AgendaHead(
        customer_id=agenda.customer_id or "",
        insight_id=agenda.agenda_insight.insight_id if agenda.agenda_insight else None,
        added=event.ready,
        ready=event.ready is not None,
    )


def dispatched(agenda: AgendaHead, event: AgendaDispatched) -> AgendaHead:
    """Out of the line; a new attempt, which supersedes the one before."""
    return replace(
        agenda,
        ready=False,
        attempt=event.attempt,
        open=True,
        bound=None,
        superseded=_superseding(agenda),
        reclaimed=False,
        heard=None,
        failed=None,
        dispatch=event.dispatch_id,
        expires=event.expires,
        queue=event.queue,
        epoch=event.epoch,
        number=event.number,
    )


def requeued(agenda: AgendaHead, event: DispatchReturned | DispatchExpired) -> AgendaHead:
    """Back in the line. The attempt stays open: a report that comes late is still welcome (design 4.8)."""
    return replace(agenda, ready=True, added=event.ready, dispatch=None, expires=None)


def reported(agenda: AgendaHead, event: ProgressReported, progress: AgendaProgress) -> AgendaHead:
    """A sign of life: out of the line, bound to its executor; over when the run is complete."""
    executing = progress.processing_state is ProcessingState.EXECUTING
    return replace(
        agenda,
        ready=False,
        attempt=event.attempt,
        open=event.progress.processing_state is not ProcessingState.COMPLETE
        and (agenda.open or event.attempt > agenda.attempt),
        bound=event.bound,
        superseded=_superseding(agenda) if event.attempt > agenda.attempt else agenda.superseded,
        dispatch=None,
        expires=None,
        reclaimed=False,
        anew=False,
        heard=progress.updated_time if executing else None,
        **_failure(agenda, progress),
    )


def saved(agenda: AgendaHead, said: AgendaProgress, progress: AgendaProgress) -> AgendaHead:
    """A progress was put by hand, as POP's older clients report: a sign of life, and an end if it says so."""
    if agenda.cancelled:
        return agenda
    state = said.processing_state
    alive = state in (ProcessingState.EXECUTING, ProcessingState.COMPLETE)
    moved = state is not None or said.processing_state_message is not None
    return replace(
        agenda,
        open=agenda.open and state is not ProcessingState.COMPLETE,
        dispatch=None if alive else agenda.dispatch,
        expires=None if alive else agenda.expires,
        reclaimed=agenda.reclaimed and not moved,
        heard=progress.updated_time if progress.processing_state is ProcessingState.EXECUTING else None,
        **(_failure(agenda, progress) if moved else {}),
    )


def reclaimed(agenda: AgendaHead, _: AgendaReclaimed, progress: AgendaProgress) -> AgendaHead:
    """The attempt stays open: a report that comes late is still welcome (design 4.8)."""
    return replace(agenda, heard=None, reclaimed=True, **_failure(agenda, progress))


def retried(agenda: AgendaHead, event: AgendaRetried) -> AgendaHead:
    """Back in the line. An attempt that its own executor ended is over; a reclaimed one may still be heard of."""
    over = not agenda.open
    return replace(
        agenda,
        ready=True,
        added=event.ready,
        failed=None,
        bound=None if over else agenda.bound,
        superseded=_superseding(agenda) if over else agenda.superseded,
    )


def handed_back(agenda: AgendaHead, event: AgendaHandedBack) -> AgendaHead:
    """Back in its place in the line; whoever gave it back has no more to say."""
    return replace(_ended(agenda), ready=True, added=event.ready)


def rerun(agenda: AgendaHead, event: AgendaRerun) -> AgendaHead:
    """Begins again: in the line once, if at all, and whoever had it has no more to say."""
    place = agenda.added if event.ready is None else event.ready
    return replace(_ended(agenda), cancelled=False, ready=event.ready is not None, added=place, anew=bool(event.reset))


def cancelled(agenda: AgendaHead, _: AgendaCancelled) -> AgendaHead:
    """Out of the line for good."""
    return replace(_ended(agenda), cancelled=True)


def forgotten(agenda: AgendaHead) -> AgendaHead:
    """Its progress was deleted: there is nothing left to reclaim or retry."""
    return replace(agenda, heard=None, failed=None)


def refused(agenda: AgendaHead, event: ReportSuperseded) -> AgendaHead:
    """A late report is on record once per start time."""
    return replace(agenda, refused=[*(agenda.refused or []), event.started_time][-REMEMBERED:])


def _ended(agenda: AgendaHead) -> AgendaHead:
    return replace(
        agenda,
        ready=False,
        open=False,
        bound=None,
        superseded=_superseding(agenda),
        dispatch=None,
        expires=None,
        heard=None,
        reclaimed=False,
        failed=None,
    )


def _failure(agenda: AgendaHead, progress: AgendaProgress) -> dict[str, int | None]:
    # An agenda that never stood in the line (`doNotRun`) has nobody who would take it again.
    failures = progress.attempts_completed or 0
    most = MAXIMUM_ATTEMPTS if progress.maximum_attempts is None else progress.maximum_attempts
    again = (
        agenda.added is not None
        and progress.processing_state is ProcessingState.COMPLETE
        and (progress.processing_state_message or "").lower() == "failed"
        and failures < min(ATTEMPTS_AT_MOST, most)
    )
    return {"failed": progress.updated_time if again else None, "failures": failures or None}


def _superseding(agenda: AgendaHead) -> list[int] | None:
    if agenda.bound is None:
        return agenda.superseded
    return [*(agenda.superseded or []), agenda.bound][-REMEMBERED:]

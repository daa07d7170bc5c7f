"""What each event does to one agenda's part of the head row (design 4.2, 4.8). Pure.

Ready is a fact of its own: set by submission, return and expiry, cleared by dispatch and by an executor's report.
"""

from msgspec.structs import replace

from eventstore.envelope import Envelope
from eventstore.events import (
    AgendaDispatched,
    AgendaSubmitted,
    DispatchExpired,
    DispatchReturned,
    ProgressReported,
    ReportSuperseded,
)
from eventstore.model import ProcessingState
from projections.rows import AgendaHead, Head

#: How many start times of attempts that are over a head row remembers.
REMEMBERED = 8
#: How many commands with an Idempotency-Key a head row remembers (design 4.5).
REQUESTS = 8


def advance(head: Head | None, envelope: Envelope, link: str) -> Head:
    """The head after an applied event: version, link, and the command it came from if that had a key."""
    if head is None:
        head = Head(version=0, link="", last="")
    requests = head.requests
    if envelope.request is not None:
        requests = [*(requests or []), (envelope.id, envelope.request)][-REQUESTS:]
    return replace(head, version=envelope.version, link=link, last=envelope.id, requests=requests, deleted=None)


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
        dispatch=event.dispatch_id,
        expires=event.expires,
        queue=event.queue,
        epoch=event.epoch,
        number=event.number,
    )


def requeued(agenda: AgendaHead, event: DispatchReturned | DispatchExpired) -> AgendaHead:
    """Back in the line. The attempt stays open: a report that comes late is still welcome (design 4.8)."""
    return replace(agenda, ready=True, added=event.ready, dispatch=None, expires=None)


def reported(agenda: AgendaHead, event: ProgressReported) -> AgendaHead:
    """A sign of life: out of the line, bound to its executor; over when the run is complete."""
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
    )


def refused(agenda: AgendaHead, event: ReportSuperseded) -> AgendaHead:
    """A late report is on record once per start time."""
    return replace(agenda, refused=[*(agenda.refused or []), event.started_time][-REMEMBERED:])


def _superseding(agenda: AgendaHead) -> list[int] | None:
    if agenda.bound is None:
        return agenda.superseded
    return [*(agenda.superseded or []), agenda.bound][-REMEMBERED:]

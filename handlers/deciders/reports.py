"""What an executor's report changes (spec 7.2, 14.5 to 14.9, design 4.8). Pure."""

from typing import Any, TypeVar

from msgspec.structs import replace

from eventstore.commands import HandBackAgenda, ReportProgress
from eventstore.errors import BadRequest, Conflict, SealedForAnother
from eventstore.events import ProgressReported, ReportSuperseded
from eventstore.model import AgendaProgress, Fact, OperationProgress, ProcessingState
from eventstore.sealing import fingerprint
from handlers.deciders.attempts import Attempt, Superseded, attempt_of
from projections.rows import Head
from projections.run import Run

F = TypeVar("F", bound=Fact)
S = TypeVar("S", AgendaProgress, OperationProgress)
COMPLETE = ProcessingState.COMPLETE
#: Fields whose stored form is sealed: equal values need not be equal bytes.
SEALED = frozenset({"diagnostic_events", "params", "result_payload"})


def report(command: ReportProgress, run: Run) -> ProgressReported | ReportSuperseded | None:
    """Merge a report into the run: only what changes is in the event, and nothing if nothing does."""
    stored, head = reportable(command, run)
    _refuse_anothers_seal(command, stored)
    attempt = attempt_of(head, stored.agenda_id, command.progress.started_time)
    if isinstance(attempt, Superseded):
        return _refuse(attempt)
    operations = _operations(command, run, stored, attempt)
    known = None if attempt.agenda_id is None else head.agendas[attempt.agenda_id]
    opens = known is not None and (attempt.number > known.attempt or attempt.bound != known.bound)
    finished = not opens and known is not None and not known.open and stored.processing_state is COMPLETE
    if known is not None and not known.anew:
        command = replace(command, progress=_since_the_first(command.progress, stored))
    progress = _progress(command, stored, finished=finished, revived=known is not None and known.reclaimed)
    if known is not None and command.progress.processing_state is COMPLETE and (opens or known.open):
        # Said even where the run already is complete: it ends this attempt.
        progress = replace(progress or AgendaProgress(), processing_state=COMPLETE)
    heard = opens or (known is not None and known.ready) or bool(operations) or progress is not None
    if not heard and (stored.updated_time or 0) + command.quiet > command.now:
        return None
    return ProgressReported(
        agenda_id=attempt.agenda_id,
        attempt=attempt.number,
        bound=attempt.bound,
        progress=replace(progress or AgendaProgress(), id=run.stream, updated_time=command.now),
        operations=operations or None,
    )


def reportable(command: ReportProgress | HandBackAgenda, run: Run) -> tuple[AgendaProgress, Head]:
    """The run, if the caller may report on it; raises BadRequest (spec 3.3)."""
    stored, head = run.progress(), run.head
    insight = stored.agenda_insight.insight_id if stored is not None and stored.agenda_insight else None
    allowed = command.insights is None or insight in command.insights
    if stored is None or head is None or not (allowed or command.caller.may_touch(stored.customer_id)):
        raise BadRequest(f"The AgendaProgress specified was not found or is not visible: {run.stream}")
    return stored, head


def _refuse_anothers_seal(command: ReportProgress, stored: AgendaProgress) -> None:
    if command.sealed_for not in (None, stored.customer_id or ""):
        # Neither customer is named: whose an id was, or is, is nobody's business.
        raise SealedForAnother(
            f"expected a report that is sealed for the customer of the run {command.stream}, but its id was used "
            f"before, by another: report again"
        )


def superseded(event: ReportSuperseded) -> Conflict:
    """What an executor is told whose attempt is over."""
    why = "the agenda was cancelled" if event.cancelled else "a later attempt superseded it"
    return Conflict(
        f"expected a report of attempt {event.attempt} of agenda {event.agenda_id}, but for its executor (started "
        f"{event.started_time}) {why}: stop working on it"
    )


def _refuse(attempt: Superseded) -> ReportSuperseded:
    event = ReportSuperseded(
        agenda_id=attempt.agenda_id,
        attempt=attempt.attempt,
        started_time=attempt.started_time or 0,
        cancelled=attempt.cancelled,
    )
    if attempt.recorded:
        raise superseded(event)
    return event


def _progress(
    command: ReportProgress, stored: AgendaProgress, *, finished: bool, revived: bool
) -> AgendaProgress | None:
    # Of a run whose attempt is complete, an older report of the same executor says nothing new (spec 14.5, 14.7).
    if finished and command.progress.processing_state is not COMPLETE:
        return None
    change = _changed(stored, command.progress)
    # A reclaimed attempt that is heard of again was counted too early (design 4.8).
    known = (stored.attempts_completed or 0) - revived
    ends = command.progress.processing_state is COMPLETE and (revived or stored.processing_state is not COMPLETE)
    if known + ends != (stored.attempts_completed or 0):
        return replace(change or AgendaProgress(), attempts_completed=known + ends)
    return change


def _operations(
    command: ReportProgress, run: Run, progress: AgendaProgress, attempt: Attempt
) -> list[OperationProgress]:
    changes: dict[str, OperationProgress] = {}
    for entry in command.operations:
        name = entry.operation or "null"  # POP's `...-null` (spec 7.2)
        if name in changes:
            continue  # newest first: what follows is older (spec 14.7)
        stored = run.operation(name)
        change = _created(entry, name, run.stream, progress) if stored is None else _merged(stored, entry, attempt)
        if change is not None:
            changes[name] = _counted(replace(change, operation=name), stored, attempt, command.now)
    return [*changes.values()]


def _created(entry: OperationProgress, name: str, stream: str, progress: AgendaProgress) -> OperationProgress:
    return replace(
        entry,
        id=f"{stream}-{name}",
        operation=name,
        agenda_progress_id=stream,
        customer_id=progress.customer_id,
        cid=entry.cid or progress.cid,
        processing_state=entry.processing_state or ProcessingState.WAITING,
    )


def _merged(stored: OperationProgress, entry: OperationProgress, attempt: Attempt) -> OperationProgress | None:
    # The first completion of an operation is final within its attempt: a stale array, sent again, changes nothing.
    if stored.processing_state is COMPLETE and stored.attempt == attempt.number:
        return None
    reset = stored.processing_state is ProcessingState.WAITING
    change = _changed(stored, entry if reset else _since_the_first(entry, stored))
    return OperationProgress() if change is None and _runs_again(stored, entry, attempt) else change


def _runs_again(stored: OperationProgress, entry: OperationProgress, attempt: Attempt) -> bool:
    # Its attempt counts, though all that is said of it was said in the one before. What completed there, and did not
    # fail, is not run again: an executor that tells of it tells what it was given.
    begun = entry.processing_state not in (None, ProcessingState.WAITING)
    done = stored.processing_state is COMPLETE and (stored.processing_state_message or "").lower() != "failed"
    return begun and not done and stored.attempt != attempt.number


def _since_the_first(said: S, stored: S) -> S:
    """What is said, without a start time where one is known: it spans all retries (the page above spec 0)."""
    return said if stored.started_time is None else replace(said, started_time=None)


def _counted(
    change: OperationProgress, stored: OperationProgress | None, attempt: Attempt, now: int
) -> OperationProgress:
    change = replace(change, updated_time=now, added_time=now if stored is None else None)
    if stored is not None and stored.attempt == attempt.number:
        return change
    count = (0 if stored is None else stored.attempt_count or 0) + 1
    return replace(change, attempt=attempt.number, attempt_count=count, attempt_time=now)


def _changed(stored: F, said: F) -> F | None:
    """The fields of `said` that are said and differ from the stored ones; None if there are none."""
    differs: dict[str, Any] = {}
    for name in stored.__struct_fields__:
        value = getattr(said, name)
        if value is None or name in _KEPT:
            continue
        known = getattr(stored, name)
        same = fingerprint(known) == fingerprint(value) if name in SEALED else known == value
        if not same:
            differs[name] = value
    return type(stored)(**differs) if differs else None


#: What a report cannot change, whatever it says (spec 7.2).
_KEPT = frozenset(
    {"id", "customer_id", "operation", "agenda_progress_id", "added_time", "updated_time"}
    | {"attempt", "attempt_count", "attempt_time"}
)

"""Every command and its decider, written down (a test proves that none is missing). Pure."""

from typing import assert_never

from eventstore.commands import (
    Command,
    DeleteAgenda,
    DeleteProgress,
    DispatchAgenda,
    ExpireDispatch,
    ReapRun,
    ReportProgress,
    ReturnDispatch,
    RunCommand,
    SubmitAgenda,
)
from eventstore.errors import Invalid
from eventstore.events import RunEvent
from handlers.deciders.dispatch import dispatch, expire, take_back
from handlers.deciders.objects import delete_agenda, delete_progress, reap
from handlers.deciders.reports import report
from handlers.deciders.submission import submit
from projections.run import Run


def decide(command: RunCommand, run: Run) -> RunEvent | None:
    """The event that a command leads to, or None where it is already true; raises Rejected."""
    if _repeats(command, run):
        return None
    match command:
        case SubmitAgenda():
            return submit(command, run)
        case DispatchAgenda():
            return dispatch(command, run)
        case ReturnDispatch():
            return take_back(command, run)
        case ExpireDispatch():
            return expire(command, run)
        case ReportProgress():
            return report(command, run)
        case DeleteAgenda():
            return delete_agenda(command, run)
        case DeleteProgress():
            return delete_progress(command, run)
        case ReapRun():
            return reap(command, run)
        case _ as never:
            assert_never(never)


def _repeats(command: Command, run: Run) -> bool:
    """Whether this Idempotency-Key was used on this stream before, with the same body (design 4.5)."""
    if command.request is None or run.head is None:
        return False
    for event_id, digest in run.head.requests or ():
        if event_id == command.id:
            if digest != command.request:
                raise Invalid("expected the body that this Idempotency-Key came with before, but it is another one")
            return True
    return False

"""Every command and its decider, written down (a test proves that none is missing). Pure."""

from collections.abc import Callable
from typing import Any

from eventstore.commands import (
    CancelAgenda,
    Command,
    DeleteAgenda,
    DeleteProgress,
    DispatchAgenda,
    ExpireDispatch,
    HandBackAgenda,
    ReapObjects,
    ReapRun,
    ReclaimAgenda,
    ReportProgress,
    RetryAgenda,
    ReturnDispatch,
    RunCommand,
    SubmitAgenda,
)
from eventstore.errors import Invalid
from eventstore.events import RunEvent
from handlers.deciders.dispatch import dispatch, expire, take_back
from handlers.deciders.endings import cancel, hand_back, reclaim, retry
from handlers.deciders.objects import delete_agenda, delete_progress, reap
from handlers.deciders.reaping import reap_objects
from handlers.deciders.reports import report
from handlers.deciders.submission import submit
from projections.run import Run


def decide(command: RunCommand, run: Run) -> RunEvent | None:
    """The event that a command leads to, or None where it is already true; raises Rejected."""
    if _repeats(command, run):
        return None
    return _DECIDERS[type(command)](command, run)


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


_DECIDERS: dict[type[Command], Callable[[Any, Run], RunEvent | None]] = {
    SubmitAgenda: submit,
    DispatchAgenda: dispatch,
    ReturnDispatch: take_back,
    ExpireDispatch: expire,
    ReportProgress: report,
    HandBackAgenda: hand_back,
    ReclaimAgenda: reclaim,
    RetryAgenda: retry,
    CancelAgenda: cancel,
    DeleteAgenda: delete_agenda,
    DeleteProgress: delete_progress,
    ReapRun: reap,
    ReapObjects: reap_objects,
}

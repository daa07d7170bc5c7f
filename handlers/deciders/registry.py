"""Every command and its decider, written down (a test proves that none is missing). Pure."""

from collections.abc import Callable
from typing import Any

from eventstore.commands import (
    CancelAgenda,
    Command,
    DeleteAgenda,
    DeleteOperation,
    DeleteProgress,
    DispatchAgenda,
    ExpandAgenda,
    ExpireDispatch,
    HandBackAgenda,
    ReapObjects,
    ReapRun,
    ReclaimAgenda,
    ReportProgress,
    RerunAgenda,
    RetryAgenda,
    ReturnDispatch,
    RunCommand,
    SaveAgenda,
    SaveOperation,
    SaveProgress,
    SubmitAgenda,
)
from eventstore.events import RunEvent
from handlers.deciders.bounds import GROWING, may_outgrow, refuse_oversize
from handlers.deciders.dispatch import dispatch, expire, take_back
from handlers.deciders.endings import cancel, hand_back, reclaim, retry
from handlers.deciders.expansions import expand
from handlers.deciders.objects import delete_agenda, delete_progress, reap
from handlers.deciders.reaping import reap_objects
from handlers.deciders.repeats import repeats
from handlers.deciders.reports import report
from handlers.deciders.reruns import rerun
from handlers.deciders.saving import delete_operation, save_agenda, save_operation, save_progress
from handlers.deciders.submission import submit
from projections.run import Run


def decide(command: RunCommand, run: Run) -> RunEvent | None:
    """The event that a command leads to, or None where it is already true; raises Rejected."""
    if _repeats(command, run):
        return None
    event = _DECIDERS[type(command)](command, run)
    if event is not None and (isinstance(event, GROWING) or may_outgrow(run, event)):
        refuse_oversize(command, run, event)
    return event


def _repeats(command: Command, run: Run) -> bool:
    """Whether this command was decided on this stream before: it came by the inbox and something later of its partition
    was (design 4.9), or its Idempotency-Key was used, with the same body (design 4.5), or it was what happened last.

    The last is for commands that are asked for again because nobody answered (handlers.routing.waiting_room): by then
    a report that is on record could pass for a later sign of life, and a rerun for another one.
    """
    if run.head is None:
        return False
    if command.inbox is not None:
        partition, offset = command.inbox
        if offset <= (run.head.inbox or {}).get(str(partition), -1):
            return True
    if command.request is None:
        return run.head.last == command.id
    return repeats(command, run.head.requests or ())


_DECIDERS: dict[type[Command], Callable[[Any, Run], RunEvent | None]] = {
    SubmitAgenda: submit,
    DispatchAgenda: dispatch,
    ReturnDispatch: take_back,
    ExpireDispatch: expire,
    ReportProgress: report,
    HandBackAgenda: hand_back,
    ReclaimAgenda: reclaim,
    RetryAgenda: retry,
    RerunAgenda: rerun,
    ExpandAgenda: expand,
    CancelAgenda: cancel,
    DeleteAgenda: delete_agenda,
    DeleteProgress: delete_progress,
    SaveAgenda: save_agenda,
    SaveProgress: save_progress,
    SaveOperation: save_operation,
    DeleteOperation: delete_operation,
    ReapRun: reap,
    ReapObjects: reap_objects,
}

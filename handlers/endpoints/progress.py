"""AgendaProgress and OperationProgress: GET, DELETE, and the summary by linkId (spec 2.4, 2.5, 2.7.2)."""

import sys
from collections.abc import Iterable
from typing import Any

from eventstore.commands import DeleteProgress
from eventstore.errors import Invalid
from eventstore.model import ProcessingState
from handlers.endpoints.ask import MOST, Ask, Reply, where
from handlers.endpoints.lists import listed, look_up, wanted
from handlers.wire.calls import Summary
from handlers.wire.responses import envelope, service_answer
from projections.views import Answer, ByAttribute, ById, ProgressView

EXECUTING, WAITING = ProcessingState.EXECUTING, ProcessingState.WAITING


async def get_agenda_progress(ask: Ask) -> Reply:
    """A progress by id, or progresses by attributes, with their operations (spec 2.4)."""
    asked = wanted(ask)
    answer = await look_up(ask, "progress", asked)
    opener, whole = ask.edge.opener, asked.with_operations
    found: Iterable[Any] = map(opener.progress_json, answer.progresses)
    if asked.fields is not None:
        found = (opener.progress(view, operations=whole) for view in answer.progresses)
    return listed(ask, asked, answer, found, answer.progresses[-1].progress if answer.progresses else None)


async def get_operation_progress(ask: Ask) -> Reply:
    """One operation's progress by id, or several by attributes."""
    asked = wanted(ask)
    answer = await look_up(ask, "operation", asked)
    last = answer.operations[-1] if answer.operations else None
    return listed(ask, asked, answer, map(ask.edge.opener.operation, answer.operations), last)


async def delete_agenda_progress(ask: Ask) -> Reply:
    """Delete a progress with its operations; what is gone, or another's, is an empty success."""
    if ask.object_id is None:
        return Reply(envelope([], cid=ask.cid))
    query = ById(kind="progress", id=ask.object_id, proven=True, accounts=ask.caller.sees)
    answer = await ask.edge.gateway.query(query)
    if answer.progresses:
        origin = await ask.origin()
        command = DeleteProgress(
            id=origin.identity("command", 0),
            stream=ask.object_id,
            caller=ask.caller,
            correlation=origin.correlation,
        )
        done = await ask.edge.gateway.command(command)
        ask.edge.customers.forget(ask.object_id)
        answer = Answer(progresses=answer.progresses, position=done.position)
    found = [ask.edge.opener.progress(view, operations=False) for view in answer.progresses]
    return Reply(envelope(found, cid=ask.cid), where(answer))


async def summary(ask: Ask) -> Reply:
    """How far everything under one linkId is (spec 2.7.2)."""
    said = await ask.body(Summary, "ProgressSummaryRequest")
    if said is None or not (said.link_id or "").strip():
        raise Invalid("LinkId is required to call getProgressSummary.")
    accounts = ask.caller.sees
    query = ByAttribute(kind="progress", where={"linkId": said.link_id or ""}, limit=MOST, accounts=accounts)
    answer = await ask.edge.gateway.query(query)
    views = answer.progresses
    fields: dict[str, object] = {
        "progressList": [ask.edge.opener.progress(view) for view in views],
        **summed_up(views),
    }
    return Reply(service_answer(fields, cid=ask.cid), where(answer), answer.stale)


def summed_up(views: list[ProgressView]) -> dict[str, object]:
    """The state and percentage of several progresses together."""
    rows = [view.progress for view in views]
    if any((row.processing_state_message or "").lower() in ("failed", "cancelled") for row in rows):
        return {"processingState": ProcessingState.COMPLETE}
    percent = min(100.0, sum(row.percent_complete or 0.0 for row in rows) / len(rows)) if rows else 0.0
    # Any number is a percentage; many that are far below zero add up to what JSON cannot say.
    percent = max(percent, -sys.float_info.max)
    states = {row.processing_state for row in rows}
    if EXECUTING in states or (WAITING in states and states != {WAITING}):
        state = EXECUTING
    else:
        state = WAITING if states == {WAITING} else ProcessingState.COMPLETE
    return {"processingState": state, "processingPercent": percent}

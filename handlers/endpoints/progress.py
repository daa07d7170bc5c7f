"""AgendaProgress and OperationProgress: GET, DELETE, and the summary by linkId (spec 2.4, 2.5, 2.7.2)."""

from eventstore.commands import DeleteProgress
from eventstore.errors import BadRequest, Invalid
from eventstore.model import ProcessingState
from handlers.endpoints.agendas import look_up, projected
from handlers.endpoints.ask import Ask, Reply, where
from handlers.wire.requests import Summary
from handlers.wire.responses import envelope, service_answer
from projections.views import Answer, ByAttribute, ById, ProgressView

EXECUTING, WAITING = ProcessingState.EXECUTING, ProcessingState.WAITING


async def get_agenda_progress(ask: Ask) -> Reply:
    """A progress by id, or progresses by attributes, with their operations (spec 2.4)."""
    answer, fields, count = await look_up(ask, "progress")
    views = answer.progresses
    found: list[object]
    if fields is None:
        found = [ask.edge.opener.progress_json(view) for view in views]
    else:
        whole = any("operationprogress" in field.lower() for field in fields)
        found = [projected(ask.edge.opener.progress(view, operations=whole), fields) for view in views]
    return Reply(envelope([] if count else found, cid=ask.cid, count=len(found)), where(answer), answer.stale)


async def get_operation_progress(ask: Ask) -> Reply:
    """One operation's progress by id, or several by attributes."""
    answer, fields, count = await look_up(ask, "operation")
    found = [projected(ask.edge.opener.operation(row), fields) for row in answer.operations]
    return Reply(envelope([] if count else found, cid=ask.cid, count=len(found)), where(answer), answer.stale)


async def delete_agenda_progress(ask: Ask) -> Reply:
    """Delete a progress with its operations; what is gone, or another's, is an empty success."""
    if ask.object_id is None:
        raise BadRequest("expected the id of the progress to delete")
    answer = await ask.edge.gateway.query(
        ById(kind="progress", id=ask.object_id, proven=True, accounts=ask.caller.sees)
    )
    if answer.progresses:
        origin = await ask.origin()
        command = DeleteProgress(
            id=origin.identity("command", 0),
            stream=ask.object_id,
            caller=ask.caller,
            correlation=origin.correlation,
        )
        done = await ask.edge.gateway.command(command)
        answer = Answer(progresses=answer.progresses, position=done.position)
    found = [ask.edge.opener.progress(view, operations=False) for view in answer.progresses]
    return Reply(envelope(found, cid=ask.cid), where(answer))


async def summary(ask: Ask) -> Reply:
    """How far everything under one linkId is (spec 2.7.2)."""
    wanted = await ask.body(Summary, "ProgressSummaryRequest")
    if wanted is None or not (wanted.link_id or "").strip():
        raise Invalid("LinkId is required to call getProgressSummary.")
    query = ByAttribute(kind="progress", where={"linkId": wanted.link_id or ""}, accounts=ask.caller.sees)
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
    states = {row.processing_state for row in rows}
    if EXECUTING in states or (WAITING in states and states != {WAITING}):
        state = EXECUTING
    else:
        state = WAITING if states == {WAITING} else ProcessingState.COMPLETE
    return {"processingState": state, "processingPercent": percent}

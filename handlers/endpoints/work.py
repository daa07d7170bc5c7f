"""Work distribution: getAgenda and updateAgendaProgress (spec 7, 14)."""

from collections.abc import Sequence

import msgspec

from eventstore.commands import HandBackAgenda, ReturnDispatch
from eventstore.errors import BadRequest, Invalid
from eventstore.model import ProcessingState
from handlers.edge.acceptance import insights_of, take_report
from handlers.endpoints.ask import Ask, Reply, where
from handlers.gateway import Pull
from handlers.wire.calls import GetAgenda, HandBack, UpdateProgress
from handlers.wire.parsing import epoch_ms
from handlers.wire.responses import service_answer
from projections.views import Answer

#: Agendas in one answer, at most (design 4.2).
AT_MOST = 100
#: Bytes of the agendas in one answer, at most, unless one alone is larger.
BYTES_AT_MOST = 8 << 20
#: The header by which our own executor promises a report at once (design 4.2).
PROMPT_HEADER = "Agendum-Executor"
_encode = msgspec.msgpack.Encoder().encode


async def get_agenda(ask: Ask) -> Reply:
    """Agendas for a puller, by long poll (spec 7.1)."""
    wanted = await ask.body(GetAgenda, "GetAgendaRequest")
    if wanted is None:
        raise Invalid("InsightId and Count are required on getAgenda")
    if not (wanted.insight_id or "").strip():
        raise Invalid("InsightId is required to getAgenda.")
    if wanted.count is None:
        raise Invalid("Count is required to getAgenda.")
    if wanted.count < 1:
        raise Invalid("Count must be greater than 0 for getAgenda.")
    insight_id = wanted.insight_id or ""
    await _may_pull(ask, insight_id)
    pull = Pull(
        insight_id=insight_id,
        count=min(wanted.count, AT_MOST),
        wait=ask.edge.poll,
        caller=ask.caller,
        prompt=PROMPT_HEADER in ask.request.headers,
    )
    answers = [*await ask.edge.gateway.pull(pull)]
    fitting = _fitting(answers)
    # What is over the bound goes back to the front of its line.
    for command in returned(ask, answers[fitting:]):
        await ask.edge.gateway.command(command)
    return _handed_out(ask, answers[:fitting])


async def update_agenda_progress(ask: Ask) -> Reply:
    """An executor's report (spec 7.2); the right is that to the stored progress's Insight, or to the progress."""
    body = await ask.body(UpdateProgress, "UpdateAgendaProgressRequest")
    # After a final report the next attempt may have begun.
    origin = await (ask.remembered_origin() if _is_final(body) else ask.origin())
    answer = await take_report(ask.edge, ask.caller, body, lambda _: origin)
    return Reply(service_answer({}, cid=ask.cid), where(answer))


def _is_final(body: UpdateProgress | None) -> bool:
    said = None if body is None else body.agenda_progress
    return said is not None and said.processing_state is ProcessingState.COMPLETE


async def hand_back_agenda(ask: Ask) -> Reply:
    """An executor that must leave gives its run back; not in POP."""
    body = await ask.body(HandBack, "HandBackAgendaRequest")
    if body is None or not (body.agenda_progress_id or "").strip():
        raise Invalid("agendaProgressId is required on handBackAgenda")
    origin = await ask.remembered_origin()  # without its start time it fits whoever has the run by then
    command = HandBackAgenda(
        id=origin.identity("command", 0),
        stream=body.agenda_progress_id or "",
        caller=ask.caller,
        correlation=origin.correlation,
        request=origin.request,
        started_time=epoch_ms(body.started_time, "startedTime"),
        insights=await insights_of(ask.edge, ask.caller),
    )
    answer = await ask.edge.gateway.command(command)
    return Reply(service_answer({}, cid=ask.cid), where(answer))


async def _may_pull(ask: Ask, insight_id: str) -> None:
    catalogue = ask.edge.tail.catalogue
    insight = catalogue.insight(insight_id)
    if insight is None:
        await ask.edge.tail.settle()
        insight = catalogue.insight(insight_id)
    if insight is None or not ask.caller.may_touch(insight.customer_id):
        raise BadRequest(f"The Insight specified was not found or is not visible: {insight_id}")


def _fitting(answers: Sequence[Answer]) -> int:
    """How many agendas fit into one answer; the first always does."""
    size = 0
    for count, answer in enumerate(answers if len(answers) > 1 else ()):
        size += len(_encode(answer))
        if count and size > BYTES_AT_MOST:
            return count
    return len(answers)


def _handed_out(ask: Ask, answers: Sequence[Answer]) -> Reply:
    opener = ask.edge.opener
    agendas = [opener.agenda(row, answer.added.get(row.id or "")) for answer in answers for row in answer.agendas]
    views = [view for answer in answers for view in answer.progresses]
    progresses = [
        opener.progress(view)
        for view in views
        if any(row.processing_state is not ProcessingState.WAITING for row in view.operations)
    ]
    for row in (row for answer in answers for row in answer.agendas):
        ask.edge.customers.remember(row.progress_id or "", row.customer_id or "")
    fields: dict[str, object] = {"agendas": agendas, "all": agendas}
    if progresses:
        fields["agendaProgresses"] = progresses
    position = ",".join(f"agendas/{n}@{offset}" for answer in answers for n, offset in answer.position.items())
    if not answers:  # what is ready is known to its owners; that the Insight is there was read in the catalogue
        position = f"catalogue/0@{ask.edge.tail.catalogue.position}"
    return Reply(service_answer(fields, cid=ask.cid), position, None, returned(ask, answers))


def returned(ask: Ask, answers: Sequence[Answer]) -> list[ReturnDispatch]:
    """What takes back that which could not be delivered."""
    return [
        ReturnDispatch(
            id=ask.edge.draw(),
            stream=row.progress_id or "",
            agenda_id=row.id or "",
            dispatch_id=answer.dispatches[row.id or ""],
        )
        for answer in answers
        for row in answer.agendas
        if row.id in answer.dispatches
    ]

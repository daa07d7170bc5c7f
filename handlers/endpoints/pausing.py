"""Pause and resume of an Insight: an operator's brake, not in POP (see handlers.scheduling.rules for what it stops)."""

from eventstore.commands import PauseInsight, ResumeInsight
from eventstore.errors import Invalid
from handlers.endpoints.ask import Ask, Reply
from handlers.intake.validation import refuse_unstorable
from handlers.wire.calls import Pause
from handlers.wire.responses import service_answer


async def pause(ask: Ask) -> Reply:
    """Hand out nothing of an Insight until it is resumed; one that is paused for this reason stays so."""
    return await _decide(ask, PauseInsight, "PauseInsightRequest")


async def resume(ask: Ask) -> Reply:
    """Hand out again; one that is not paused stays so. The reason may be left out."""
    return await _decide(ask, ResumeInsight, "ResumeInsightRequest")


async def _decide(ask: Ask, kind: type[PauseInsight] | type[ResumeInsight], name: str) -> Reply:
    wanted = await ask.body(Pause, name)
    if wanted is None or not (wanted.insight_id or "").strip():
        raise Invalid(f"insightId is required to {ask.route} an Insight.")
    if kind is PauseInsight and not (wanted.reason or "").strip():
        raise Invalid("reason is required to pause an Insight.")
    insight_id, origin = wanted.insight_id or "", await ask.origin()
    refuse_unstorable([insight_id])
    command = kind(
        id=origin.identity("command", 0),
        stream=f"insight/{insight_id}",
        caller=ask.caller,
        correlation=origin.correlation,
        request=origin.request,
        insight_id=insight_id,
        why=wanted.reason or ("" if kind is PauseInsight else None),  # type: ignore[arg-type]  # checked above
    )
    kept = await ask.edge.gateway.catalogue(command)
    return Reply(service_answer({}, cid=ask.cid), f"catalogue/0@{kept.offset}")

"""What everyone may ask of runs, whichever door it comes by: the same checks in the same order (spec 4, 7, design 4.9).

Endpoints and the inbox parse; from here on nothing depends on the door. Ids follow from an origin, which may depend on
whose run it is, so it is made once that is known.
"""

from collections.abc import Callable

from eventstore.commands import Caller, CancelAgenda
from eventstore.errors import BadRequest, Invalid, NotFound, SealedForAnother
from eventstore.model import Insight
from handlers.access.rights import demand
from handlers.edge.edge import Edge
from handlers.intake.binding import bind
from handlers.intake.origin import Origin
from handlers.intake.runs import refuse_bad_moments, reporting, submission
from handlers.intake.validation import validate
from handlers.wire.calls import Cancel, UpdateProgress
from handlers.wire.requests import OpenAgenda, OpenProgress
from projections.views import Answer, ById

#: The origin of a request about something of this customer.
Origins = Callable[[str], Origin]


async def accept(
    edge: Edge,
    caller: Caller,
    agenda: OpenAgenda | None,
    origins: Origins,
    *,
    usable: Callable[[Insight], bool] = lambda _: True,
    settled: bool = False,
) -> Answer:
    """Accept an agenda: validate, bind to a usable Insight, create progress and operation rows (spec 4.3).

    `settled`: the catalogue was brought to its end for this request already.
    """
    operations = validate(agenda)
    assert agenda is not None  # noqa: S101  # validate refuses None
    # Before anything is looked up: others learn neither that the customer is there, nor what Insights it has.
    demand(caller, agenda.customer_id)
    if not settled:
        await edge.tail.settle()
    insight = bind(agenda, operations, edge.tail.catalogue, usable)
    command = submission(
        agenda,
        operations,
        insight,
        origins(agenda.customer_id or ""),
        cipher=edge.cipher,
        partitions=edge.partitions,
        turn=edge.gateway.turn(),
        catalogue_offset=edge.tail.catalogue.position,
    )
    return await edge.gateway.command(command)


async def take_report(edge: Edge, caller: Caller, body: UpdateProgress | None, origins: Origins) -> Answer:
    """An executor's report (spec 7.2); the right is that to the stored progress's Insight, or to the progress."""
    if body is None or body.agenda_progress is None or not (body.agenda_progress.id or "").strip():
        raise BadRequest("expected an agendaProgress with its id")
    # Before the run is looked up: what is wrong with a report is told of every run, or of none, alike.
    refuse_bad_moments(body.agenda_progress)
    try:
        return await _report(edge, caller, body.agenda_progress, origins)
    except SealedForAnother:
        # Deleted at another worker, where nobody told this one, and its id used again.
        edge.customers.forget(body.agenda_progress.id or "")
        return await _report(edge, caller, body.agenda_progress, origins)


async def end(edge: Edge, caller: Caller, wanted: Cancel | None, origins: Origins) -> Answer:
    """End an agenda, whether it waits or runs; what has ended already is a success."""
    if wanted is None or not (wanted.agenda_id or "").strip():
        raise Invalid("agendaId is required on cancel")
    query = ById(kind="agenda", id=wanted.agenda_id or "", proven=True, accounts=caller.sees)
    answer = await edge.gateway.query(query)
    if not answer.agendas:
        raise NotFound(f"Agenda {wanted.agenda_id} not found")
    origin = origins(answer.agendas[0].customer_id or "")
    command = CancelAgenda(
        id=origin.identity("command", 0),
        stream=answer.agendas[0].progress_id or "",
        caller=caller,
        correlation=origin.correlation,
        request=origin.request,
        agenda_id=wanted.agenda_id or "",
    )
    return await edge.gateway.command(command)


async def insights_of(edge: Edge, caller: Caller) -> list[str] | None:
    """Ids of the Insights that a caller has the Customer right to, None for all; raises Unavailable."""
    if caller.everywhere:
        return None
    await edge.tail.settle()
    return [insight.id or "" for insight in edge.tail.catalogue.all(Insight) if caller.may_touch(insight.customer_id)]


async def _report(edge: Edge, caller: Caller, said: OpenProgress, origins: Origins) -> Answer:
    customer = await _customer_of(edge, said.id or "")
    command = reporting(
        said,
        origins(customer),
        customer=customer,
        cipher=edge.cipher,
        insights=await insights_of(edge, caller),
        quiet=edge.quiet_ms,
    )
    return await edge.gateway.command(command)


async def _customer_of(edge: Edge, identity: str) -> str:
    """The customer of a run, under whose key its report is sealed; what is remembered, its owner checks."""
    if (known := edge.customers.of(identity)) is not None:
        return known
    answer = await edge.gateway.query(ById(kind="progress", id=identity, proven=True))
    if not answer.progresses:
        raise BadRequest(f"The AgendaProgress specified was not found or is not visible: {identity}")
    found = answer.progresses[0].progress.customer_id or ""
    edge.customers.remember(identity, found)
    return found

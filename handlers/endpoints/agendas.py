"""Agendas: POST, GET, DELETE (spec 2.5, 4)."""

from eventstore.commands import CancelAgenda, DeleteAgenda
from eventstore.errors import BadRequest, Forbidden, Invalid, NotFound, Unavailable
from handlers.binding import bind
from handlers.endpoints.ask import Ask, Reply, where
from handlers.endpoints.lists import listed, look_up, wanted
from handlers.intake import submission
from handlers.validation import validate
from handlers.wire.requests import Cancel, OpenAgenda
from handlers.wire.responses import envelope, service_answer
from projections.views import Answer, ById


async def post(ask: Ask) -> Reply:
    """Accept an agenda: validate, bind to an Insight, create progress and operation rows (spec 4.3)."""
    edge = ask.edge
    agenda = await ask.body(OpenAgenda, "Agenda")
    operations = validate(agenda)
    assert agenda is not None  # noqa: S101  # validate refuses None
    if not await edge.tail.current():
        raise Unavailable("expected Kafka to tell the end of the catalogue; ask again")
    insight = bind(agenda, operations, edge.tail.catalogue)
    if not ask.caller.may_touch(agenda.customer_id):
        raise Forbidden(f"You do not have permission to perform this action for customerId {agenda.customer_id}")
    command = submission(
        agenda,
        operations,
        insight,
        await ask.origin(),
        cipher=edge.cipher,
        partitions=edge.partitions,
        is_mine=edge.gateway.is_mine,
        catalogue_offset=edge.tail.catalogue.position,
    )
    answer = await edge.gateway.command(command)
    return Reply(envelope(map(edge.opener.agenda, answer.agendas), cid=ask.cid), where(answer))


async def get(ask: Ask) -> Reply:
    """An agenda by id, or agendas by attributes."""
    asked = wanted(ask)
    answer = await look_up(ask, "agenda", asked)
    last = answer.agendas[-1] if answer.agendas else None
    return listed(ask, asked, answer, map(ask.edge.opener.agenda, answer.agendas), last)


async def delete(ask: Ask) -> Reply:
    """Delete an agenda; its progress stays. What is gone is an empty success."""
    if ask.object_id is None:
        raise BadRequest("expected the id of the agenda to delete")
    answer = await ask.edge.gateway.query(ById(kind="agenda", id=ask.object_id, proven=True))
    origin = await ask.origin()
    for row in answer.agendas:
        command = DeleteAgenda(
            id=origin.identity("command", 0),
            stream=row.progress_id or "",
            caller=ask.caller,
            correlation=origin.correlation,
            agenda_id=row.id or "",
        )
        answer = Answer(agendas=[row], position=(await ask.edge.gateway.command(command)).position)
    return Reply(envelope(map(ask.edge.opener.agenda, answer.agendas), cid=ask.cid), where(answer))


async def cancel(ask: Ask) -> Reply:
    """End an agenda, whether it waits or runs; not in POP. What has ended already is a success."""
    said = await ask.body(Cancel, "CancelAgendaRequest")
    if said is None or not (said.agenda_id or "").strip():
        raise Invalid("agendaId is required on cancel")
    answer = await ask.edge.gateway.query(ById(kind="agenda", id=said.agenda_id or "", proven=True))
    if not answer.agendas or not ask.caller.may_touch(answer.agendas[0].customer_id):
        raise NotFound(f"Agenda {said.agenda_id} not found")
    origin = await ask.origin()
    command = CancelAgenda(
        id=origin.identity("command", 0),
        stream=answer.agendas[0].progress_id or "",
        caller=ask.caller,
        correlation=origin.correlation,
        request=origin.request,
        agenda_id=said.agenda_id or "",
    )
    done = await ask.edge.gateway.command(command)
    return Reply(service_answer({}, cid=ask.cid), where(done))

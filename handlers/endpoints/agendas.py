"""Agendas: POST, GET, DELETE (spec 2.5, 4)."""

from collections.abc import Iterable
from typing import Any

from eventstore.commands import DeleteAgenda
from eventstore.errors import BadRequest
from handlers.edge.acceptance import accept, end
from handlers.endpoints.ask import Ask, Reply, where
from handlers.endpoints.lists import listed, look_up, wanted
from handlers.wire.calls import Cancel
from handlers.wire.requests import OpenAgenda
from handlers.wire.responses import envelope, service_answer
from projections.views import Answer, ById


async def post(ask: Ask) -> Reply:
    """Accept an agenda: validate, bind to an Insight, create progress and operation rows (spec 4.3)."""
    agenda = await ask.body(OpenAgenda, "Agenda")
    origin = await ask.origin()
    answer = await accept(ask.edge, ask.caller, agenda, lambda _: origin)
    return Reply(envelope(map(ask.edge.opener.agenda_json, answer.agendas), cid=ask.cid), where(answer))


async def get(ask: Ask) -> Reply:
    """An agenda by id, or agendas by attributes."""
    asked = wanted(ask)
    answer = await look_up(ask, "agenda", asked)
    last = answer.agendas[-1] if answer.agendas else None
    opener = ask.edge.opener
    found: Iterable[Any] = map(opener.agenda_json if asked.fields is None else opener.agenda, answer.agendas)
    return listed(ask, asked, answer, found, last)


async def delete(ask: Ask) -> Reply:
    """Delete an agenda; its progress stays. What is gone, or another's, is an empty success."""
    if ask.object_id is None:
        raise BadRequest("expected the id of the agenda to delete")
    answer = await ask.edge.gateway.query(ById(kind="agenda", id=ask.object_id, proven=True, accounts=ask.caller.sees))
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
    return Reply(envelope(map(ask.edge.opener.agenda_json, answer.agendas), cid=ask.cid), where(answer))


async def cancel(ask: Ask) -> Reply:
    """End an agenda, whether it waits or runs; not in POP. What has ended already is a success."""
    said = await ask.body(Cancel, "CancelAgendaRequest")
    origin = await ask.remembered_origin()  # or a rerun that came between would be ended as well
    done = await end(ask.edge, ask.caller, said, lambda _: origin)
    return Reply(service_answer({}, cid=ask.cid), where(done))

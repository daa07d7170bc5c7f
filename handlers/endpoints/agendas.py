"""Agendas: POST, GET, DELETE (spec 2.5, 4)."""

from eventstore.commands import DeleteAgenda
from eventstore.errors import BadRequest
from handlers.acceptance import accept, end
from handlers.endpoints.ask import Ask, Reply, reserved, where
from handlers.wire.requests import Cancel, OpenAgenda
from handlers.wire.responses import envelope, service_answer
from projections.views import Answer, ByAttribute, ById


async def post(ask: Ask) -> Reply:
    """Accept an agenda: validate, bind to an Insight, create progress and operation rows (spec 4.3)."""
    agenda = await ask.body(OpenAgenda, "Agenda")
    origin = await ask.origin()
    answer = await accept(ask.edge, ask.caller, agenda, lambda _: origin)
    return Reply(envelope(map(ask.edge.opener.agenda, answer.agendas), cid=ask.cid), where(answer))


async def get(ask: Ask) -> Reply:
    """An agenda by id, or agendas by attributes."""
    answer, fields, count = await look_up(ask, "agenda")
    found = [projected(ask.edge.opener.agenda(row), fields) for row in answer.agendas]
    body = envelope([] if count else found, cid=ask.cid, count=len(found))
    return Reply(body, where(answer), answer.stale)


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
    return Reply(envelope(map(ask.edge.opener.agenda, answer.agendas), cid=ask.cid), where(answer))


async def cancel(ask: Ask) -> Reply:
    """End an agenda, whether it waits or runs; not in POP. What has ended already is a success."""
    wanted = await ask.body(Cancel, "CancelAgendaRequest")
    origin = await ask.origin()
    done = await end(ask.edge, ask.caller, wanted, lambda _: origin)
    return Reply(service_answer({}, cid=ask.cid), where(done))


async def look_up(ask: Ask, kind: "str") -> tuple[Answer, list[str] | None, bool]:
    """What a GET asks for: one object by id, or those that all attributes fit; and how it wants them shown."""
    wanted, limit, fields, count = reserved(ask.queries)
    sees = ask.caller.sees
    identity = ask.object_id or wanted.pop("id", None)
    if identity is not None and not wanted:
        return await ask.edge.gateway.query(ById(kind=kind, id=identity, accounts=sees)), fields, count  # type: ignore[arg-type]
    if identity is not None:
        wanted["id"] = identity
    query = ByAttribute(kind=kind, where=wanted, limit=limit, accounts=sees)  # type: ignore[arg-type]
    return await ask.edge.gateway.query(query), fields, count


def projected(wire: dict[str, object], fields: list[str] | None) -> dict[str, object]:
    """The fields that `byfields` names."""
    return wire if fields is None else {name: value for name, value in wire.items() if name in fields}

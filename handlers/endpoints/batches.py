"""createAgenda: several agendas of any customers, run by Insights of the caller (spec 2.7.1, 3.3)."""

from msgspec.structs import replace

from eventstore.commands import Caller
from eventstore.errors import BadRequest, NotFound, Rejected
from eventstore.model import Insight
from handlers.edge.acceptance import accept
from handlers.endpoints.ask import Ask, Reply, where
from handlers.intake.binding import NO_INSIGHT, NoCustomer
from handlers.intake.origin import Origin
from handlers.wire.calls import CreateAgenda
from handlers.wire.responses import error_response, service_answer
from projections.views import Answer


async def post(ask: Ask) -> Reply:
    """Accept each agenda as its own customer would; one that is refused stops no other."""
    wanted = await ask.body(CreateAgenda, "CreateAgendaRequest")
    if wanted is None:
        raise BadRequest("expected a body with agendas, found none")
    if not wanted.agendas:
        return Reply(service_answer({}, cid=ask.cid))
    origin, accepted, refused = await ask.origin(), Answer(), list[Rejected]()

    def usable(insight: Insight) -> bool:
        # What the agenda's customer may read is looked at besides.
        return ask.caller.may_touch(insight.customer_id)

    for number, agenda in enumerate(wanted.agendas):
        customer = "" if agenda is None else agenda.customer_id or ""
        caller = Caller(subject=ask.caller.subject, accounts=[customer])
        mine = _numbered(origin, caller, number)
        try:
            answer = await accept(ask.edge, caller, agenda, lambda _, mine=mine: mine, usable=usable)  # type: ignore[misc]
        except Rejected as why:
            # Of a customer to whom the caller has no right it is not told whether it is there (design 5).
            hidden = isinstance(why, NoCustomer) and not ask.caller.may_touch(customer)
            refused.append(NotFound(NO_INSIGHT) if hidden else why)
        else:
            position = {**accepted.position, **answer.position}
            accepted = replace(accepted, agendas=[*accepted.agendas, *answer.agendas], position=position)
    created = [ask.edge.opener.agenda(row) for row in accepted.agendas]
    body = service_answer({"agendas": created, "all": created}, cid=ask.cid)
    if refused:
        text = "".join(f"[{why.title} : {why}]" for why in refused)
        problem = error_response(BadRequest.title, text, BadRequest.code, ask.cid or ask.edge.draw())
        body |= {"error": True, "errorResponse": problem}
    return Reply(body, where(accepted))


def _numbered(origin: Origin, caller: Caller, number: int) -> Origin:
    """The origin of one agenda of several: with a key, ids of its own that are always the same."""
    return Origin(
        caller,
        identity=lambda part, n: origin.identity(f"{number}/{part}", n),
        near=origin.near,
        correlation=origin.correlation,
        request=origin.request,
    )

"""run: an agenda made from a template and a payload (spec 5.1)."""

from msgspec.structs import replace

from eventstore.errors import BadRequest, Invalid, NotFound, Rejected
from eventstore.model import AgendaTemplate
from eventstore.sealing import open_map
from handlers.access.rights import may_see
from handlers.edge.acceptance import accept
from handlers.endpoints.ask import Ask, Reply, where
from handlers.intake.template_runs import generate, parse_payload
from handlers.wire.calls import RunTemplate
from handlers.wire.requests import OpenAgenda
from handlers.wire.responses import error_response, service_answer


async def post(ask: Ask) -> Reply:
    """Submit the agenda of a template; tighter than POP, with the right to the resulting customer (design 5)."""
    wanted = await ask.body(RunTemplate, "RunAgendaRequest")
    if wanted is None or not ((wanted.agenda_template_id or "").strip() and (wanted.payload or "").strip()):
        raise Invalid("agendaTemplateId and payload must be specified")
    try:
        payload = parse_payload(wanted.payload or "")
    except BadRequest as why:
        return _refused(ask, str(why))
    agenda = _agenda(ask, await _template(ask, wanted.agenda_template_id or ""), payload)
    origin = await ask.origin()
    try:
        answer = await accept(ask.edge, ask.caller, agenda, lambda _: origin, settled=True)
    except Rejected as why:
        return _refused(ask, f"[{why.title} : {why}]")
    made = [ask.edge.opener.agenda(row) for row in answer.agendas]
    return Reply(service_answer({"agendas": made, "all": made}, cid=ask.cid), where(answer))


def _agenda(ask: Ask, template: AgendaTemplate, payload: object) -> OpenAgenda:
    cipher, customer = ask.edge.cipher, template.customer_id or ""
    body = None if template.agenda is None else open_map(cipher, customer, template.agenda)
    agenda = generate(body, open_map(cipher, customer, template.static_parameters or {}), payload, template.title)
    return agenda if agenda.cid is not None or ask.cid is None else replace(agenda, cid=ask.cid)


async def _template(ask: Ask, identity: str) -> AgendaTemplate:
    # As it is now, whichever worker it was saved at: one that is here may be an old one. What its agenda is bound to is
    # as of then as well: Kafka is asked once.
    await ask.edge.tail.settle()
    template = ask.edge.tail.catalogue.template(identity)
    if template is None or not may_see(template, ask.caller):
        raise NotFound(f"AgendaTemplate {identity} not found")
    return template


def _refused(ask: Ask, text: str) -> Reply:
    # An error after the request was found valid comes with lists of one null, as POP has it (spec 2.7).
    body = service_answer({"agendas": [None], "all": [None]}, cid=ask.cid)
    problem = error_response(BadRequest.title, text, BadRequest.code, ask.cid or ask.edge.draw())
    return Reply({**body, "error": True, "errorResponse": problem})

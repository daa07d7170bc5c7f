"""updateAgenda: an executor adds operations to the agenda that it runs (spec 8.4)."""

from collections.abc import Sequence

from eventstore.commands import ExpandAgenda
from eventstore.errors import Invalid, NotFound
from eventstore.model import Agenda
from eventstore.sealing import seal_map
from handlers.edge.acceptance import insights_of
from handlers.endpoints.ask import Ask, Reply, where
from handlers.intake.sealed import sealed_operation
from handlers.intake.validation import refuse_unstorable
from handlers.wire.calls import UpdateAgenda
from handlers.wire.requests import OpenOperation
from handlers.wire.responses import service_answer
from projections.views import ById


async def post(ask: Ask) -> Reply:
    """Add operations and lay params over those that are there; answers the whole agenda."""
    wanted = await ask.body(UpdateAgenda, "UpdateAgendaRequest")
    if wanted is None or not (wanted.agenda_id or "").strip():
        raise Invalid("agendaId is required on an updateAgenda request")
    operations = expansion(wanted)
    answer = await ask.edge.gateway.query(ById(kind="agenda", id=wanted.agenda_id or "", proven=True))
    if not answer.agendas:
        raise NotFound(f"Agenda {wanted.agenda_id} not found")
    agenda = answer.agendas[0]
    await _insight_is_there(ask, agenda)
    customer, origin = agenda.customer_id or "", await ask.origin()
    command = ExpandAgenda(
        id=origin.identity("command", 0),
        stream=agenda.progress_id or "",
        caller=ask.caller,
        correlation=origin.correlation,
        request=await ask.digest(),
        agenda_id=agenda.id or "",
        operations=[sealed_operation(operation, customer, ask.edge.cipher) for operation in operations],
        params=None if wanted.params is None else seal_map(ask.edge.cipher, customer, wanted.params),
        insights=await insights_of(ask.edge, ask.caller),
    )
    done = await ask.edge.gateway.command(command)
    fields = {"agenda": ask.edge.opener.agenda(done.agendas[0])} if done.agendas else {}
    return Reply(service_answer(fields, cid=ask.cid), where(done))


def expansion(wanted: UpdateAgenda) -> Sequence[OpenOperation]:
    """The operations to add; raises Invalid."""
    operations = [operation for operation in wanted.operations or [] if operation is not None]
    if not operations:
        raise Invalid("One or more operations must be specified on an updateAgenda request")
    names = [operation.name for operation in operations]
    if not all(names):
        raise Invalid("Operations must have names.")
    if len({*names}) != len(names):
        raise Invalid("Operation names must be unique.")
    refuse_unstorable(names)
    return operations


async def _insight_is_there(ask: Ask, agenda: Agenda) -> None:
    # Said to those alone who may know of the agenda; without an Insight there is no other way to the right.
    identity = None if agenda.agenda_insight is None else agenda.agenda_insight.insight_id
    tail = ask.edge.tail
    if identity is None or tail.catalogue.insight(identity) is not None:
        return
    await tail.settle()
    if tail.catalogue.insight(identity) is None:
        seen = ask.caller.may_touch(agenda.customer_id)
        raise NotFound(f"Insight {identity} not found" if seen else f"Agenda {agenda.id} not found")

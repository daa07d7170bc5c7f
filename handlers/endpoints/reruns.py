"""Rerun: begin an agenda again (spec 8.1 to 8.3)."""

from eventstore.commands import RerunAgenda
from eventstore.errors import Invalid, NotFound
from eventstore.sealing import Cipher, seal_value
from handlers.endpoints.ask import Ask, Reply, where
from handlers.intake.origin import Origin
from handlers.wire.calls import Rerun
from handlers.wire.responses import service_answer
from projections.views import ById


async def post(ask: Ask) -> Reply:
    """Reset an agenda's operations, as `params` says, and put it in the line again."""
    wanted = await ask.body(Rerun, "RerunAgendaRequest")
    if wanted is None:
        raise Invalid("agendaId is required on rerun")
    if not (wanted.agenda_id or "").strip():
        raise Invalid("agendaId must be specified")
    query = ById(kind="agenda", id=wanted.agenda_id or "", proven=True, accounts=ask.caller.sees)
    answer = await ask.edge.gateway.query(query)
    if not answer.agendas:
        raise NotFound(f"Agenda {wanted.agenda_id} not found")
    agenda = answer.agendas[0]
    command = rerunning(
        wanted,
        await ask.origin(),
        stream=agenda.progress_id or "",
        customer=agenda.customer_id or "",
        cipher=ask.edge.cipher,
        digest=await ask.digest(),
    )
    done = await ask.edge.gateway.command(command)
    return Reply(service_answer({}, cid=ask.cid), where(done))


def rerunning(wanted: Rerun, origin: Origin, *, stream: str, customer: str, cipher: Cipher, digest: str) -> RerunAgenda:
    """The command of a request. It is remembered by its digest, key or no key: what is sent again after an unknown
    outcome must not begin the run a second time.
    """
    said = [entry.partition("=") for entry in wanted.params or () if entry]
    flags = {name for name, _, _ in said}
    named = [value for name, _, value in said if name == "operationsToReset"]
    operations = [token.strip() for value in named for token in value.split(",") if token.strip()]
    return RerunAgenda(
        id=origin.identity("command", 0),
        stream=stream,
        caller=origin.caller,
        correlation=origin.correlation,
        request=digest,
        agenda_id=wanted.agenda_id or "",
        resets_all="resetAll" in flags,
        operations=[*dict.fromkeys(operations)] if named else None,
        continues="continue" in flags,
        skips_execution="skipExecution" in flags,
        result=seal_value(cipher, customer, "{}"),
    )

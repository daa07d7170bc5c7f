"""POST and PUT of the objects of a run, and DELETE of an operation's progress (spec 2.5, 7.2)."""

from typing import TypeVar

from eventstore.commands import DeleteOperation
from eventstore.errors import Invalid, NotFound
from eventstore.model import OperationProgress
from handlers.endpoints.ask import Ask, Reply, where
from handlers.endpoints.catalogue import named
from handlers.intake.origin import Origin
from handlers.intake.runs import new_stream
from handlers.intake.saving import agenda_command, operation_command, progress_command
from handlers.wire.objects import OpenOperationRecord, OpenProgressRecord, OpenStoredAgenda, plain
from handlers.wire.requests import Open
from handlers.wire.responses import Wire, envelope, without_nulls
from projections.views import Answer, ById

T = TypeVar("T", bound=Open)


async def put_agenda(ask: Ask) -> Reply:
    """Merge into an agenda; its progress and its place in the line stay as they are."""
    said = await _said(ask, OpenStoredAgenda, "Agenda")
    identity = named(ask, said.id)
    found = await ask.edge.gateway.query(ById(kind="agenda", id=identity, proven=True, accounts=ask.caller.sees))
    if not found.agendas:
        raise NotFound(f"Unable to get object by id {identity}")
    command = agenda_command(said, found.agendas[0], await ask.origin(), ask.edge.cipher)
    answer = await ask.edge.gateway.command(command)
    return Reply(envelope(map(ask.edge.opener.agenda_json, answer.agendas), cid=ask.cid), where(answer))


async def post_progress(ask: Ask) -> Reply:
    """Create a progress or merge into it; the answer is what was sent, the operations that are not kept included."""
    said = await _said(ask, OpenProgressRecord, "AgendaProgress")
    _owned(said.customer_id)
    origin = await ask.origin()
    identity = said.id or ask.object_id or _new(ask, origin, "progress")
    command = progress_command(said, identity, said.customer_id or "", origin, ask.edge.cipher, must_exist=False)
    answer = await ask.edge.gateway.command(command)
    found = (ask.edge.opener.progress(view, operations=False) for view in answer.progresses)
    echo = [_echo(wire, said, "maximumAttempts") for wire in found]
    return Reply(envelope(echo, cid=ask.cid), where(answer))


async def put_progress(ask: Ask) -> Reply:
    """Merge into a progress and into the operations that come with it (spec 7.2)."""
    said = await _said(ask, OpenProgressRecord, "AgendaProgress")
    identity = named(ask, said.id)
    query = ById(kind="progress", id=identity, proven=True, accounts=ask.caller.sees)
    found = await ask.edge.gateway.query(query)
    if not found.progresses:
        raise NotFound(f"Unable to get object by id {identity}")
    customer, origin = found.progresses[0].progress.customer_id, await ask.origin()
    command = progress_command(said, identity, customer or "", origin, ask.edge.cipher, must_exist=True)
    answer = await ask.edge.gateway.command(command)
    shown = [ask.edge.opener.progress(view, operations=False) for view in answer.progresses]
    return Reply(envelope(shown, cid=ask.cid), where(answer))


async def post_operation(ask: Ask) -> Reply:
    """Create an operation's progress, with or without a progress that it belongs to, or merge into it."""
    said = await _said(ask, OpenOperationRecord, "OperationProgress")
    _owned(said.customer_id)
    origin = await ask.origin()
    identity = said.id or ask.object_id
    # Anyone's: what is there under this id is there, and refused where it is decided.
    stored = None if identity is None else await _operation(ask, identity, None)
    if identity is None:
        identity = _new(ask, origin, "operation") if not said.agenda_progress_id else origin.identity("operation", 0)
    home = said.agenda_progress_id or identity if stored is None else _home(stored)
    command = operation_command(
        said, (home, identity), said.customer_id or "", origin, ask.edge.cipher, must_exist=False
    )
    answer = await ask.edge.gateway.command(command)
    echo = [_echo(ask.edge.opener.operation(row), said, "attemptCount") for row in answer.operations]
    return Reply(envelope(echo, cid=ask.cid), where(answer))


async def put_operation(ask: Ask) -> Reply:
    """Merge into an operation's progress."""
    said = await _said(ask, OpenOperationRecord, "OperationProgress")
    identity = named(ask, said.id)
    stored = await _operation(ask, identity, ask.caller.sees)
    if stored is None:
        raise NotFound(f"Unable to get object by id {identity}")
    command = operation_command(
        said,
        (_home(stored), identity),
        stored.customer_id or "",
        await ask.origin(),
        ask.edge.cipher,
        must_exist=True,
    )
    answer = await ask.edge.gateway.command(command)
    return Reply(envelope(map(ask.edge.opener.operation, answer.operations), cid=ask.cid), where(answer))


async def delete_operation(ask: Ask) -> Reply:
    """Delete an operation's progress; what is gone, or another's, is an empty success."""
    if not ask.object_id:
        return Reply(envelope([], cid=ask.cid))
    found = await _operations(ask, ask.object_id, ask.caller.sees)
    if not found.operations:
        return Reply(envelope([], cid=ask.cid), where(found))
    stored = found.operations[0]
    origin = await ask.origin()
    command = DeleteOperation(
        id=origin.identity("command", 0),
        stream=_home(stored),
        caller=ask.caller,
        correlation=origin.correlation,
        request=origin.request,
        operation_id=stored.id or "",
    )
    answer = await ask.edge.gateway.command(command)
    return Reply(envelope([ask.edge.opener.operation(stored)], cid=ask.cid), where(answer))


async def _said(ask: Ask, kind: type[T], name: str) -> T:
    said = await ask.body(kind, name)
    if said is None:
        raise Invalid("Unable to POST/PUT a null object")
    return said


def _owned(customer: str | None) -> None:
    if not (customer or "").strip():
        raise Invalid("The customerId field must be specified.")


def _new(ask: Ask, origin: Origin, part: str) -> str:
    return new_stream(part, origin, ask.edge.partitions, ask.edge.gateway.turn())


async def _operations(ask: Ask, identity: str, accounts: list[str] | None) -> Answer:
    return await ask.edge.gateway.query(ById(kind="operation", id=identity, proven=True, accounts=accounts))


async def _operation(ask: Ask, identity: str, accounts: list[str] | None) -> OperationProgress | None:
    found = await _operations(ask, identity, accounts)
    return found.operations[0] if found.operations else None


def _home(stored: OperationProgress) -> str:
    """The stream of an operation's progress, fixed at its creation (design 4.5)."""
    return stored.agenda_progress_id or stored.id or ""


def _echo(wire: Wire, said: Open, *defaults: str) -> Wire:
    """What was sent, as it is kept, with what a POST sets; what is not kept of it is echoed all the same."""
    sent = plain(said)
    found = {name: value for name, value in wire.items() if name in sent or name in ("id", "addedTime", "updatedTime")}
    found |= {name: wire[name] for name in defaults if name in wire}
    if "operationProgress" in sent:
        found["operationProgress"] = without_nulls(sent["operationProgress"])
    return found

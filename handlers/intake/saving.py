"""From open wire objects to commands that POST and PUT the objects of a run (spec 2.5, 7.2, design 4.5, 4.7). Pure."""

from typing import Any

from msgspec.structs import replace

from eventstore.commands import SaveAgenda, SaveOperation, SaveProgress
from eventstore.errors import Invalid
from eventstore.model import Agenda, AgendaInsight, AgendaProgress
from eventstore.sealing import Cipher, seal_map
from handlers.intake.origin import Origin
from handlers.intake.sealed import sealed_diagnostics, sealed_entry, sealed_operation
from handlers.intake.validation import refuse_unstorable
from handlers.wire.objects import OpenBinding, OpenOperationRecord, OpenProgressRecord, OpenStoredAgenda
from handlers.wire.parsing import epoch_ms


def agenda_command(said: OpenStoredAgenda, stored: Agenda, origin: Origin, cipher: Cipher) -> SaveAgenda:
    """PUT of an agenda; its operations are taken as they are (spec 2.5)."""
    customer = stored.customer_id or ""
    operations = None
    if said.operations is not None:
        operations = [sealed_operation(one, customer, cipher) for one in said.operations if one is not None]
        refuse_unstorable([one.name for one in operations])
    agenda = Agenda(
        id=stored.id,
        cid=said.cid,
        customer_id=said.customer_id,
        title=said.title,
        added_time=epoch_ms(said.added_time, "addedTime"),
        operations=operations,
        params=None if said.params is None else seal_map(cipher, customer, said.params),
        job_id=said.job_id,
        link_id=said.link_id,
        progress_id=said.progress_id,
        agenda_insight=_binding(said.agenda_insight),
    )
    return SaveAgenda(**_command(origin, stored.progress_id or ""), agenda=agenda)


def progress_command(
    said: OpenProgressRecord, stream: str, customer: str, origin: Origin, cipher: Cipher, *, must_exist: bool
) -> SaveProgress:
    """POST or PUT of a progress under a customer's key; a POST keeps nothing of its operations (spec 2.5)."""
    refuse_unstorable([stream])
    entries = [entry for entry in said.operation_progress or [] if entry is not None]
    if must_exist:
        refuse_unstorable([entry.operation for entry in entries])
    elif not all((entry.operation or "").strip() for entry in entries):
        raise Invalid("The operation field must be specified for each operationProgress.")
    progress = AgendaProgress(
        id=stream,
        cid=said.cid,
        customer_id=said.customer_id,
        title=said.title,
        added_time=epoch_ms(said.added_time, "addedTime"),
        agenda_id=said.agenda_id,
        link_id=said.link_id,
        external_id=said.external_id,
        processing_state=said.processing_state,
        processing_state_message=said.processing_state_message,
        diagnostic_events=sealed_diagnostics(said, customer, cipher),
        attempts_completed=said.attempts_completed,
        maximum_attempts=said.maximum_attempts,
        started_time=epoch_ms(said.started_time, "startedTime"),
        completed_time=epoch_ms(said.completed_time, "completedTime"),
        percent_complete=said.percent_complete,
        params=None if said.params is None else seal_map(cipher, customer, said.params),
        agenda_insight=_binding(said.agenda_insight),
    )
    # A POST keeps none of them, but it echoes them: what cannot be kept, cannot be said again either.
    operations = [sealed_entry(entry, customer, cipher) for entry in entries]
    kept = operations if must_exist else []
    return SaveProgress(**_command(origin, stream), progress=progress, operations=kept, must_exist=must_exist)


def operation_command(
    said: OpenOperationRecord,
    home: tuple[str, str],
    customer: str,
    origin: Origin,
    cipher: Cipher,
    *,
    must_exist: bool,
) -> SaveOperation:
    """POST or PUT of an operation's progress; `home` is its stream and its id."""
    stream, identity = home
    refuse_unstorable([stream, identity])
    operation = replace(
        sealed_entry(said, customer, cipher),
        id=identity,
        customer_id=said.customer_id,
        agenda_progress_id=said.agenda_progress_id,
        added_time=epoch_ms(said.added_time, "addedTime"),
        attempt_count=said.attempt_count,
        attempt_time=epoch_ms(said.attempt_time, "attemptTime"),
    )
    return SaveOperation(**_command(origin, stream), operation=operation, must_exist=must_exist)


def _binding(said: OpenBinding | None) -> AgendaInsight | None:
    return None if said is None else AgendaInsight(resource_pool_id=said.resource_pool_id, insight_id=said.insight_id)


def _command(origin: Origin, stream: str) -> dict[str, Any]:
    return {
        "id": origin.identity("command", 0),
        "stream": stream,
        "caller": origin.caller,
        "correlation": origin.correlation,
        "request": origin.request,
    }

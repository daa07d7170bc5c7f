"""Open wire objects sealed at the edge, with what decisions need of them in the clear (design 4.7). Pure."""

from typing import Any

from eventstore.model import Operation, OperationProgress
from eventstore.sealing import Cipher, seal_field, seal_list, seal_map, seal_value
from handlers.wire.parsing import epoch_ms, text_of
from handlers.wire.references import operations_in
from handlers.wire.requests import OpenOperation, OpenOperationProgress, OpenProgress


def sealed_operation(operation: OpenOperation, customer: str, cipher: Cipher) -> Operation:
    """An operation with its payload sealed, and what decisions need of it in the clear."""
    params = operation.params
    parent = None if params is None else params.get("generatedOperationParent")
    return Operation(
        name=operation.name or "",
        type=operation.type,
        id=operation.id,
        payload=seal_field(cipher, customer, operation.payload),
        params=None if params is None else seal_map(cipher, customer, params),
        depends_on=_depends_on(params) or None,
        references=operations_in(operation.payload) or None,
        generated_parent=None if parent is None else text_of(parent),
    )


def sealed_entry(entry: OpenOperationProgress, customer: str, cipher: Cipher) -> OperationProgress:
    """What is said of an operation, with its payloads sealed; whose and where it is, is not said here."""
    return OperationProgress(
        cid=entry.cid,
        title=entry.title,
        operation=entry.operation,
        processing_state=entry.processing_state,
        processing_state_message=entry.processing_state_message,
        diagnostic_events=sealed_diagnostics(entry, customer, cipher),
        percent_complete=entry.percent_complete,
        started_time=epoch_ms(entry.started_time, "startedTime"),
        completed_time=epoch_ms(entry.completed_time, "completedTime"),
        result_payload=None if entry.result_payload is None else seal_value(cipher, customer, entry.result_payload),
        params=None if entry.params is None else seal_map(cipher, customer, entry.params),
    )


def sealed_diagnostics(
    said: OpenProgress | OpenOperationProgress, customer: str, cipher: Cipher
) -> list[str | None] | None:
    """Diagnostic events, by their name or by that of POP's documentation."""
    values = said.diagnostics if said.diagnostic_events is None else said.diagnostic_events
    return None if values is None else seal_list(cipher, customer, values)


def _depends_on(params: dict[str, Any] | None) -> list[str]:
    said = None if params is None else params.get("dependsOn")
    return [name.strip() for name in str(said).split(",") if name.strip()] if said is not None else []

"""Bodies as POP's clients send them: camelCase, explicit nulls, unknown fields, open payloads (spec 1, 2.6). Pure."""

from datetime import UTC, datetime
from sys import float_info
from typing import Annotated, Any, TypeVar

import msgspec

from eventstore.errors import BadRequest
from eventstore.model import ProcessingState, SchedulingAlgorithm

T = TypeVar("T")
#: Epoch ms, or an ISO-8601 text, which Jackson takes as well (spec 1.1).
Moment = int | float | str | None
#: Neither infinite nor "nan", for which JSON has no word: texts are read as numbers, and so would these be.
Finite = Annotated[float, msgspec.Meta(ge=-float_info.max, le=float_info.max)]


class Malformed(BadRequest):
    """The body is no JSON of the type that was expected: HTTP 400 (spec 2.3)."""


class Open(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Base of what comes in: null means "not supplied", and what is unknown is ignored."""


class OpenOperation(Open, frozen=True, kw_only=True):
    """An operation with its payload in the clear."""

    name: str | None = None
    type: str | None = None
    id: str | None = None
    payload: Any = None
    params: dict[str, Any] | None = None


class OpenAgenda(Open, frozen=True, kw_only=True):
    """An agenda as submitted (spec 1.3)."""

    id: str | None = None
    cid: str | None = None
    customer_id: str | None = None
    title: str | None = None
    operations: list[OpenOperation | None] | None = None
    params: dict[str, Any] | None = None
    job_id: str | None = None
    link_id: str | None = None
    progress_id: str | None = None


class OpenOperationProgress(Open, frozen=True, kw_only=True):
    """What an executor says of one operation (spec 1.6)."""

    operation: str | None = None
    cid: str | None = None
    title: str | None = None
    processing_state: ProcessingState | None = None
    processing_state_message: str | None = None
    diagnostic_events: list[Any] | None = None
    #: alias of diagnosticEvents
    diagnostics: list[Any] | None = None
    percent_complete: Finite | None = None
    started_time: Moment = None
    completed_time: Moment = None
    result_payload: str | None = None
    params: dict[str, Any] | None = None


class OpenProgress(Open, frozen=True, kw_only=True):
    """What an executor says of its run (spec 7.2)."""

    id: str | None = None
    processing_state: ProcessingState | None = None
    processing_state_message: str | None = None
    diagnostic_events: list[Any] | None = None
    #: alias of diagnosticEvents
    diagnostics: list[Any] | None = None
    percent_complete: Finite | None = None
    started_time: Moment = None
    completed_time: Moment = None
    operation_progress: list[OpenOperationProgress | None] | None = None


class UpdateProgress(Open, frozen=True, kw_only=True):
    """The body of updateAgendaProgress."""

    agenda_progress: OpenProgress | None = None


class HandBack(Open, frozen=True, kw_only=True):
    """The body of handBackAgenda: which run, and the start time that the executor reported with."""

    agenda_progress_id: str | None = None
    started_time: Moment = None


class Cancel(Open, frozen=True, kw_only=True):
    """The body of cancel."""

    agenda_id: str | None = None


class GetAgenda(Open, frozen=True, kw_only=True):
    """The body of getAgenda."""

    insight_id: str | None = None
    count: int | None = None


class Summary(Open, frozen=True, kw_only=True):
    """The body of the progress summary."""

    link_id: str | None = None


class OpenCustomer(Open, frozen=True, kw_only=True):
    """A customer as sent (spec 1.8)."""

    id: str | None = None
    cid: str | None = None
    customer_id: str | None = None
    title: str | None = None
    added_time: Moment = None
    billing_code: str | None = None
    resource_pool_id: str | None = None


class OpenResourcePool(Open, frozen=True, kw_only=True):
    """A resource pool as sent (spec 1.10); its insightIds are not stored, a POST alone echoes them."""

    id: str | None = None
    cid: str | None = None
    customer_id: str | None = None
    title: str | None = None
    added_time: Moment = None
    insight_ids: list[str] | None = None


class OpenInsight(Open, frozen=True, kw_only=True):
    """An Insight as sent (spec 1.9)."""

    id: str | None = None
    cid: str | None = None
    customer_id: str | None = None
    title: str | None = None
    added_time: Moment = None
    resource_pool_id: str | None = None
    queue_name: str | None = None
    queue_size: int | None = None
    scheduling_algorithm: SchedulingAlgorithm | None = None
    mappers: dict[str, list[str]] | None = None
    is_global: bool | None = None
    allowed_customer_ids: list[str] | None = None


_decoders: dict[type, "msgspec.json.Decoder[Any]"] = {
    kind: msgspec.json.Decoder(kind | None, strict=False)
    for kind in (
        OpenAgenda,
        UpdateProgress,
        HandBack,
        Cancel,
        GetAgenda,
        Summary,
        OpenCustomer,
        OpenResourcePool,
        OpenInsight,
    )
}


def parse(body: bytes, kind: type[T], name: str) -> T | None:
    """The request in a body, whatever its label; None if it is absent, blank or null. Raises Malformed."""
    if not body.strip():
        return None
    try:
        decoder = _decoders.get(kind) or _decoders.setdefault(kind, msgspec.json.Decoder(kind | None, strict=False))
        found: T | None = decoder.decode(body)
        return found
    except UnicodeDecodeError:
        return parse(body.decode("utf-8", "replace").encode(), kind, name)
    except RecursionError:
        raise Malformed(f"Request body is not recognized as '{name}': it is nested too deep") from None
    except msgspec.MsgspecError as wrong:
        raise Malformed(f"Request body is not recognized as '{name}': {wrong}") from None


def text_of(value: Any) -> str:
    """A param's value as POP's getters read it: as Java's toString says it (spec 1.1)."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def epoch_ms(moment: Moment, field: str) -> int | None:
    """Epoch ms of a number or an ISO-8601 text; raises Malformed."""
    if moment is None:
        return None
    try:
        ms = _from_text(moment) if isinstance(moment, str) else int(moment)
    except ValueError:
        ms = None
    if ms is None or not -(2**63) <= ms < 2**63:
        raise Malformed(f"expected {field} in epoch ms or ISO 8601, found {str(moment)[:40]!r}")
    return ms


def _from_text(moment: str) -> int:
    if moment.lstrip("-").isdigit():
        return int(moment)
    found = datetime.fromisoformat(moment)
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)

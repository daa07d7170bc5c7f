"""Data objects as they are sent to be stored as they are: by POST and PUT, and agendas inside templates. Pure."""

from typing import Annotated, Any

import msgspec

from eventstore.model import SchedulingAlgorithm
from handlers.wire.parsing import Moment
from handlers.wire.requests import Open, OpenAgenda, OpenOperationProgress, OpenProgress

#: Java's int.
Whole = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


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


class OpenBinding(Open, frozen=True, kw_only=True):
    """Which Insight of which pool."""

    resource_pool_id: str | None = None
    insight_id: str | None = None


class OpenStoredAgenda(OpenAgenda, frozen=True, kw_only=True):
    """An agenda that is kept as it was sent: in a template, or by PUT."""

    added_time: Moment = None
    updated_time: Moment = None
    agenda_insight: OpenBinding | None = None


class OpenAgendaTemplate(Open, frozen=True, kw_only=True):
    """A template as sent (spec 1.4); an incoming `global` is ignored (spec 1.1)."""

    id: str | None = None
    cid: str | None = None
    customer_id: str | None = None
    title: str | None = None
    added_time: Moment = None
    agenda: OpenStoredAgenda | None = None
    params: dict[str, Any] | None = None
    static_parameters: dict[str, Any] | None = None
    is_default_template: bool | None = None
    is_global: bool | None = None
    allowed_customer_ids: list[str] | None = None


class OpenOperationRecord(OpenOperationProgress, frozen=True, kw_only=True):
    """An OperationProgress as POST and PUT of it take it (spec 1.6)."""

    id: str | None = None
    customer_id: str | None = None
    agenda_progress_id: str | None = None
    added_time: Moment = None
    attempt_count: Whole | None = None
    attempt_time: Moment = None


class OpenProgressRecord(OpenProgress, frozen=True, kw_only=True):
    """An AgendaProgress as POST and PUT of it take it (spec 1.5)."""

    cid: str | None = None
    customer_id: str | None = None
    title: str | None = None
    added_time: Moment = None
    agenda_id: str | None = None
    link_id: str | None = None
    external_id: str | None = None
    attempts_completed: Whole | None = None
    maximum_attempts: Whole | None = None
    params: dict[str, Any] | None = None
    agenda_insight: OpenBinding | None = None


def plain(said: Any) -> Any:
    """What was said as plain JSON: fields that are null are not said, entries of maps and lists are (spec 1.1)."""
    match said:
        case msgspec.Struct():
            pairs = zip(said.__struct_encode_fields__, said.__struct_fields__, strict=True)
            return {wire: plain(value) for wire, name in pairs if (value := getattr(said, name)) is not None}
        case list():
            # What is any JSON holds no structs, and may be deeper than Python's stack.
            return [plain(value) if isinstance(value, msgspec.Struct) else value for value in said]
        case _:
            return said

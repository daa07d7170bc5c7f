"""Bodies of service calls on agendas (spec 2.7). Pure."""

from typing import Any

from handlers.wire.requests import Open, OpenOperation


class Rerun(Open, frozen=True, kw_only=True):
    """The body of rerun: entries of `params` are `name` or `name=value` (spec 8.1)."""

    agenda_id: str | None = None
    params: list[str | None] | None = None


class UpdateAgenda(Open, frozen=True, kw_only=True):
    """The body of updateAgenda: more operations, and params laid over those that are there (spec 8.4)."""

    agenda_id: str | None = None
    operations: list[OpenOperation | None] | None = None
    params: dict[str, Any] | None = None

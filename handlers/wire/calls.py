"""Bodies of service calls: an executor's (spec 7), on agendas (spec 2.7), and an operator's. Pure."""

from typing import Any

from handlers.wire.parsing import Moment
from handlers.wire.requests import Open, OpenAgenda, OpenOperation, OpenProgress


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


class Rerun(Open, frozen=True, kw_only=True):
    """The body of rerun: entries of `params` are `name` or `name=value` (spec 8.1)."""

    agenda_id: str | None = None
    params: list[str | None] | None = None


class UpdateAgenda(Open, frozen=True, kw_only=True):
    """The body of updateAgenda: more operations, and params laid over those that are there (spec 8.4)."""

    agenda_id: str | None = None
    operations: list[OpenOperation | None] | None = None
    params: dict[str, Any] | None = None


class CreateAgenda(Open, frozen=True, kw_only=True):
    """The body of createAgenda: agendas, each as in a POST of its own (spec 2.7.1)."""

    agendas: list[OpenAgenda | None] | None = None


class RunTemplate(Open, frozen=True, kw_only=True):
    """The body of run: `payload` is a text that holds JSON (spec 5.1)."""

    agenda_template_id: str | None = None
    payload: str | None = None


class Pause(Open, frozen=True, kw_only=True):
    """The body of an Insight's pause and resume."""

    insight_id: str | None = None
    reason: str | None = None


class RunTimers(Open, frozen=True, kw_only=True):
    """The body of a run of the timed processes."""

    dry_run: bool | None = None

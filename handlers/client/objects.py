"""POP's objects as a client sees them: camelCase, payloads in the clear, what is None is not said (spec 1). Pure.

Times are epoch milliseconds, UTC. The same types are sent and received.
"""

from typing import Any

import msgspec

from eventstore.model import AgendaInsight, Paused, ProcessingState, SchedulingAlgorithm


class Object(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base: fields that a client does not know are ignored."""


class Base(Object, frozen=True, kw_only=True):
    """What every data object has (spec 1.2)."""

    id: str | None = None
    cid: str | None = None
    customer_id: str | None = None
    title: str | None = None
    added_time: int | None = None
    updated_time: int | None = None


class DiagnosticEvent(Object, frozen=True, kw_only=True):
    """What went wrong (spec 1.7)."""

    message: str | None = None
    status_code: str | None = None
    time: int | None = None
    stack_trace: str | None = None
    payload: Any = None


class Operation(Object, frozen=True, kw_only=True):
    """One step of an agenda."""

    name: str
    type: str | None = None
    id: str | None = None
    payload: Any = None
    params: dict[str, Any] = {}


class Agenda(Base, frozen=True, kw_only=True):
    """The workflow (spec 1.3)."""

    operations: list[Operation] = []
    params: dict[str, Any] = {}
    job_id: str | None = None
    link_id: str | None = None
    progress_id: str | None = None
    agenda_insight: AgendaInsight | None = None


class OperationProgress(Object, frozen=True, kw_only=True):
    """The state of one operation (spec 1.6). `operation` is its name."""

    operation: str | None = None
    id: str | None = None
    customer_id: str | None = None
    agenda_progress_id: str | None = None
    added_time: int | None = None
    updated_time: int | None = None
    processing_state: ProcessingState | None = None
    processing_state_message: str | None = None
    diagnostic_events: list[DiagnosticEvent | None] | None = None
    percent_complete: float | None = None
    attempt_count: int | None = None
    attempt_time: int | None = None
    started_time: int | None = None
    completed_time: int | None = None
    #: JSON text
    result_payload: str | None = None
    params: dict[str, Any] | None = None

    @property
    def succeeded(self) -> bool:
        """It is complete and need not be run again."""
        return self.processing_state is ProcessingState.COMPLETE and self.processing_state_message == "succeeded"


class AgendaProgress(Object, frozen=True, kw_only=True):
    """The state of one agenda's run (spec 1.5)."""

    id: str | None = None
    customer_id: str | None = None
    agenda_id: str | None = None
    link_id: str | None = None
    external_id: str | None = None
    title: str | None = None
    added_time: int | None = None
    updated_time: int | None = None
    processing_state: ProcessingState | None = None
    processing_state_message: str | None = None
    diagnostic_events: list[DiagnosticEvent | None] | None = None
    attempts_completed: int | None = None
    maximum_attempts: int | None = None
    started_time: int | None = None
    completed_time: int | None = None
    percent_complete: float | None = None
    params: dict[str, Any] | None = None
    agenda_insight: AgendaInsight | None = None
    operation_progress: list[OperationProgress] | None = None

    @property
    def is_complete(self) -> bool:
        """It has come to an end; what failed may be given out again (spec 9.1)."""
        return self.processing_state is ProcessingState.COMPLETE

    @property
    def may_run_again(self) -> bool:
        """It failed, and has attempts left."""
        failed = self.is_complete and (self.processing_state_message or "").lower() == "failed"
        return failed and (self.attempts_completed or 1) < min(20, self.maximum_attempts or 3)


class Customer(Base, frozen=True, kw_only=True):
    """The tenant (spec 1.8)."""

    billing_code: str | None = None
    resource_pool_id: str | None = None


class ResourcePool(Base, frozen=True, kw_only=True):
    """Where work is done (spec 1.10); its Insights are found, not kept."""

    insight_ids: list[str] | None = None


class Insight(Base, frozen=True, kw_only=True):
    """A queue definition on a pool (spec 1.9)."""

    resource_pool_id: str | None = None
    queue_name: str | None = None
    queue_size: int | None = None
    scheduling_algorithm: SchedulingAlgorithm | None = None
    mappers: dict[str, list[str]] | None = None
    is_global: bool | None = None
    allowed_customer_ids: list[str] | None = None
    #: only while it is paused; not in POP
    paused: Paused | None = None


class AgendaTemplate(Base, frozen=True, kw_only=True):
    """A parameterised agenda (spec 1.4); what stands in it may be a reference instead of a value."""

    agenda: dict[str, Any] | None = None
    params: dict[str, Any] | None = None
    static_parameters: dict[str, Any] | None = None
    is_default_template: bool | None = None
    is_global: bool | None = None
    allowed_customer_ids: list[str] | None = None


class Work(Object, frozen=True, kw_only=True):
    """What getAgenda answers (spec 7.1)."""

    agendas: list[Agenda] = []
    agenda_progresses: list[AgendaProgress] = []


class Due(Object, frozen=True, kw_only=True):
    """What is due of one timed process; not in POP."""

    process: str
    due: int = 0
    done: int = 0
    runs: list[str] = []
    #: carried out as time goes by; false where AGENDUM_DRY_RUN names it
    by_itself: bool = True


class Problem(Object, frozen=True, kw_only=True):
    """An ErrorResponse (spec 2.2)."""

    title: str = ""
    description: str = ""
    response_code: int = 500


class Created(Object, frozen=True, kw_only=True):
    """What createAgenda answers (spec 2.7.1): the agendas that were accepted, and what was wrong with the others."""

    agendas: list[Agenda] = []
    error_response: Problem | None = None


class Summary(Object, frozen=True, kw_only=True):
    """How far several runs are together (spec 2.7.2); without a percentage where one of them failed."""

    progress_list: list[AgendaProgress] = []
    processing_state: ProcessingState | None = None
    processing_percent: float | None = None

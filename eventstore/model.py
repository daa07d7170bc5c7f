"""The nouns: POP's data objects as facts, in the shapes that events and rows carry (spec 1). Pure.

Every field but an id may be None, which means "not said": the same type serves as a whole object and
as a sparse change, and `merge` lays the one over the other as POP does, per top-level field (spec 2.5).
Times are epoch milliseconds, UTC. Fields marked *sealed* hold what `eventstore.sealing` made.
"""

from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec.structs import astuple, replace

#: One sealed value: "<key id>:<mac>:<data>" (see eventstore.sealing).
Sealed = str
#: A sealed field: a scalar sealed whole, a map value by value, a list entry by entry.
SealedField = str | dict[str, str] | list[str | None]


class ProcessingState(StrEnum):
    """How far a run or an operation is (spec 1.1)."""

    WAITING = "WAITING"
    EXECUTING = "EXECUTING"
    COMPLETE = "COMPLETE"


class SchedulingAlgorithm(StrEnum):
    """How an Insight's queue picks who is next (spec 1.9)."""

    ROUND_ROBIN = "RoundRobin"
    FIRST_IN_FIRST_OUT = "FirstInFirstOut"


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Base of everything that is stored: immutable, camelCase on disk, absent when None."""


class AgendaInsight(Fact, frozen=True, kw_only=True):
    """Which Insight, of which pool, an agenda is bound to."""

    resource_pool_id: str | None = None
    insight_id: str | None = None


class Operation(Fact, frozen=True, kw_only=True):
    """One step of an agenda. The last four fields were worked out at the edge, on open values."""

    name: str
    type: str | None = None
    id: str | None = None
    #: sealed
    payload: SealedField | None = None
    #: sealed, value by value
    params: dict[str, str] | None = None
    depends_on: list[str] | None = None
    references: list[str] | None = None
    generated_parent: str | None = None


class Base(Fact, frozen=True, kw_only=True):
    """What every POP object has (spec 1.2)."""

    id: str | None = None
    cid: str | None = None
    customer_id: str | None = None
    title: str | None = None
    added_time: int | None = None
    updated_time: int | None = None


class Agenda(Base, frozen=True, kw_only=True):
    """The workflow (spec 1.3)."""

    operations: list[Operation] | None = None
    #: sealed, value by value
    params: dict[str, str] | None = None
    job_id: str | None = None
    link_id: str | None = None
    progress_id: str | None = None
    agenda_insight: AgendaInsight | None = None


class AgendaProgress(Base, frozen=True, kw_only=True):
    """The state of one agenda's run, without its operations (spec 1.5)."""

    agenda_id: str | None = None
    link_id: str | None = None
    external_id: str | None = None
    processing_state: ProcessingState | None = None
    processing_state_message: str | None = None
    #: sealed, entry by entry; POP's executors send null entries (spec 14.9)
    diagnostic_events: list[str | None] | None = None
    attempts_completed: int | None = None
    maximum_attempts: int | None = None
    started_time: int | None = None
    completed_time: int | None = None
    percent_complete: float | None = None
    #: sealed, value by value
    params: dict[str, str] | None = None
    agenda_insight: AgendaInsight | None = None


class OperationProgress(Base, frozen=True, kw_only=True):
    """The state of one operation (spec 1.6). `operation` is the operation's name."""

    agenda_progress_id: str | None = None
    operation: str | None = None
    processing_state: ProcessingState | None = None
    processing_state_message: str | None = None
    #: sealed, entry by entry
    diagnostic_events: list[str | None] | None = None
    percent_complete: float | None = None
    #: attempts in which this operation was reported, the running one included
    attempt_count: int | None = None
    #: when the current attempt of this operation began
    attempt_time: int | None = None
    started_time: int | None = None
    completed_time: int | None = None
    #: sealed whole
    result_payload: str | None = None
    #: sealed, value by value
    params: dict[str, str] | None = None
    #: number of the run's attempt in which it was last reported; never on the wire
    attempt: int | None = None


class Customer(Base, frozen=True, kw_only=True):
    """The tenant (spec 1.8)."""

    billing_code: str | None = None
    resource_pool_id: str | None = None


class ResourcePool(Base, frozen=True, kw_only=True):
    """Processing resources (spec 1.10); its insightIds are looked up when answering."""


class Paused(Fact, frozen=True, kw_only=True):
    """An Insight hands out nothing: who said so, why, and since when."""

    by: str
    why: str
    since: int


class Insight(Base, frozen=True, kw_only=True):
    """A queue definition on a pool, with the mappers that bind agendas to it (spec 1.9)."""

    resource_pool_id: str | None = None
    queue_name: str | None = None
    #: kept and echoed; bounds nothing, because nothing waits in a buffer (design 4.2)
    queue_size: int | None = None
    scheduling_algorithm: SchedulingAlgorithm | None = None
    mappers: dict[str, list[str]] | None = None
    is_global: bool | None = None
    allowed_customer_ids: list[str] | None = None
    #: only while it is paused; nobody sets it but PauseInsight and ResumeInsight
    paused: Paused | None = None


class AgendaTemplate(Base, frozen=True, kw_only=True):
    """A parameterised agenda (spec 1.4). Its bodies are sealed value by value, their keys plain (design 4.7)."""

    #: sealed: the fields of the Agenda that a run of this template makes, nulls in its maps included
    agenda: dict[str, str] | None = None
    #: sealed
    params: dict[str, str] | None = None
    #: sealed
    static_parameters: dict[str, str] | None = None
    is_default_template: bool | None = None
    is_global: bool | None = None
    allowed_customer_ids: list[str] | None = None


CatalogueObject = Customer | ResourcePool | Insight | AgendaTemplate

F = TypeVar("F", bound=Fact)


def merge(stored: F, change: F) -> F:
    """Lay the non-None fields of `change` over `stored`: POP's sparse merge (spec 2.5)."""
    values = zip(stored.__struct_fields__, astuple(change), strict=True)
    return replace(stored, **{name: value for name, value in values if value is not None})

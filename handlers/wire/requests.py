"""Agendas and progress as POP's clients send them: camelCase, explicit nulls, unknown fields, open payloads (spec 1,
2.6). Pure.
"""

from sys import float_info
from typing import Annotated, Any

import msgspec

from eventstore.model import ProcessingState
from handlers.wire.parsing import Moment

#: Neither infinite nor "nan", for which JSON has no word: texts are read as numbers, and so would these be.
Finite = Annotated[float, msgspec.Meta(ge=-float_info.max, le=float_info.max)]


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

"""Short ways to say what a test is about."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eventstore.commands import (
    SERVICE,
    Caller,
    CancelAgenda,
    DeleteAgenda,
    DeleteOperation,
    DeleteProgress,
    DispatchAgenda,
    ExpandAgenda,
    ExpireDispatch,
    HandBackAgenda,
    ReapObjects,
    ReapRun,
    ReclaimAgenda,
    ReportProgress,
    RerunAgenda,
    RetryAgenda,
    ReturnDispatch,
    SaveAgenda,
    SaveOperation,
    SaveProgress,
    SubmitAgenda,
)
from eventstore.log import Record
from eventstore.model import (
    Agenda,
    AgendaInsight,
    AgendaProgress,
    CatalogueObject,
    Customer,
    Insight,
    Operation,
    OperationProgress,
    ProcessingState,
)
from eventstore.reading import Dropped
from handlers.wire.parsing import parse
from handlers.wire.requests import OpenAgenda
from projections.catalogue.catalogue import Catalogue
from projections.catalogue.fold import Item, stream_of

RUN = "r1"
NOW = 1_000_000
WAITING, EXECUTING, COMPLETE = ProcessingState
ALICE = Caller(subject="alice", accounts=["alice"])
MALLORY = Caller(subject="mallory", accounts=["mallory"])


def agenda(agenda_id: str = "a1", *operations: str, customer: str = "alice") -> Agenda:
    """An agenda of some operations, bound to Insight i1."""
    return Agenda(
        id=agenda_id,
        customer_id=customer,
        progress_id=RUN,
        operations=[Operation(name=name, type="t") for name in operations or ("x", "y")],
        agenda_insight=AgendaInsight(resource_pool_id="p1", insight_id="i1"),
    )


def submit(agenda_id: str = "a1", *operations: str, **more: Any) -> SubmitAgenda:
    """Submit an agenda."""
    return SubmitAgenda(
        **{"id": f"submit-{agenda_id}", "stream": RUN, "now": NOW, "agenda": agenda(agenda_id, *operations), **more}
    )


def chain(agenda_id: str = "a1", **more: Any) -> SubmitAgenda:
    """Submit x, y after x, z with the result of y, and u by itself; y generated g, which generated h."""
    operations = [
        Operation(name="x"),
        Operation(name="y", depends_on=["x"]),
        Operation(name="z", references=["y"]),
        Operation(name="u"),
        Operation(name="g", generated_parent="y"),
        Operation(name="h", generated_parent="g"),
    ]
    return submit(agenda_id, agenda=msgspec.structs.replace(agenda(agenda_id), operations=operations), **more)


def dispatch(attempt: int = 0, **more: Any) -> DispatchAgenda:
    """Dispatch agenda a1 as it was seen in an attempt."""
    fields: dict[str, Any] = {
        "id": f"dispatch-{attempt}",
        "stream": RUN,
        "now": NOW + 10,
        "agenda_id": "a1",
        "dispatch_id": f"d{attempt}",
        "attempt": attempt,
        "queue": "q",
        "insight_id": "i1",
        "epoch": 7,
        "number": attempt + 1,
        "algorithm": "FirstInFirstOut",
        "deadline": NOW + 1000,
        "patience": 5000,
    }
    return DispatchAgenda(**{**fields, **more})


def take_back(dispatch_id: str = "d0", **more: Any) -> ReturnDispatch:
    """Return a dispatch of agenda a1."""
    return ReturnDispatch(
        **{"id": "return", "stream": RUN, "now": NOW + 20, "agenda_id": "a1", "dispatch_id": dispatch_id, **more}
    )


def expire(attempt: int = 1, **more: Any) -> ExpireDispatch:
    """Expire the dispatch that made an attempt of agenda a1."""
    return ExpireDispatch(
        **{"id": "expire", "stream": RUN, "now": NOW + 6000, "agenda_id": "a1", "attempt": attempt, **more}
    )


def report(
    started: int | None = 500, *operations: OperationProgress, identity: str = "report", **more: Any
) -> ReportProgress:
    """A report of an executor that started at a time; `state`, `percent`, `message` are of the run."""
    progress = AgendaProgress(
        started_time=started,
        processing_state=more.pop("state", EXECUTING),
        percent_complete=more.pop("percent", None),
        processing_state_message=more.pop("message", None),
        diagnostic_events=more.pop("diagnostics", None),
    )
    fields = {"id": identity, "stream": RUN, "now": NOW + 100, "progress": progress, "operations": [*operations]}
    return ReportProgress(**{**fields, **more})


def operation(name: str, state: ProcessingState | None = COMPLETE, **more: Any) -> OperationProgress:
    """What a report says of an operation."""
    return OperationProgress(operation=name, processing_state=state, **more)


def hand_back(started: int | None = 500, **more: Any) -> HandBackAgenda:
    """The executor that started at a time gives its run back."""
    return HandBackAgenda(**{"id": "hand-back", "stream": RUN, "now": NOW + 150, "started_time": started, **more})


def reclaim(attempt: int = 1, **more: Any) -> ReclaimAgenda:
    """Reclaim an attempt of agenda a1 after a minute of silence."""
    fields = {"id": "reclaim", "stream": RUN, "now": NOW + 100_000, "agenda_id": "a1", "attempt": attempt}
    return ReclaimAgenda(**{**fields, "age": 60_000, "diagnostic": "plain:mac-of-timed-out:{}", **more})


def retry(attempt: int = 1, **more: Any) -> RetryAgenda:
    """Retry agenda a1 after an attempt failed."""
    return RetryAgenda(
        **{"id": "retry", "stream": RUN, "now": NOW + 200_000, "agenda_id": "a1", "attempt": attempt, **more}
    )


def rerun(*operations: str, **more: Any) -> RerunAgenda:
    """Begin agenda a1 again, as a whole or some operations of it."""
    fields = {"id": "rerun", "stream": RUN, "now": NOW + 300_000, "agenda_id": "a1", "result": "plain:mac-of-none:{}"}
    return RerunAgenda(**{**fields, "operations": [*operations] if operations else None, **more})


def expand(*operations: Operation, **more: Any) -> ExpandAgenda:
    """Add operations to agenda a1."""
    fields = {"id": "expand", "stream": RUN, "now": NOW + 140, "agenda_id": "a1", "operations": [*operations]}
    return ExpandAgenda(**{**fields, **more})


def cancel(**more: Any) -> CancelAgenda:
    """Cancel agenda a1."""
    return CancelAgenda(**{"id": "cancel", "stream": RUN, "now": NOW + 160, "agenda_id": "a1", **more})


def delete_agenda(**more: Any) -> DeleteAgenda:
    """Delete agenda a1."""
    return DeleteAgenda(**{"id": "delete-a1", "stream": RUN, "now": NOW + 200, "agenda_id": "a1", **more})


def delete_progress(**more: Any) -> DeleteProgress:
    """Delete the progress."""
    return DeleteProgress(**{"id": "delete-p", "stream": RUN, "now": NOW + 200, **more})


def save_agenda(**fields: Any) -> SaveAgenda:
    """PUT agenda a1; `fields` are the agenda's."""
    command: dict[str, Any] = {
        name: fields.pop(name) for name in ("id", "now", "caller", "request", "inbox") if name in fields
    }
    body = Agenda(id=fields.pop("agenda_id", "a1"), **fields)
    return SaveAgenda(**{"id": "save-a1", "stream": RUN, "now": NOW + 120, "agenda": body, **command})


def save_progress(*operations: OperationProgress, **fields: Any) -> SaveProgress:
    """PUT (or, with must_exist=False, POST) the progress; `fields` are the progress's."""
    names = ("id", "now", "caller", "request", "inbox", "must_exist")
    command = {name: fields.pop(name) for name in names if name in fields}
    body: dict[str, Any] = {"progress": AgendaProgress(**{"id": RUN, **fields}), "operations": [*operations]}
    return SaveProgress(**{"id": "save-p", "stream": RUN, "now": NOW + 130, "must_exist": True, **body, **command})


def save_operation(identity: str = "r1-x", **fields: Any) -> SaveOperation:
    """PUT (or, with must_exist=False, POST) an operation's progress; `fields` are its."""
    names = ("id", "now", "caller", "request", "inbox", "must_exist")
    command = {name: fields.pop(name) for name in names if name in fields}
    body: dict[str, Any] = {"operation": OperationProgress(id=identity, **fields), "must_exist": True}
    return SaveOperation(**{"id": "save-o", "stream": RUN, "now": NOW + 140, **body, **command})


def delete_operation(identity: str = "r1-x", **more: Any) -> DeleteOperation:
    """Delete an operation's progress."""
    return DeleteOperation(**{"id": "delete-o", "stream": RUN, "now": NOW + 210, "operation_id": identity, **more})


def reap(**more: Any) -> ReapRun:
    """Reap the run, two days later."""
    return ReapRun(**{"id": "reap", "stream": RUN, "now": NOW + 2 * 86_400_000, **more})


def reap_objects(**more: Any) -> ReapObjects:
    """Reap what is three days old of the run."""
    ages = dict.fromkeys(("agenda_age", "progress_age", "operation_age"), 3 * 86_400_000)
    return ReapObjects(**{"id": "reap-objects", "stream": RUN, "now": NOW + 3 * 86_400_000 + 200, **ages, **more})


def sent(*operations: Mapping[str, Any] | None, customer: str | None = "alice", **more: Any) -> OpenAgenda:
    """An agenda as a client sends it; `more` in camelCase."""
    body = {"customerId": customer, "operations": operations, **more}
    found = parse(msgspec.json.encode(body), OpenAgenda, "Agenda")
    assert found is not None
    return found


def customer(identity: str = "alice", **more: Any) -> Customer:
    """A customer in pool p1."""
    return Customer(**{"id": identity, "customer_id": identity, "title": "t", "resource_pool_id": "p1", **more})


def insight(identity: str = "i1", **more: Any) -> Insight:
    """An Insight of alice's on pool p1; without mappers it takes nothing."""
    return Insight(**{"id": identity, "customer_id": "alice", "title": identity, "resource_pool_id": "p1", **more})


def catalogue(*things: CatalogueObject) -> Catalogue:
    """A catalogue that holds these, in this order."""
    found = Catalogue(lambda _: Dropped("none"))
    for thing in things:
        found.keep(stream_of(thing), Item(1, "link", "last", thing))
    return found


__all__ = ["ALICE", "MALLORY", "NOW", "RUN", "SERVICE"]


def same(one: Record, other: Record) -> bool:
    """Whether two records say the same, byte for byte, at the same place and time."""
    return [*one.headers] == [*other.headers] and all(
        getattr(one, name) == getattr(other, name)
        for name in ("topic", "partition", "offset", "timestamp", "key", "value")
    )

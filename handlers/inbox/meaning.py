"""What a record of the inbox means: one command as a CloudEvent (handlers.inbox.cloud_events). Pure.

| type | body: the JSON of the HTTP request |
|---|---|
| agendum.SubmitAgenda.v1 | the agenda (POST /agenda) |
| agendum.ReportProgress.v1 | `{"agendaProgress": ...}` (updateAgendaProgress) |
| agendum.CancelAgenda.v1 | `{"agendaId": ...}` (cancel) |

The ids of what a command makes follow from (customer, source, id) alone: who publishes the same event again, in
whatever record, asks for the same thing once, and whoever knows the three knows the ids before anything is decided.
"""

from hashlib import sha256
from typing import Any

import msgspec

from eventstore.commands import Caller
from eventstore.errors import BadRequest
from eventstore.ids import derive
from eventstore.log import Illegible, Record
from handlers.inbox.cloud_events import NoCloudEvent, attributes, refuse_unsayable
from handlers.intake.origin import Origin
from handlers.intake.runs import run_and_agenda
from handlers.wire.calls import Cancel, UpdateProgress
from handlers.wire.parsing import parse
from handlers.wire.requests import OpenAgenda

SUBMIT, REPORT, CANCEL = "agendum.SubmitAgenda.v1", "agendum.ReportProgress.v1", "agendum.CancelAgenda.v1"


class Kind(msgspec.Struct, frozen=True):
    """One kind of command: what its body is, what the body is called in errors, and what it is for."""

    body: type[Any]
    name: str
    about: str


KINDS = {
    SUBMIT: Kind(OpenAgenda, "Agenda", "Accept an agenda."),
    REPORT: Kind(UpdateProgress, "UpdateAgendaProgressRequest", "What an executor says of its run."),
    CANCEL: Kind(Cancel, "CancelAgendaRequest", "End an agenda, whether it waits or runs."),
}

Body = OpenAgenda | UpdateProgress | Cancel | None


class NoKey(BadRequest):
    """The record has no key: nothing would keep commands on one run in order."""

    title = "NoKey"


class UnknownType(BadRequest):
    """The event's type is none of the inbox's commands."""

    title = "UnknownType"


class UnknownVersion(BadRequest):
    """A command of ours, in a version that this release does not know."""

    title = "UnknownVersion"


class TooLarge(BadRequest):
    """The record is larger than the body of a request may be."""

    code = 413
    title = "PayloadTooLargeException"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One command as it was published."""

    type: str
    id: str
    source: str
    #: correlation of what follows from it: the header `ce_correlation`, else the id
    correlation: str
    #: digest of the body
    digest: str
    body: Body
    #: partition and offset of the record
    position: tuple[int, int]
    #: what it is about: commands on one target keep their order, whatever their keys
    target: str


def read(record: Record, limit: int) -> Wish:
    """The command in a record of at most `limit` bytes. Raises Rejected."""
    if isinstance(record, Illegible):
        raise NoCloudEvent(f"expected a record that the client can read, found {record.why}")
    if record.key is None:
        raise NoKey("expected a record with a key, by which commands on one run keep their order; found none")
    value = record.value
    if value is None:
        raise NoCloudEvent("expected a CloudEvent, found a record without a value")
    if len(value) > limit:
        raise TooLarge(f"expected a command of at most {limit} bytes, found {len(value)}: send less at once")
    said, data = attributes(record, value)
    refuse_unsayable(said)
    kind = _kind(said["type"])
    body = parse(data, kind.body, kind.name)
    return Wish(
        type=said["type"],
        id=said["id"],
        source=said["source"],
        correlation=said.get("correlation") or said["id"],
        digest=sha256(data).hexdigest(),
        body=body,
        position=(record.partition, record.offset),
        target=_target(body) or f"{said['source']}\0{said['id']}",
    )


def origin(wish: Wish, caller: Caller, customer: str) -> Origin:
    """Where a command comes from, with the ids that follow."""
    return Origin(
        caller,
        identity=lambda part, n: derive(":inbox", customer, wish.source, wish.id, part, n),
        correlation=wish.correlation,
        request=wish.digest,
        inbox=wish.position,
    )


def ids_of(customer: str, source: str, identity: str, progress_id: str | None, partitions: int) -> tuple[str, str]:
    """Run and agenda that a SubmitAgenda leads to: known before it is published."""
    wish = Wish(
        type=SUBMIT, id=identity, source=source, correlation="", digest="", body=None, position=(0, 0), target=""
    )
    return run_and_agenda(progress_id, origin(wish, Caller(subject=""), customer), partitions, None)


def _kind(name: str) -> Kind:
    kind = KINDS.get(name)
    if kind is not None:
        return kind
    known = ", ".join(KINDS)
    if name.rpartition(".")[0] in {each.rpartition(".")[0] for each in KINDS}:
        raise UnknownVersion(f"expected one of {known}; found {name}: a newer release may know it")
    raise UnknownType(f"expected one of {known}; found {name[:100]!r}")


def _target(body: Body) -> str | None:
    match body:
        case OpenAgenda():
            return body.progress_id
        case UpdateProgress():
            return None if body.agenda_progress is None else body.agenda_progress.id
        case Cancel():
            return body.agenda_id
        case None:
            return None

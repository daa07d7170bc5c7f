"""Objects and envelopes as POP's clients read them: camelCase, no nulls, open payloads (spec 1.1, 2.2). Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from eventstore.model import (
    Agenda,
    AgendaProgress,
    AgendaTemplate,
    Customer,
    Fact,
    Insight,
    Operation,
    OperationProgress,
    ResourcePool,
)
from eventstore.sealing import Cipher
from projections.views import ProgressView

Wire = dict[str, Any]
#: Fields that decisions keep beside an object and that no client sees.
_INTERNAL = frozenset({"depends_on", "references", "generated_parent", "attempt"})
_UNSHOWN: dict[str, None] = dict.fromkeys(name for name in Operation.__struct_fields__ if name in _INTERNAL)
_SEALED = frozenset({"payload", "params", "diagnostic_events", "result_payload"})
_SEALED_IN_TEMPLATES = frozenset({"agenda", "params", "static_parameters"})
_NULL = b"null"
#: Progresses that are kept as they were sent, and how large they may be (bytes).
WRITTEN, WRITTEN_BYTES = 2000, 16 << 10

encode = msgspec.json.Encoder().encode


def _fields(kind: type[Fact]) -> tuple[tuple[str, str, bool], ...]:
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    sealed = _SEALED_IN_TEMPLATES if kind is AgendaTemplate else _SEALED
    return tuple((name, wire, name in sealed) for name, wire in names if name not in _INTERNAL)


#: What clients see of each kind: attribute, name on the wire, and whether it is sealed in the log.
FIELDS: dict[type[Fact], tuple[tuple[str, str, bool], ...]] = {
    kind: _fields(kind)
    for kind in (Agenda, Operation, AgendaProgress, OperationProgress, Customer, ResourcePool, Insight, AgendaTemplate)
}


class Opener:
    """Turns stored facts into wire objects, with a cipher to open what is sealed."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self._written: dict[str, tuple[ProgressView, Raw]] = {}

    def agenda_json(self, row: Agenda) -> Raw:
        """An agenda, ready to be sent: the bytes that `agenda` comes to, written by the encoder."""
        customer = row.customer_id or ""
        operations = row.operations
        if operations is not None:
            operations = [
                replace(
                    one,
                    payload=self._opened(one.payload, customer),
                    params=self._opened(one.params, customer),
                    **_UNSHOWN,
                )
                for one in operations
            ]
        return Raw(encode(replace(row, operations=operations, params=self._opened(row.params, customer))))

    def agenda(self, row: Agenda, added: int | None = None) -> Wire:
        """An agenda; `added` is put among its params in getAgenda's answer alone (spec 7.1)."""
        customer = row.customer_id or ""
        found = self._object(row, customer)
        if row.operations is not None:
            found["operations"] = [self._object(operation, customer) for operation in row.operations]
        if added is not None:
            found["params"] = {**found.get("params", {}), "added": added}
        return found

    def progress(self, view: ProgressView, *, operations: bool = True) -> Wire:
        """An AgendaProgress with its operations."""
        found = self._object(view.progress, view.progress.customer_id or "")
        if operations:
            found["operationProgress"] = [self.operation(row) for row in view.operations]
        return found

    def progress_json(self, view: ProgressView) -> Raw:
        """An AgendaProgress with its operations, ready to be sent; the same view is opened and written once."""
        identity = view.progress.id or ""
        known = self._written.get(identity)
        if known is not None and known[0] is view:
            return known[1]
        text = encode(self.progress(view))
        if len(text) <= WRITTEN_BYTES:
            if len(self._written) >= WRITTEN:
                self._written.clear()
            self._written[identity] = view, Raw(text)
        return Raw(text)

    def operation(self, row: OperationProgress) -> Wire:
        """An OperationProgress."""
        return self._object(row, row.customer_id or "")

    def template(self, row: AgendaTemplate) -> Wire:
        """An AgendaTemplate, with `global` twice (spec 1.1)."""
        found = self._object(row, row.customer_id or "")
        return found if row.is_global is None else {**found, "global": row.is_global}

    def _object(self, row: Fact, customer: str) -> Wire:
        found: Wire = {}
        for name, wire, sealed in FIELDS[type(row)]:
            value = getattr(row, name)
            if value is not None:
                found[wire] = self._opened(value, customer) if sealed else value
        return found

    def _opened(self, value: Any, customer: str) -> Any:
        match value:
            case str():
                return Raw(self._json(customer, value))
            case dict():
                texts = [(name, self._json(customer, entry)) for name, entry in value.items()]
                return {name: Raw(text) for name, text in texts if text != _NULL}
            case list():
                return [None if entry is None else Raw(self._json(customer, entry)) for entry in value]
            case _:
                return value

    def _json(self, customer: str, sealed: str) -> bytes:
        text = self._cipher.open(customer, sealed)
        # Only a text in which "null" occurs can hold a null in a map, which the wire leaves out.
        if _NULL in text and text != _NULL:
            text = encode(without_nulls(msgspec.json.decode(text)))
        return text


def without_nulls(node: Any) -> Any:
    """JSON without null entries of maps; null elements of lists stay (spec 1.1)."""
    match node:
        case dict():
            return {name: without_nulls(value) for name, value in node.items() if value is not None}
        case list():
            return [without_nulls(value) for value in node]
        case _:
            return node


def catalogue_object(row: Customer | ResourcePool | Insight, insight_ids: Callable[[str], list[str]] | None) -> Wire:
    """A customer, pool or Insight; a pool with the ids of its Insights, an Insight with `global` twice (spec 1.1)."""
    found = {wire: value for name, wire, _ in FIELDS[type(row)] if (value := getattr(row, name)) is not None}
    if isinstance(row, ResourcePool) and insight_ids is not None:
        found["insightIds"] = insight_ids(row.id or "")
    if isinstance(row, Insight) and row.is_global is not None:
        found["global"] = row.is_global
    return found


def envelope(objects: Iterable[Any], *, cid: str | None = None, count: int | None = None) -> Wire:
    """The answer of a data object's endpoint (spec 2.2)."""
    found = [*objects]
    answer: Wire = {"all": found, "count": len(found) if count is None else count, "error": False}
    if cid is not None:
        answer["cid"] = cid
    return answer


def service_answer(fields: Mapping[str, Any], *, cid: str | None = None) -> Wire:
    """The answer of a service endpoint (spec 2.7)."""
    answer: Wire = {**fields, "error": False}
    if cid is not None:
        answer["cid"] = cid
    return answer


def error_response(title: str, description: str, code: int, correlation: str | None) -> Wire:
    """ErrorResponse (spec 2.2); the trace names the error, never our insides."""
    found: Wire = {"title": title, "description": description, "responseCode": code}
    if correlation is not None:
        found["correlationId"] = correlation
    found["serverStackTrace"] = f"{title}: {description}"
    return found

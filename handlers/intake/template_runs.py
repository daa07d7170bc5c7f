"""From an AgendaTemplate and a payload to the agenda that is submitted (spec 5). Pure.

The parameters are the template's `staticParameters`, and the payload as `pop.payload` and `pop.transformRequest`. All
of the template's agenda is gone through, not just its operations; what stands for nothing stays as it is, so references
to results of operations get to the executor.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, NoReturn

import msgspec
from msgspec.structs import replace as changed

from eventstore.errors import BadRequest, Invalid, Rejected
from handlers.wire.parsing import text_of
from handlers.wire.replacement import replace
from handlers.wire.requests import OpenAgenda

#: What the payload is called in a template.
PAYLOAD_NAMES = ("pop.payload", "pop.transformRequest")
_TEXTS = ("id", "cid", "customerId", "title", "jobId", "linkId", "progressId", "name", "type")


class DuplicateParameter(Invalid):
    """A static parameter has the name of another (spec 5.2)."""

    title = "DuplicateParameterException"


class NotGenerated(Rejected):
    """What a template made is no agenda (spec 5.1)."""

    code = 500
    title = "RuntimeServiceException"


def parse_payload(text: str) -> Any:
    """The JSON that a text begins with; raises BadRequest. What stands behind it is nobody's (spec 5.1, 2)."""
    try:
        decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
        found = decoder.raw_decode(text.lstrip())[0]
        msgspec.json.encode(found)  # half of a surrogate pair can be read, but never be written again
        return found
    except (ValueError, RecursionError):
        raise BadRequest("Unable to parse input payload as JSON") from None


def generate(
    agenda: Mapping[str, Any] | None, static: Mapping[str, Any], payload: Any, title: str | None
) -> OpenAgenda:
    """The agenda of a template, whose title it gets if it has none; raises DuplicateParameter, NotGenerated."""
    values = dict(static)
    for name in PAYLOAD_NAMES:
        if name in values:
            raise DuplicateParameter(f"Parameter [{name}] is duplicated.")
        values[name] = payload
    if agenda is None:
        raise NotGenerated(f"Failed to generate Agenda from template: [{title}]")
    made = _texts(replace(dict(agenda), values)[0])
    if isinstance(made.get("operations"), list):
        made["operations"] = [_texts(one) if isinstance(one, dict) else one for one in made["operations"]]
    try:
        found = msgspec.convert(made, OpenAgenda, strict=False)
    except msgspec.ValidationError as wrong:
        raise NotGenerated(f"Failed to generate Agenda from template: [{title}] {wrong}") from None
    return changed(found, title=found.title or title)


def _texts(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers and booleans where a text is wanted, as Jackson reads them: a reference keeps the type of its value."""
    return {
        name: text_of(value) if name in _TEXTS and isinstance(value, int | float) else value
        for name, value in fields.items()
    }


def _finite(digits: str) -> float:
    """A number as JSON can say it again: what is too large for one would silently become a null."""
    found = float(digits)
    return found if isfinite(found) else _no_constant(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)

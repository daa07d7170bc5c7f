"""JSON schemas of what HTTP takes and answers, made from the types that are decoded and stored. Pure."""

import re
from enum import StrEnum
from types import NoneType
from typing import Any, get_args

import msgspec

from eventstore.model import (
    AgendaProgress,
    AgendaTemplate,
    Fact,
    Insight,
    OperationProgress,
    ResourcePool,
)
from handlers.client.objects import DiagnosticEvent, Due
from handlers.documents.documented import TOLD, Told
from handlers.wire.requests import OpenOperationProgress
from handlers.wire.responses import FIELDS

Json = dict[str, Any]
_TEMPLATE = "#/components/schemas/{name}"
_TEXT: Json = {"type": "string"}
_OBJECT: Json = {"type": "object"}
_BOOLEAN: Json = {"type": "boolean"}


#: What parentheses in docstrings lead to is for readers of the code.
_POINTERS = re.compile(r"\s*\((?:spec|design|issue)[^)]*\)|[;,]? not in POP")


def told_of(text: str | None) -> str:
    """What a docstring says to those who read no code: its first paragraph."""
    return _POINTERS.sub("", (text or "").strip().split("\n\n", maxsplit=1)[0].replace("\n", " "))


def reference(name: str) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": _TEMPLATE.format(name=name)}


def schemas() -> Json:
    """All schemas of the document."""
    sent = [kind for told in TOLD.values() for kind in told.sent.values()]
    _, found = msgspec.json.schema_components([*sent, OpenOperationProgress, *FIELDS], ref_template=_TEMPLATE)
    _, other = msgspec.json.schema_components([DiagnosticEvent, Due], ref_template=_TEMPLATE)
    objects = {kind.__name__: _object(kind, found[kind.__name__]) for kind in FIELDS}
    answers = {answer_name(name): _answer(told) for name, told in TOLD.items()}
    every = {**found, **other, **objects, **answers, **_problems()}
    return {name: _described(schema) for name, schema in every.items()}


def _described(schema: Json) -> Json:
    return {**schema, "description": told_of(schema["description"])} if "description" in schema else schema


def answer_name(route: str) -> str:
    """The name of the schema of a route's successful answer."""
    return f"{route[0].upper()}{route[1:]}Answer"


def text_fields(kind: type[Fact]) -> list[str]:
    """The attributes of a kind that a `by…` query can compare: texts that are not sealed (spec 2.4)."""
    hints = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return [wire for name, wire, sealed in FIELDS[kind] if not sealed and _is_text(hints[name])]


def _is_text(hint: Any) -> bool:
    return any(isinstance(one, type) and issubclass(one, str) for one in get_args(hint) or [hint])


def _object(kind: type[Fact], stored: Json) -> Json:
    """A kind as clients see it: sealed fields open, nothing null, and what is looked up or said twice."""
    hints = {field.name: field.type for field in msgspec.structs.fields(kind)}
    properties = {
        wire: _opened(kind, name, hints[name]) if sealed else _present(stored["properties"][wire])
        for name, wire, sealed in FIELDS[kind]
    }
    return {
        "title": kind.__name__,
        "description": stored["description"].split(".")[0] + ".",
        "type": "object",
        "properties": {**properties, **_added(kind)},
    }


def _opened(kind: type[Fact], name: str, hint: Any) -> Json:
    origins = {getattr(one, "__origin__", one) for one in get_args(hint)} - {NoneType}
    if kind is AgendaTemplate and name == "agenda":
        return reference("OpenStoredAgenda")
    if origins == {dict}:
        return _OBJECT
    if origins == {list}:
        return {"type": "array", "items": {"description": "as it was sent: a DiagnosticEvent, or null"}}
    return _TEXT if origins == {str} else {"description": "any JSON"}


def _present(schema: Json) -> Json:
    found = {name: value for name, value in schema.items() if name != "default"}
    choices = [each for each in found.pop("anyOf", []) if each != {"type": "null"}]
    match choices:
        case []:
            return found
        case [only]:
            return {**found, **only}
        case _:
            return {**found, "anyOf": choices}


def _added(kind: type[Fact]) -> Json:
    twice = {**_BOOLEAN, "readOnly": True, "description": "isGlobal, once more"}
    alias = {"type": "array", "items": {}, "description": "diagnosticEvents, if `byfields` names it"}
    operations = [reference("OperationProgress"), reference("OpenOperationProgress"), {"type": "null"}]
    if kind in (Insight, AgendaTemplate):
        return {"global": twice}
    if kind is ResourcePool:
        return {"insightIds": {"type": "array", "items": _TEXT, "description": "those that the caller may see"}}
    if kind is OperationProgress:
        return {"diagnostics": alias}
    if kind is not AgendaProgress:
        return {}
    told = "its operations; the answer of a POST says what was sent"
    return {
        "diagnostics": alias,
        "operationProgress": {"type": "array", "items": {"anyOf": operations}, "description": told},
    }


def _answer(told: Told) -> Json:
    common: Json = {"error": {"const": False}, "cid": {**_TEXT, "description": "the request's X-pop-cid"}}
    if told.kind is None:
        fields = {name: _field(kind) for name, kind in told.fields.items()}
        return {"type": "object", "required": ["error"], "properties": {**fields, **common}}
    return {
        "type": "object",
        "required": ["all", "count", "error"],
        "properties": {
            "all": {"type": "array", "items": reference(told.kind.__name__)},
            "count": {"type": "integer", "minimum": 0},
            "next": {**_TEXT, "description": "the next page's `cursor`, where there is more"},
            **common,
        },
    }


def _field(kind: Any) -> Json:
    inner = get_args(kind)
    if inner:
        return {"type": "array", "items": _field(inner[0])}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct | StrEnum):
        return reference(kind.__name__)
    return msgspec.json.schema(kind)


def _problems() -> Json:
    problem = dict.fromkeys(("title", "description", "correlationId", "serverStackTrace"), _TEXT)
    texts = "title, description and responseCode say what was wrong; serverStackTrace repeats them"
    lists = {"description": "what was done all the same, where several things were asked for", "type": "array"}
    return {
        "ErrorResponse": {
            "type": "object",
            "description": texts,
            "required": ["title", "description", "responseCode"],
            "properties": {**problem, "responseCode": {"type": "integer"}},
        },
        "Refusal": {
            "type": "object",
            "description": "An error; most come with HTTP status 200, and `responseCode` says what they are.",
            "required": ["error", "errorResponse"],
            "properties": {
                "error": {"const": True},
                "errorResponse": reference("ErrorResponse"),
                "all": lists,
                "agendas": lists,
                "count": {"const": 0},
                "cid": _TEXT,
            },
        },
    }

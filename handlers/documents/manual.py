"""The OpenAPI and AsyncAPI documents as one page that needs nothing but itself: no script, font or picture. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any

import msgspec

from eventstore.topics import Topics
from handlers.documents import asyncapi, openapi

Json = dict[str, Any]
Plain = Callable[[], tuple[int, bytes, str]]
_METHODS = ("get", "post", "put", "delete")
_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1rem;color:#1b1b1b;background:#fff}
code,pre,.m{font:14px/1.4 ui-monospace,monospace}h1,h2,h3{line-height:1.2}h2{border-bottom:1px solid #bbb}
details{border:1px solid #ccc;border-radius:4px;margin:.4rem 0;padding:.3rem .6rem}summary{cursor:pointer}
.m{display:inline-block;min-width:4.5rem;font-weight:bold}table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border:1px solid #ddd;padding:.2rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
a{color:#0645ad}nav a{margin-right:1rem}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}a{color:#8ab4f8}td,th,details{border-color:#444}}
"""


def documents(topics: Topics, base: str = "") -> Mapping[str, Plain]:
    """What an installation serves about itself, by path."""
    http, log = openapi.document(base), asyncapi.document(topics)
    return {
        "/openapi.json": _always(msgspec.json.encode(http), "application/json"),
        "/asyncapi.json": _always(msgspec.json.encode(log), "application/json"),
        "/docs": _always(page(http, log).encode(), "text/html; charset=utf-8"),
    }


def _always(body: bytes, kind: str) -> Plain:
    return lambda: (200, body, kind)


def page(http: Json, log: Json) -> str:
    """The page of both documents."""
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Agendum</title>',
            '<meta name="viewport" content="width=device-width">',
            f"<style>{_STYLE}</style></head><body><h1>Agendum</h1>",
            '<nav><a href="#http">HTTP</a><a href="#http-schemas">its types</a><a href="#topics">Topics</a>',
            '<a href="#topics-schemas">their types</a><a href="/openapi.json">OpenAPI 3.1</a>',
            '<a href="/asyncapi.json">AsyncAPI 3.0</a></nav>',
            f'<h2 id="http">HTTP</h2>{_prose(http["info"]["description"])}',
            *_operations(http),
            '<h2 id="http-schemas">Types on HTTP</h2>',
            *_schemas(http, "http"),
            f'<h2 id="topics">Topics</h2>{_prose(log["info"]["description"])}',
            *_channels(log),
            '<h2 id="topics-schemas">Types on topics</h2>',
            *_schemas(log, "topics"),
            "</body></html>",
        ]
    )


def _prose(text: str) -> str:
    return "".join(f"<p>{_line(paragraph)}</p>" for paragraph in text.strip().split("\n\n"))


def _line(text: str) -> str:
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", marked)


def _operations(http: Json) -> Iterator[str]:
    for tag in http["tags"]:
        yield f"<h3>{escape(tag['name'])}</h3><p>{_line(tag['description'])}</p>"
        for path, item in http["paths"].items():
            for method in _METHODS:
                if tag["name"] in item.get(method, {}).get("tags", ()):
                    yield _operation(http, path, method, item)


def _operation(http: Json, path: str, method: str, item: Json) -> str:
    said = item[method]
    parameters = [_found(http, each) for each in [*item.get("parameters", ()), *said.get("parameters", ())]]
    rows = [(f"<code>{escape(one['name'])}</code> in {one['in']}", _line(one["description"])) for one in parameters]
    body = said.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        rows.append(("body", _shape(body["schema"], "http")))
    answers = [(status, _answer(_found(http, each))) for status, each in said["responses"].items()]
    head = f'<span class="m">{method.upper()}</span> <code>{escape(path)}</code> {_line(said["summary"])}'
    return _folded(said["operationId"], head, _table(rows) + _table(answers))


def _answer(said: Json) -> str:
    shapes = (f"<br>{escape(kind)}: {_shape(each['schema'], 'http')}" for kind, each in said.get("content", {}).items())
    headers = "".join(f"<br>header <code>{escape(name)}</code>" for name in said.get("headers", ()))
    return _line(said["description"]) + "".join(shapes) + headers


def _found(document: Json, said: Json) -> Json:
    if "$ref" not in said:
        return said
    for step in said["$ref"].removeprefix("#/").split("/"):
        document = document[step]
    return document


def _channels(log: Json) -> Iterator[str]:
    for name, channel in log["channels"].items():
        partitions = channel["bindings"]["kafka"]["partitions"]
        yield f"<h3>{escape(name)}: <code>{escape(channel['address'])}</code></h3>"
        yield f"<p>{_line(channel['description'])} Partitions: {partitions}.</p>"
        yield from (_message(name, _found(log, each)) for each in channel["messages"].values())


def _message(channel: str, said: Json) -> str:
    headers = said["headers"]
    rows = [
        (
            f"<code>{escape(name)}</code>{'' if name in headers['required'] else ' (may be absent)'}",
            _shape(one, "topics"),
        )
        for name, one in headers["properties"].items()
    ]
    rows.append(("payload", _shape(said["payload"], "topics")))
    return _folded(
        f"{channel}-{said['name']}", f"<code>{escape(said['name'])}</code> {_line(said['summary'])}", _table(rows)
    )


def _schemas(document: Json, which: str) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        rows = [
            (f"<code>{escape(field)}</code>", _shape(one, which)) for field, one in schema.get("properties", {}).items()
        ]
        about = f"<p>{_line(schema.get('description', ''))}</p>"
        told = _table(rows) if rows else f"<p>{_shape({**schema, 'description': ''}, which)}</p>"
        yield _folded(f"{which}-{name}", f"<code>{escape(name)}</code>", about + told)


def _shape(schema: Json, which: str) -> str:
    """A schema in a few words, with links to what it refers to."""
    about = f": {_line(schema['description'])}" if schema.get("description") else ""
    return _kind(schema, which) + about


def _kind(schema: Json, which: str) -> str:
    match schema:
        case {"$ref": reference}:
            name = escape(reference.rpartition("/")[2])
            return f'<a href="#{which}-{name}">{name}</a>'
        case {"anyOf": choices} | {"oneOf": choices}:
            return " or ".join(_kind(each, which) for each in choices)
        case {"const": value}:
            return f"<code>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</code>"
        case {"enum": values}:
            return " or ".join(f"<code>{escape(str(each))}</code>" for each in values)
        case {"contentSchema": inside}:
            return f"text with JSON: {_kind(inside, which)}"
        case {"prefixItems": inside}:
            return f"list of {', '.join(_kind(each, which) for each in inside)}"
        case {"type": "array"}:
            return f"list of {_kind(schema.get('items', {}), which)}"
        case {"type": "object", "additionalProperties": dict() as inside}:
            return f"map of {_kind(inside, which)}"
        case _:
            return escape(str(schema.get("type", "any JSON")))


def _table(rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th>{name}</th><td>{about}</td></tr>" for name, about in rows)
    return f"<table>{body}</table>" if body else ""


def _folded(identity: str, head: str, body: str) -> str:
    return f'<details id="{escape(identity)}"><summary>{head}</summary>{body}</details>'

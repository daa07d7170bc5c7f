"""The OpenAPI 3.1 document: everything on HTTP, made from the table of routes and the types of its bodies. Pure.

Summaries are the endpoints' own docstrings; what a route takes and answers is in `handlers.documents.documented`.
"""

from collections.abc import Mapping
from typing import Any

from handlers.documents.documented import TOLD, Told
from handlers.documents.openapi_parts import ABOUT, ANSWERS, HEADERS, PARAMETERS, SECURITY, TAGS, WORKER
from handlers.documents.openapi_schemas import Json, answer_name, reference, schemas, text_fields, told_of
from handlers.endpoints.routes import PATHS, Route, not_implemented

VERSION = "1.0.0"


def document(base: str = "") -> Json:
    """The document, the same for every installation but for what stands before its paths."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Agendum", "version": VERSION, "description": ABOUT, "license": _LICENSE},
        "servers": [
            {"url": base or "/"},
            {"url": f"{base}/{{stage}}", "variables": {"stage": {"default": "dev", "description": "any one segment"}}},
        ],
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        "security": [{"authorization": []}],
        "paths": {**_paths(PATHS), **{path: {"servers": [{"url": "/"}], **item} for path, item in WORKER.items()}},
        "components": {
            "schemas": schemas(),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "responses": ANSWERS,
            "securitySchemes": {"authorization": SECURITY},
        },
    }


_LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}


def _paths(routes: Mapping[str, Route]) -> Json:
    found: Json = {}
    for path, route in routes.items():
        told = TOLD.get(route.name)
        if told is None:
            continue
        found[f"/{path}"] = _item(path, route, told, with_id=False)
        if not route.service:
            item = _item(path, route, told, with_id=True)
            found[f"/{path}/{{id}}"] = {"parameters": [_parameter("id")], **item}
    return found


def _item(path: str, route: Route, told: Told, *, with_id: bool) -> Json:
    return {
        method.lower(): _operation(f"{path}/by_id" if with_id else path, method, route, told, with_id=with_id)
        for method, endpoint in route.methods.items()
        if endpoint is not not_implemented
    }


def _operation(path: str, method: str, route: Route, told: Told, *, with_id: bool) -> Json:
    endpoint = route.methods[method]
    found: Json = {
        "tags": [told.tag],
        "operationId": f"{method.lower()}_{path.removeprefix('pop/').replace('/', '_')}",
        "summary": told_of(getattr(endpoint, "func", endpoint).__doc__),
        "parameters": _parameters(method, route, told, with_id=with_id),
        "responses": _responses(route),
    }
    if method in told.sent:
        found["requestBody"] = _body(told.sent[method].__name__)
    return found


def _parameters(method: str, route: Route, told: Told, *, with_id: bool) -> list[Json]:
    names = ["X-pop-cid"] if method == "GET" else ["X-pop-cid", "Idempotency-Key"]
    if not with_id and not route.service:
        names.append("id-query")
    if route.name == "getAgenda":
        names.append("Agendum-Executor")
    found = [_parameter(name) for name in names]
    if method == "GET" and told.kind is not None:
        found += [_parameter(name) for name in ("cursor", "bylimit", "byfields", "bycount")]
        found += [_equal(name) for name in text_fields(told.kind)]
    return found


def _equal(attribute: str) -> Json:
    return {
        "name": f"by{attribute}",
        "in": "query",
        "description": f"only objects whose `{attribute}` is this text",
        "schema": {"type": "string"},
    }


def _parameter(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _body(name: str) -> Json:
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": reference(name)}
    return {
        "description": "JSON, whatever the label says; fields that are null count as not said, unknown ones as well.",
        "required": True,
        "content": {
            "application/json": {"schema": reference(name)},
            "application/x-www-form-urlencoded": {"schema": {**text, "description": "the same JSON, not a form"}},
        },
    }


def _responses(route: Route) -> Json:
    body: dict[str, Any] = {"oneOf": [reference(answer_name(route.name)), reference("Refusal")]}
    success = {
        "description": "Done, or refused: `error` says which.",
        "headers": {
            "Agendum-Position": {"$ref": "#/components/headers/Agendum-Position"},
            "Agendum-Stale": {"$ref": "#/components/headers/Agendum-Stale"},
        },
        "content": {"application/json": {"schema": body}},
    }
    return {"200": success, **{status: {"$ref": f"#/components/responses/{status}"} for status in ANSWERS}}

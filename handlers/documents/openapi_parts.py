"""Parts of the OpenAPI document that no type says: parameters, headers, errors, the worker's own paths. Pure."""

from typing import Any

from handlers.documents.openapi_schemas import Json, reference

ABOUT = """\
Agendum runs agendas (workflows: a DAG of operations, owned by a customer). This is all that it answers on HTTP.

**Errors** have the HTTP status 200, almost always: `error` is true then, and `errorResponse.responseCode` says 400,
403, 404, 422 and so on. What is not found by GET is an empty `all`. The HTTP status is an error's own where the request
could not be read (400, 413), has no caller (401), or where no answer could be had (500, 503).

**Bodies** are JSON in UTF-8, whatever `Content-Type` says. Numbers and booleans may be texts. Times are epoch
milliseconds, UTC; ISO 8601 texts are taken as well. POST creates or merges over what has the id, PUT merges over what
is there: top-level fields that are not null replace what was there. Services (`/service/`) take POST alone, and answer
other methods with a `responseCode` of 400.

**Again:** a POST, PUT or DELETE with an `Idempotency-Key` can be sent again after an unknown outcome (503, a closed
connection) and has its effect once.

**Reading one's own writes:** answers say in `Agendum-Position` where they are true, and in `Agendum-Stale` when the
worker cannot prove at that moment that nobody else owns what it read.

Paths of `/pop/` and `/progress/` may have one more segment in front (`/dev/pop/agenda`). OPTIONS is answered for
browsers of any origin. What may be sent to topics, and what they tell, is the AsyncAPI document: `/asyncapi.json`.
"""

TAGS = {
    "Agendas": "Workflows: submitted, run from templates, run again, cancelled.",
    "Progress": "How far agendas and their operations are.",
    "Execution": "What executors ask and report.",
    "Catalogue": "Customers, resource pools, Insights and templates.",
    "Operators": "For callers who see everything.",
    "Worker": "This process: its health, its numbers, its documents. No Authorization is needed.",
}

SECURITY = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "With `AGENDUM_AUTH=jwt` a bearer token of the configured issuer; otherwise any text.",
}


def _query(name: str, about: str, **schema: Any) -> Json:
    return {"name": name, "in": "query", "description": about, "schema": schema}


def _header(name: str, about: str) -> Json:
    return {"name": name, "in": "header", "description": about, "schema": {"type": "string"}}


PARAMETERS: Json = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The object's id; `/` in it is sent as `%2F`, a space as `+` or `%20`.",
        "schema": {"type": "string", "minLength": 1},
    },
    "id-query": _query("id", "The object's id, where the path has none; before a body's.", type="string"),
    "cursor": _query(
        "cursor",
        "Asks for pages that are stable under writes: empty for the first, then the `next` of the page before.",
        type="string",
    ),
    "bylimit": _query("bylimit", "Objects at most, never more than 10,000.", type="integer", minimum=1, default=100),
    "byfields": _query("byfields", "Names of the attributes to show, a comma between them.", type="string"),
    "bycount": _query("bycount", "With any value, even `false`: the number alone, `all` is empty.", type="string"),
    "X-pop-cid": _header("X-pop-cid", "A correlation id, told again in the answer and in the events that follow."),
    "Idempotency-Key": _header("Idempotency-Key", "Names this request: sent again with the same key, one effect."),
    "Agendum-Executor": _header("Agendum-Executor", "Promises a first report at once, so that silence tells sooner."),
}

HEADERS: Json = {
    "Agendum-Position": {
        "description": "Where the answer is true: `<topic>/<partition>@<offset>`, a comma between several.",
        "schema": {"type": "string"},
    },
    "Agendum-Stale": {
        "description": "That it cannot be proved to be the newest, and for how many milliseconds it could not be.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}},
}

_JSON = "application/json"
_REFUSAL: Json = {_JSON: {"schema": reference("Refusal")}}
_UNREAD: Json = {"text/plain": {"schema": {"type": "string", "description": "it was no HTTP that could be read"}}}

#: Answers of every path of POP beside 200, by status.
ANSWERS: Json = {
    "400": {"description": "The body, or a parameter, could not be read.", "content": {**_REFUSAL, **_UNREAD}},
    "401": {
        "description": "Nobody is known to ask: Authorization is missing, or not believed.",
        "content": {
            _JSON: {
                "schema": {
                    "type": "object",
                    "required": ["message"],
                    "properties": {"message": {"const": "Unauthorized"}},
                }
            }
        },
    },
    "405": {"description": "No such path or method; without a body."},
    "413": {"description": "The body is larger than AGENDUM_BODY_BYTES.", "content": _REFUSAL},
    "500": {"description": "A fault of ours; the log has it under the `correlationId`.", "content": _REFUSAL},
    "503": {
        "description": "The outcome is not known: ask again, with the same Idempotency-Key.",
        "headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}},
        "content": _REFUSAL,
    },
}


def _own(name: str, summary: str, answers: dict[str, tuple[str, Json]]) -> Json:
    responses = {
        status: {"description": about, **({"content": content} if content else {})}
        for status, (about, content) in answers.items()
    }
    operation = {"tags": ["Worker"], "operationId": name, "summary": summary, "security": [], "responses": responses}
    return {"servers": [{"url": "/"}], "get": operation}


def _schema(kind: str, **schema: Any) -> Json:
    return {kind: {"schema": schema}}


_READY = _schema(
    _JSON,
    type="object",
    required=["ready", "reasons", "owned", "ownerships", "at"],
    properties={
        "ready": {"type": "boolean"},
        "reasons": {"type": "array", "items": {"type": "string"}},
        "owned": {"type": "array", "items": {"type": "integer"}, "description": "partitions that are proved to be its"},
        "ownerships": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "partition -> what names this ownership of it, and no other one, from beginning to end",
        },
        "at": {"type": "number", "description": "when that was, by this machine's steady clock (s)"},
        "standby_lag": {"type": "integer"},
        "unwritten": {"type": "integer"},
    },
)
_ALIVE = _schema(_JSON, type="object", required=["status"], properties={"status": {"const": "alive"}})

#: Paths of the worker itself.
WORKER: Json = {
    "/healthz": _own("healthz", "Whether the process lives.", {"200": ("It does.", _ALIVE)}),
    "/readyz": _own(
        "readyz",
        "Whether it can do its work, and if not, why.",
        {"200": ("It can.", _READY), "503": ("It cannot now; `reasons` says why.", _READY)},
    ),
    "/metrics": _own(
        "metrics",
        "Its numbers, as Prometheus reads them. With AGENDUM_AUTH=jwt a super user's token is needed.",
        {
            "200": ("The numbers.", _schema("text/plain", type="string")),
            "401": ("Nobody is known to ask.", {}),
            "403": ("It is no super user who asks.", {}),
        },
    ),
    "/openapi.json": _own("openapi", "This document.", {"200": ("It.", _schema(_JSON, type="object"))}),
    "/asyncapi.json": _own(
        "asyncapi", "The AsyncAPI document of the topics.", {"200": ("It.", _schema(_JSON, type="object"))}
    ),
    "/docs": _own("docs", "Both documents as a page.", {"200": ("The page.", _schema("text/html", type="string"))}),
}

"""The payload of an `http` operation: which request is to be made, and what of its answer is wanted. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from jsonpointer import JsonPointer, JsonPointerException
from yarl import URL

from handlers.executor.operations.task import OperationFailed, Task

Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
#: Sent twice, they do no more than sent once.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
KEY = "Idempotency-Key"


class Request(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The payload. Unknown fields are refused: a misspelt `expectedStatus` would be a wrong success."""

    url: str
    method: Literal["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"] = "GET"
    headers: dict[str, str] | None = None
    #: a text goes as it is, any other JSON as JSON; None: no body
    body: Any = None
    #: None: any 2xx
    expected_status: Annotated[list[int], msgspec.Meta(min_length=1)] | None = None
    #: RFC 6901: which part of the JSON that is answered is the result; None: all of it
    result_pointer: str | None = None
    #: of each try
    timeout_seconds: Seconds = 30.0
    #: after the first try
    retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    #: send a POST or PATCH again though it may have been carried out
    retry_unsafe: bool = False

    @property
    def tries(self) -> int:
        """How often it may be sent."""
        return 1 + self.retries if self.retry_unsafe or self.method in IDEMPOTENT else 1

    def is_expected(self, status: int) -> bool:
        """An answer with this status is a success."""
        return 200 <= status <= 299 if self.expected_status is None else status in self.expected_status

    def content(self) -> tuple[bytes | None, Mapping[str, str]]:
        """The body, and the headers that tell of it."""
        match self.body:
            case None:
                return None, {}
            case str() as text:
                return text.encode(), {"Content-Type": "text/plain; charset=utf-8"}
            case other:
                return msgspec.json.encode(other), {"Content-Type": "application/json"}


def read_request(task: Task) -> tuple[Request, URL]:
    """The request in an operation's payload; raises OperationFailed."""
    payload = task.payload
    if isinstance(payload, dict):
        # POP's clients say what they do not say with null (spec 1.1).
        payload = {name: value for name, value in payload.items() if value is not None}
    try:
        found = msgspec.convert(payload, Request)
    except msgspec.ValidationError as wrong:
        raise OperationFailed(f"expected the payload of an http operation: {wrong}") from None
    try:
        url = URL(found.url)
        JsonPointer(found.result_pointer or "")
    except ValueError as wrong:
        raise OperationFailed(f"expected payload.url to be a URL: {wrong}") from None
    except JsonPointerException as wrong:
        raise OperationFailed(f"expected payload.resultPointer to be a JSON pointer (RFC 6901): {wrong}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise OperationFailed(f"expected payload.url to begin with http:// or https:// and a host, found {shown(url)}")
    return found, url


def key(task: Task) -> str:
    """The same for every try of this attempt, another for the next attempt (spec 9.1)."""
    attempt = 1 + ((task.prior.attempt_count if task.prior is not None else None) or 0)
    return f"{quote(f'{task.progress_id}-{task.name}', safe='')}-{attempt}"


def shown(url: URL) -> str:
    """A URL without what may be secret: user, password, query."""
    return str(url.with_user(None).with_query(None).with_fragment(None)) if url.absolute else f"{str(url)[:80]!r}"

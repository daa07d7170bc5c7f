"""The answer to an `http` operation's request: read in bounded memory, and what of it is the result."""

from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import orjson
from aiohttp import ClientResponse
from jsonpointer import EndOfList, JsonPointer, JsonPointerException

from handlers.executor.operations.request import Request
from handlers.executor.operations.task import OperationFailed

MAXIMUM_BYTES = 1024 * 1024
#: Of a body that goes into a diagnosis.
SHOWN = 1024


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Status, body, and what the headers say."""

    status: int
    body: bytes
    charset: str
    is_json: bool
    #: seconds to wait before the next try, if the server says so
    retry_after: float | None

    def text(self) -> str:
        """The body as text: what is not of its charset is replaced."""
        try:
            text = self.body.decode(self.charset, "replace")
        except (LookupError, UnicodeError):
            text = self.body.decode("utf-8", "replace")
        # Some charsets can say what UTF-8 cannot.
        return text.encode("utf-8", "replace").decode()


async def read(response: ClientResponse) -> Answer:
    """Read an answer; raises OperationFailed when its body is too long."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAXIMUM_BYTES:
            raise OperationFailed(f"expected a body of at most {MAXIMUM_BYTES} bytes, found a longer one")
    kind = response.content_type
    return Answer(
        status=response.status,
        body=bytes(body),
        charset=response.charset or "utf-8",
        is_json=kind == "application/json" or kind.endswith("+json"),
        retry_after=retry_after(response.headers.get("Retry-After"), response.headers.get("Date")),
    )


def retry_after(said: str | None, now: str | None) -> float | None:
    """Seconds, or the time until a date, by the server's own clock."""
    if said is None:
        return None
    text = said.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(now or "")).total_seconds())
    except (ValueError, TypeError):  # no date, or one of them without a zone
        return None


def result(request: Request, answer: Answer) -> Any:
    """What of an answer is the operation's result; raises OperationFailed."""
    if not answer.body and request.result_pointer is None:
        return None
    if not answer.is_json and request.result_pointer is None:
        return answer.text()
    try:
        whole = orjson.loads(answer.body)
    except orjson.JSONDecodeError as wrong:
        raise OperationFailed(f"expected the answer to be JSON: {wrong}", _said(answer)) from None
    try:
        found = JsonPointer(request.result_pointer or "").resolve(whole)
    except JsonPointerException as wrong:
        raise OperationFailed(f"expected something at {request.result_pointer}: {wrong}", _said(answer)) from None
    if isinstance(found, EndOfList):
        raise OperationFailed(f"expected something at {request.result_pointer}, found a list's end", _said(answer))
    return found


def unexpected(request: Request, answer: Answer) -> OperationFailed:
    """The failure that an answer with another status is."""
    wanted = " or ".join(str(status) for status in request.expected_status or ()) or "2xx"
    return OperationFailed(f"expected status {wanted}, found {answer.status}", _said(answer))


def _said(answer: Answer) -> dict[str, Any]:
    return {"status": answer.status, "body": answer.text()[:SHOWN]}

"""Errors as POP's clients expect them: HTTP 200 with an errorResponse, almost always (spec 2.3). No aiohttp."""

from typing import Any

from eventstore.errors import Forbidden, NotFound, Rejected
from handlers.endpoints.ask import IllegalArgument
from handlers.intake.binding import NoCustomer
from handlers.intake.runs import NumberFormat
from handlers.wire.parsing import Malformed
from handlers.wire.responses import error_response

#: Errors that POP returns inside the envelope; the others are thrown, and have none.
_INSIDE = (NotFound, Forbidden, NoCustomer)
#: Errors that are HTTP errors too.
_HTTP_400 = (Malformed, IllegalArgument, NumberFormat)


def rejected(wrong: Rejected, cid: str | None, correlation: str, *, service: bool) -> tuple[int, dict[str, Any]]:
    """Status and body of a refusal."""
    title = "BadRequestException" if isinstance(wrong, Malformed) else wrong.title
    problem = error_response(title, str(wrong), wrong.code, cid or correlation)
    if isinstance(wrong, _INSIDE):
        body: dict[str, Any] = {} if service else {"all": [], "count": 0}
        body |= {"error": True, "errorResponse": problem}
        if cid is not None:
            body["cid"] = cid
        return 200, body
    return 400 if isinstance(wrong, _HTTP_400) else 200, {"errorResponse": problem, "error": True}


def unavailable(reason: str, cid: str | None, correlation: str) -> tuple[int, dict[str, Any]]:
    """Status and body when the outcome is unknown: ask again, with the same Idempotency-Key."""
    return 503, {
        "errorResponse": error_response("ServiceUnavailableException", reason, 503, cid or correlation),
        "error": True,
    }


def failed(cid: str | None, correlation: str) -> tuple[int, dict[str, Any]]:
    """Status and body of a fault of ours; what happened is in the log under the correlation id."""
    problem = error_response("RuntimeServiceException", "Internal error", 500, cid or correlation)
    return 500, {"errorResponse": problem, "error": True}

"""How bodies are read, and the texts, numbers and moments in them: as Jackson does (spec 1.1, 2.6). Pure."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from eventstore.errors import BadRequest

T = TypeVar("T")
#: Epoch ms, or an ISO-8601 text, which Jackson takes as well (spec 1.1).
Moment = int | float | str | None

_decoders: dict[type, "msgspec.json.Decoder[Any]"] = {}


class Malformed(BadRequest):
    """The body is no JSON of the type that was expected: HTTP 400 (spec 2.3)."""


def parse(body: bytes, kind: type[T], name: str) -> T | None:
    """The request in a body, whatever its label; None if it is absent, blank or null. Raises Malformed."""
    if not body.strip():
        return None
    try:
        decoder = _decoders.get(kind) or _decoders.setdefault(kind, msgspec.json.Decoder(kind | None, strict=False))
        found: T | None = decoder.decode(body)
        return found
    except UnicodeDecodeError:
        return parse(body.decode("utf-8", "replace").encode(), kind, name)
    except RecursionError:
        raise Malformed(f"Request body is not recognized as '{name}': it is nested too deep") from None
    except msgspec.MsgspecError as wrong:
        raise Malformed(f"Request body is not recognized as '{name}': {wrong}") from None


def text_of(value: Any) -> str:
    """A param's value as POP's getters read it: as Java's toString says it (spec 1.1)."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def epoch_ms(moment: Moment, field: str) -> int | None:
    """Epoch ms of a number or an ISO-8601 text; raises Malformed."""
    if moment is None:
        return None
    try:
        ms = _from_text(moment) if isinstance(moment, str) else int(moment)
    except ValueError:
        ms = None
    if ms is None or not -(2**63) <= ms < 2**63:
        raise Malformed(f"expected {field} in epoch ms or ISO 8601, found {str(moment)[:40]!r}")
    return ms


def _from_text(moment: str) -> int:
    if moment.lstrip("-").isdigit():
        return int(moment)
    found = datetime.fromisoformat(moment)
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)

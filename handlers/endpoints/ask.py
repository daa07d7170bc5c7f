"""One request as endpoints see it, and the answer that they give."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property, partial
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, unquote_plus

import msgspec
from aiohttp import web

from eventstore.commands import Caller, ReturnDispatch
from eventstore.errors import BadRequest
from eventstore.ids import derive, near
from handlers.edge.edge import Edge
from handlers.intake.origin import Origin
from handlers.wire.compression import opened
from handlers.wire.parsing import Malformed, parse
from projections.views import Answer

T = TypeVar("T")
#: Objects in one answer, at most.
MOST = 10_000
#: The same, where nothing else is said.
LIMIT = 100


class IllegalArgument(BadRequest):
    """A parameter that is none: HTTP 400 (spec 2.3)."""

    title = "IllegalArgumentException"


class Reply(msgspec.Struct, frozen=True):
    """A JSON answer with HTTP status 200, and where it is true."""

    body: Any
    position: str | None = None
    stale: int | None = None
    #: what takes the dispatches back, if the caller turns out to be gone before the answer could be written
    undelivered: Sequence[ReturnDispatch] = ()


Endpoint = Callable[["Ask"], Awaitable[Reply]]


class Ask:
    """One request of a known caller; `object_id` is the path's, decoded."""

    def __init__(self, request: web.BaseRequest, edge: Edge, caller: Caller, route: str, object_id: str | None) -> None:
        self.request = request
        self.edge = edge
        self.caller = caller
        self.route = route
        self._object_id = object_id
        self._opened: bytes | None = None

    @property
    def cid(self) -> str | None:
        """POP's correlation id, echoed in every answer."""
        return self._header("X-pop-cid")

    @property
    def has_query(self) -> bool:
        """Whether there is a query string at all."""
        return bool(self.request.rel_url.raw_query_string)

    @cached_property
    def params(self) -> list[tuple[str, str]]:
        """The query string's names and values."""
        raw = _bytes(self.request.rel_url.raw_query_string).decode("utf-8", "replace")
        return parse_qsl(raw, keep_blank_values=True)

    @property
    def object_id(self) -> str | None:
        """The path's id, else `?id=` (spec 2.4)."""
        if self._object_id is not None:
            if self._object_id.isascii() and "%" not in self._object_id and "+" not in self._object_id:
                return self._object_id
            return unquote_plus(_bytes(self._object_id).decode("utf-8", "replace"))
        return next((value for name, value in self.params if name == "id"), None)

    @cached_property
    def queries(self) -> Mapping[str, str]:
        """`by…` names without their `by`, and their values, decoded twice as POP does (spec 2.4)."""
        return {name[2:]: unquote(value) for name, value in self.params if name.startswith("by")}

    async def body(self, kind: type[T], name: str) -> T | None:
        """The body as a type; None if absent, blank or null. Raises Malformed."""
        return parse(await self._sent(), kind, name)

    async def origin(self) -> Origin:
        """Whose request this is, and the ids that follow from it (design 4.5)."""
        key = self._header("Idempotency-Key")
        if key is None:
            fresh = self.edge.draw
            return Origin(self.caller, identity=lambda _, __: fresh(), near=partial(near, fresh), correlation=self.cid)
        subject, route = self.caller.subject, self.route
        return Origin(
            self.caller,
            identity=lambda part, n: derive(subject, route, key, part, n),
            correlation=self.cid,
            request=await self.digest(),
        )

    async def remembered_origin(self) -> Origin:
        """The same, for what would do harm if it were carried out again later, though it came without a key.

        An owner that dies before it answers leaves a command to be asked again, and others' may have come between: so
        the head row remembers this one as if it had come with a key, where it changed anything.
        """
        found = await self.origin()
        found.request = found.request or await self.digest()
        return found

    def _header(self, name: str) -> str | None:
        value = self.request.headers.get(name)
        if value is None or value.isascii():
            return value
        raw = _bytes(value)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("latin-1")  # as a JDK sends headers; nothing is replaced, so two keys stay two

    async def digest(self) -> str:
        """Stands for the body, where the same command must not be carried out twice."""
        return sha256(await self._sent()).hexdigest()

    async def _sent(self) -> bytes:
        if self._opened is None:
            try:
                content = self.request.content
                # Mostly it came whole with its head; `read` takes twice as long to find that out.
                sent = content.read_nowait() if content.is_eof() else await self.request.read()
            except web.RequestPayloadError:
                raise Malformed("expected a body in the chunks that were announced, found something else") from None
            self._opened = self._open(sent)
        return self._opened

    def _open(self, sent: bytes) -> bytes:
        said = self._header("Content-Encoding")
        most = self.request.client_max_size
        body = sent if said is None else opened(sent, said, most)
        if len(body) > most:
            raise web.HTTPRequestEntityTooLarge(most)
        return body


def _bytes(text: str) -> bytes:
    """What was sent: aiohttp keeps bytes that are no UTF-8 as lone surrogates, which nothing else can encode."""
    return text.encode("utf-8", "surrogateescape")


def where(answer: Answer) -> str:
    """An answer's position as its header says it."""
    return ",".join([f"agendas/{number}@{offset}" for number, offset in sorted(answer.position.items())])


def reserved(queries: Mapping[str, str]) -> tuple[dict[str, str], int, list[str] | None, bool]:
    """Attribute queries, limit, fields and whether only a count is wanted (spec 2.4). Raises IllegalArgument."""
    where_: dict[str, str] = {}
    limit, fields, count = LIMIT, None, False
    for name, value in queries.items():
        match name.lower():
            case "limit":
                limit = _limit(value)
            case "fields":
                fields = [field.strip() for field in value.split(",") if field.strip()]
            case "count":
                count = True
            case _:
                where_["id" if name.lower() == "id" else name] = value
    return where_, limit, fields, count


def _limit(value: str) -> int:
    digits = value.strip()
    if not digits:
        return LIMIT
    if not (digits.isascii() and digits.isdigit() and digits.strip("0")):
        raise IllegalArgument(f"expected bylimit to be a whole number above 0, found {value[:40]!r}")
    # Python refuses to read thousands of digits; how many there are says enough.
    digits = digits.lstrip("0")
    return min(int(digits), MOST) if len(digits) <= len(str(MOST)) else MOST

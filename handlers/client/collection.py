"""The objects of one kind: get, pages, save, put, delete (spec 2.4, 2.5)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from handlers.client.transport import Transport

T = TypeVar("T")

#: Objects on a page of `each`.
PAGE = 1000
#: Attributes that no query can be about: their names ask for something else (spec 2.4).
RESERVED = frozenset({"limit", "fields", "count"})


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some objects, and where it goes on."""

    all: list[T]
    #: the cursor of the page behind this one; None: this is the last
    next: str | None = None


class Collection(Generic[T]):
    """The objects of one kind, as `kind`: a type of handlers.client.objects, or `dict` for all that the service says.

    Ids go into the query string, where any text is one: in a path `service`, `..` and the empty text mean other things.
    """

    def __init__(self, transport: Transport, path: str, kind: type[T]) -> None:
        self._transport = transport
        self._path = path
        self._list: Any = list[kind]  # type: ignore[valid-type]  # msgspec reads it

    async def get(self, identity: str) -> T | None:
        """An object by its id; None where there is none that you may see."""
        return next(iter(self._all(await self._transport.insist("GET", self._of(identity)))), None)

    async def page(
        self, where: Mapping[str, str] | None = None, *, limit: int | None = None, cursor: str | None = None
    ) -> Page[T]:
        """One page of the objects whose attributes equal these texts, in the order of (addedTime, id).

        `cursor` is the `next` of the page before; pages neither skip nor repeat what is written meanwhile. Without
        `limit` a page holds 100 objects, and never more than 10,000.
        """
        asked = {**_queries(where), "cursor": cursor or ""} | ({} if limit is None else {"bylimit": str(limit)})
        answer = await self._transport.insist("GET", f"{self._path}?{urlencode(asked)}")
        return Page(self._all(answer), answer.get("next"))

    async def each(self, where: Mapping[str, str] | None = None, *, limit: int = PAGE) -> AsyncIterator[T]:
        """All of them, page by page of `limit`."""
        cursor: str | None = ""
        while cursor is not None:
            page = await self.page(where, limit=limit, cursor=cursor)
            for found in page.all:
                yield found
            cursor = page.next

    async def count(self, where: Mapping[str, str] | None = None) -> int:
        """How many there are."""
        asked = {**_queries(where), "bycount": "true"}
        answer = await self._transport.insist("GET", f"{self._path}?{urlencode(asked)}")
        return int(answer["count"])

    async def save(self, thing: T | Mapping[str, Any], *, key: str | None = None) -> T:
        """POST: create it, or merge into what is there; what was sent, with its id."""
        return self._one(await self._transport.post(self._path, thing, key))

    async def put(self, identity: str, thing: T | Mapping[str, Any]) -> T:
        """PUT: merge into what is there, field by field; the whole object. Raises NotFound."""
        return self._one(await self._transport.insist("PUT", self._of(identity), thing))

    async def delete(self, identity: str) -> T | None:
        """DELETE; what it was, or None where there was none."""
        return next(iter(self._all(await self._transport.insist("DELETE", self._of(identity)))), None)

    def _of(self, identity: str) -> str:
        return f"{self._path}?{urlencode({'id': identity})}"

    def _all(self, answer: Any) -> list[T]:
        found: list[T] = msgspec.convert(answer.get("all", []), self._list)
        return found

    def _one(self, answer: Any) -> T:
        return self._all(answer)[0]


def _queries(where: Mapping[str, str] | None) -> dict[str, str]:
    if reserved := RESERVED & {name.lower() for name in where or ()}:
        raise ValueError(f"no query can be about an attribute called {', '.join(sorted(reserved))}")
    # Their values are decoded twice (spec 2.4).
    return {f"by{name}": quote(value, safe="") for name, value in (where or {}).items()}

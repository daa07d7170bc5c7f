"""What a GET asks for, and how it wants it shown: by… queries, fields, count, and pages (spec 2.4).

`?cursor=` is not POP's: it asks for a page. Its answer says `next` where there is more; the next page is asked for by
`?cursor=<next>`, the other queries unchanged. A cursor is the place behind (addedTime, id) of the last object shown,
so what is written meanwhile neither shifts nor repeats anything. Without it POP's clients see nothing new.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Any

import msgspec

from eventstore.model import Base
from handlers.endpoints.ask import LIMIT, Ask, IllegalArgument, Reply, reserved, where
from handlers.wire.responses import Wire, envelope
from projections.queries.texts import fits
from projections.views import Answer, ByAttribute, ById, Kind

Place = tuple[int, str]


class Wanted(msgspec.Struct, frozen=True):
    """A GET's query string, read."""

    id: str | None
    where: dict[str, str]
    #: None: all there are
    limit: int | None
    fields: list[str] | None
    count: bool
    #: a page is wanted, from the place behind this one
    paged: bool
    after: Place | None

    def shown(self, wire: Wire) -> Wire:
        """An object with the fields that `byfields` names alone; `diagnostics` is an alias (spec, its beginning)."""
        if self.fields is None:
            return wire
        found = {name: value for name, value in wire.items() if name in self.fields}
        if "diagnostics" in self.fields and "diagnosticEvents" in wire:
            found["diagnostics"] = wire["diagnosticEvents"]
        if "isGlobal" in found:
            found["global"] = found["isGlobal"]
        if self.with_operations and "operationProgress" in wire:
            found["operationProgress"] = [self._operation(entry) for entry in wire["operationProgress"]]
        return found

    @property
    def with_operations(self) -> bool:
        """A progress is shown with its operations, unless fields are named and these not among them (spec 2.4)."""
        return self.fields is None or any("operationprogress" in field.lower() for field in self.fields)

    def _operation(self, entry: Wire) -> Wire:
        if "diagnostics" in (self.fields or ()) and "diagnosticEvents" in entry:
            return {**entry, "diagnostics": entry["diagnosticEvents"]}
        return entry


def wanted(ask: Ask) -> Wanted:
    """What the query string asks for; raises IllegalArgument."""
    if not ask.has_query:
        return Wanted(_said(ask.object_id), {}, limit=LIMIT, fields=None, count=False, paged=False, after=None)
    attributes, limit, fields, count = reserved(ask.queries)
    cursor = next((value for name, value in ask.params if name == "cursor"), None)
    by_id = attributes.pop("id", None)
    if ask.object_id is not None and by_id not in (None, ask.object_id):
        attributes["id"] = by_id or ""  # both must fit, so nothing does
    return Wanted(
        id=_said(ask.object_id if ask.object_id is not None else by_id),
        where=attributes,
        # A count is of all there are, unless a limit is said.
        limit=limit if not count or any(name.lower() == "limit" for name in ask.queries) else None,
        fields=fields,
        count=count,
        paged=cursor is not None,
        # A count is of all pages.
        after=None if not cursor or count else place_of(cursor),
    )


def _said(identity: str | None) -> str | None:
    """An id, or none; raises IllegalArgument where it is blank, for then it was lost on the way."""
    if identity is not None and not identity.strip():
        raise IllegalArgument("expected an id to look for, found a blank one; leave it out to see all")
    return identity


async def look_up(ask: Ask, kind: Kind, asked: Wanted) -> Answer:
    """The objects that a GET asks for, those alone that the caller may see; of a count their number."""
    accounts = ask.caller.sees
    if asked.id is None:
        query = ByAttribute(
            kind=kind, where=asked.where, limit=asked.limit, accounts=accounts, after=asked.after, count=asked.count
        )
        return await ask.edge.gateway.query(query)
    found = await ask.edge.gateway.query(ById(kind=kind, id=asked.id, accounts=accounts))
    if not (asked.where or asked.count):
        return found
    agendas = [row for row in found.agendas if fits(row, asked.where)]
    views = [view for view in found.progresses if fits(view.progress, asked.where)]
    operations = [row for row in found.operations if fits(row, asked.where)]
    count = len(agendas) + len(views) + len(operations)
    return msgspec.structs.replace(found, agendas=agendas, progresses=views, operations=operations, count=count)


def listed(ask: Ask, asked: Wanted, answer: Answer, objects: Iterable[Any], last: Base | None) -> Reply:
    """The envelope of a GET; `last` is the last object of it, behind which the next page begins."""
    shown = [] if asked.count else [asked.shown(wire) for wire in objects]
    body = envelope(shown, cid=ask.cid, count=answer.count if asked.count else None)
    if asked.paged and answer.more and last is not None:
        body["next"] = cursor_of(last)
    return Reply(body, where(answer), answer.stale)


def cursor_of(last: Base) -> str:
    """The cursor that leads on behind an object."""
    return urlsafe_b64encode(msgspec.json.encode(_place(last))).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """The place that a cursor stands for; raises IllegalArgument."""
    try:
        found: Place = msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=Place)
    except (ValueError, msgspec.MsgspecError):
        found = (-1, "")
    if not 0 <= found[0] < 2**63:
        raise IllegalArgument("expected cursor to be empty or the `next` of an answer; begin again with `cursor=`")
    return found


def page_of(rows: Iterable[Base], asked: Wanted) -> tuple[list[Any], bool]:
    """A page of objects that are all at hand, and whether there is more."""
    found = [*rows]
    if asked.paged:
        found.sort(key=_place)
        found = [row for row in found if asked.after is None or _place(row) > asked.after]
    return found[: asked.limit], asked.limit is not None and len(found) > asked.limit


def _place(row: Base) -> Place:
    return max(row.added_time or 0, 0), row.id or ""

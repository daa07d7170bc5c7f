"""A catalogue as bytes, so that the next start of a worker need not read the topic whole (design 4.6). Pure.

| line | content |
|---|---|
| 1 | digest of everything below: 128-bit BLAKE2b, hexadecimal |
| 2 | Opening, as JSON |
| 3 … | an Entry each, as JSON: kind by kind, in the order in which the objects are matched and listed |

JSON, because that is what events are: there is no value that comes out of an event and does not go into it again.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import islice

import msgspec

from eventstore.model import AgendaTemplate, Customer, Insight, ResourcePool
from projections.catalogue.fold import CATALOGUE_FOLD, Item

#: Lines encoded at once: whoever encodes beside the loop lets go of the interpreter between two pieces (below 1 ms).
PIECE = 256
_DIGEST = 32


class Opening(msgspec.Struct, frozen=True, rename="camel"):
    """What a snapshot is of."""

    #: id of the log in the catalogue's topic
    log_id: str
    fold: int
    #: offset of the first record that is not in it
    next: int
    objects: int


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stream with its item; the object's type is said, because nothing but custom ties it to the stream's name."""

    stream: str
    version: int
    link: str
    last: str
    requests: tuple[tuple[str, str], ...]
    customer: Customer | None = None
    pool: ResourcePool | None = None
    insight: Insight | None = None
    template: AgendaTemplate | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """A catalogue between two records."""

    #: offset of the first record that is not in it
    next: int
    #: every stream with its item, tombstones included, in order
    items: Mapping[str, Item]


class Flaw(msgspec.Struct, frozen=True):
    """Why bytes are of no use as a snapshot here."""

    expected: str
    found: str


_encode = msgspec.json.Encoder().encode_lines
_opening = msgspec.json.Decoder(Opening)
_entries = msgspec.json.Decoder(Entry)


def pack(snapshot: Snapshot, log_id: str) -> bytes:
    """The bytes of a snapshot of this log."""
    opening = Opening(log_id, CATALOGUE_FOLD, snapshot.next, len(snapshot.items))
    body = b"".join([_encode([opening]), *_pieces(snapshot.items)])
    return _digest(body) + b"\n" + body


def unpack(data: bytes, log_id: str, end: int) -> Snapshot | Flaw:
    """The snapshot that these bytes are, if it is of this log, of this fold, and not beyond the topic's end."""
    digest, _, body = data.partition(b"\n")
    if (sum_of := _digest(body)) != digest:
        return Flaw(f"bytes whose digest is {sum_of.decode()}", repr(digest[:_DIGEST]))
    try:
        line, _, rest = body.partition(b"\n")
        opening = _opening.decode(line)
        return _foreign(opening, log_id, end) or _whole(opening, rest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        return Flaw("the layout of this release", str(wrong))


def _foreign(opening: Opening, log_id: str, end: int) -> Flaw | None:
    if opening.log_id != log_id:
        return Flaw(f"log {log_id}", f"log {opening.log_id}")
    if opening.fold != CATALOGUE_FOLD:
        return Flaw(f"fold {CATALOGUE_FOLD}", f"fold {opening.fold}")
    if opening.next > end:
        return Flaw(f"an offset up to the topic's end {end}", f"offset {opening.next}")
    return None


def _whole(opening: Opening, rest: bytes) -> Snapshot | Flaw:
    items = {entry.stream: _item(entry) for entry in _entries.decode_lines(rest)}
    if len(items) != opening.objects:
        return Flaw(f"{opening.objects} objects", f"{len(items)}")
    return Snapshot(opening.next, items)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST // 2).hexdigest().encode()


def _pieces(items: Mapping[str, Item]) -> Iterator[bytes]:
    rest = iter(items.items())
    while piece := [_entry(stream, item) for stream, item in islice(rest, PIECE)]:
        yield _encode(piece)


def _entry(stream: str, item: Item) -> Entry:
    head = (stream, item.version, item.link, item.last, item.requests)
    match item.object:
        case None:
            return Entry(*head)
        case Customer() as customer:
            return Entry(*head, customer=customer)
        case ResourcePool() as pool:
            return Entry(*head, pool=pool)
        case Insight() as insight:
            return Entry(*head, insight=insight)
        case AgendaTemplate() as template:
            return Entry(*head, template=template)


def _item(entry: Entry) -> Item:
    thing = entry.customer or entry.pool or entry.insight or entry.template
    return Item(entry.version, entry.link, entry.last, thing, entry.requests)

"""Index rows: a function of the primary rows, so they are never in the changelog (design 4.4). Pure.

An index key is `i`, the index's letter, the value with its length before it, the object's addedTime (so that a scan
is in the order that lists are shown in), and the primary row's key. Its value in the store is empty.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from struct import Struct as Packer
from typing import Any

import msgspec

from projections.rows import PREFIX_LENGTH

#: A scheduler's decision number: its epoch, and its count.
Turn = tuple[int, int]

#: Which attribute each index letter stands for.
LETTERS = {"linkId": b"l", "customerId": b"c", "agendaId": b"g", "externalId": b"x", "id": b"i"}
#: Every row of a kind, whatever its attributes; not of operations, which are too many for what it is good for.
ALL = b"*"
#: Which attributes of a kind (agenda, progress, operation) have index rows. Of operations the id only where it is not
#: `<progress id>-<name>`, which leads to the row by itself.
INDEXED = {
    "agenda": ("id", "linkId", "customerId"),
    "progress": ("linkId", "agendaId", "externalId", "customerId"),
    "operation": ("id", "customerId"),
}
#: Ready entries and due times of head rows, read once at takeover.
READY, DUE = b"r", b"d"
#: The last dispatch of each agenda, by queue and customer, the latest decision first (see turns).
TURN = b"t"
#: Runs by the minute of their progress's last update, tombstones by that of their deletion, and runs that have no
#: progress (see ages).
AGE = b"u"
STRAY = b"s"
MINUTE = 60_000

_LENGTH = Packer(">H").pack
_TIME = Packer(">q").pack
_TURN = Packer(">QQ")
_LARGEST = 2**64 - 1


def index_prefix(kind: bytes, letter: bytes, value: str) -> bytes:
    """What the index keys of all rows of a kind (a, p, o) with a value begin with."""
    return b"i" + kind + letter + _sized(value)


def primary_of(index_key: bytes) -> bytes:
    """The primary row's key that an attribute's index key leads to."""
    length = int.from_bytes(index_key[3:5], "big")
    return index_key[5 + length + 8 :]


def turns(scan: Callable[[bytes, bytes], Iterator[tuple[bytes, bytes]]]) -> Iterator[tuple[str, str, Turn]]:
    """Queue, customer and the latest decision that served it: one look per pair, however many agendas each has."""
    start = prefix = b"i" + TURN
    while (found := next(scan(prefix, start), None)) is not None:
        queue, rest = _unsized(found[0][len(prefix) :])
        customer, rest = _unsized(rest)
        epoch, number = _TURN.unpack_from(rest)
        yield queue, customer, (_LARGEST - epoch, _LARGEST - number)
        # Beyond the last that a decision of this pair can have.
        start = prefix + _sized(queue) + _sized(customer) + b"\xff" * (_TURN.size + 1)


class _Object(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The fields of an agenda or an operation that its index keys are made of."""

    id: str | None = None
    link_id: str | None = None
    customer_id: str | None = None
    agenda_progress_id: str | None = None
    operation: str | None = None
    added_time: int | None = None


class _Progress(msgspec.Struct, frozen=True, rename="camel", gc=False):
    link_id: str | None = None
    customer_id: str | None = None
    agenda_id: str | None = None
    external_id: str | None = None
    added_time: int | None = None
    updated_time: int | None = None


class _AgendaHead(msgspec.Struct, frozen=True, rename="camel", gc=False):
    ready: bool = False
    expires: int | None = None
    heard: int | None = None
    failed: int | None = None
    customer_id: str = ""
    queue: str | None = None
    epoch: int | None = None
    number: int | None = None


class _Head(msgspec.Struct, frozen=True, gc=False):
    agendas: dict[str, _AgendaHead] = {}  # noqa: RUF012  # msgspec copies it
    progress: bool = False
    deleted: int | None = None


_decode_progress = msgspec.json.Decoder(_Progress).decode
_decode_object = msgspec.json.Decoder(_Object).decode
_decode_head = msgspec.json.Decoder(_Head).decode

#: What a row's index keys depend on, besides its key: equal traits, equal index keys.
Traits = tuple[Any, ...]


def traits_of(key: bytes, value: bytes | None) -> Traits | None:
    """The traits of a stored row; None where it has no index keys at all. Raises MsgspecError.

    Every row is weighed when it is written and when it is restored, mostly to find that nothing of this has changed:
    so only these fields are decoded, and a scan of a long payload makes no objects.
    """
    if value is None or len(value) == PREFIX_LENGTH:
        return None
    row = memoryview(value)[PREFIX_LENGTH:]
    kind = key[:1]
    if kind == b"h":
        return _traits_of_head(_decode_head(row))
    if kind == b"p":
        progress = _decode_progress(row)
        minute = None if progress.updated_time is None else max(progress.updated_time, 0) // MINUTE
        return (
            progress.added_time,
            progress.link_id,
            progress.customer_id,
            progress.agenda_id,
            progress.external_id,
            minute,
        )
    found = _decode_object(row)
    if kind == b"a":
        return found.added_time, found.id, found.link_id, found.customer_id
    odd = found.id != f"{found.agenda_progress_id}-{found.operation}"
    return found.added_time, found.customer_id, found.id if odd else None


def _traits_of_head(head: _Head) -> Traits:
    ready = watched = False
    served: list[tuple[str, str, int, int]] | None = None
    for agenda in head.agendas.values():
        ready = ready or agenda.ready
        # As rows.AgendaHead.is_watched says it.
        watched = watched or not (agenda.expires is agenda.heard is agenda.failed is None)
        if agenda.queue is not None and agenda.epoch is not None and agenda.number is not None:
            served = [*(served or ()), (agenda.queue, agenda.customer_id, agenda.epoch, agenda.number)]
    deleted = None if head.deleted is None else max(head.deleted, 0) // MINUTE
    return ready, watched, served, deleted, not head.progress and deleted is None


#: Which letter each trait after the addedTime stands under.
_ORDER = {
    kind: tuple(LETTERS[name] for name in names)
    for kind, names in {
        b"p": ("linkId", "customerId", "agendaId", "externalId"),
        b"a": ("id", "linkId", "customerId"),
        b"o": ("customerId", "id"),
    }.items()
}


def index_keys(key: bytes, traits: Traits | None) -> list[bytes]:
    """All index keys of one primary row."""
    if traits is None:
        return []
    kind = key[:1]
    if kind == b"h":
        return _head_keys(key, *traits)
    added, *values = traits
    tail = _TIME(max(added or 0, 0)) + key
    found = [_prefix(kind, letter, value) + tail for letter, value in zip(_ORDER[kind], values) if value is not None]  # noqa: B905  # as traits_of has it
    if kind != b"o":
        found.append(_prefix(kind, ALL, "") + tail)
    if kind == b"p" and values[-1] is not None:
        found.append(_age(kind, values[-1], key))
    return found


def _head_keys(  # noqa: PLR0913  # its traits
    key: bytes,
    ready: bool,  # noqa: FBT001
    watched: bool,  # noqa: FBT001
    served: list[tuple[str, str, int, int]] | None,
    deleted: int | None,
    stray: bool,  # noqa: FBT001
) -> list[bytes]:
    found = [b"i" + letter + key for letter, present in ((READY, ready), (DUE, watched)) if present]
    for queue, customer, epoch, number in served or ():
        turn = _TURN.pack(_LARGEST - epoch, _LARGEST - number)
        found.append(b"i" + TURN + _sized(queue) + _sized(customer) + turn + key)
    if deleted is not None:
        found.append(_age(b"h", deleted, key))
    elif stray:
        found.append(_age(STRAY, 0, key))
    return found


def _age(kind: bytes, minute: int, key: bytes) -> bytes:
    return b"i" + AGE + kind + _TIME(minute * MINUTE) + key


def _sized(value: str) -> bytes:
    encoded = value.encode()[:4096]
    return _LENGTH(len(encoded)) + encoded


def _unsized(sized: bytes) -> tuple[str, bytes]:
    end = 2 + int.from_bytes(sized[:2], "big")
    return sized[2:end].decode(errors="replace"), sized[end:]


#: Customers and links recur; ids do not, and cost a miss.
_prefix = lru_cache(maxsize=1024)(index_prefix)

"""Index rows: a function of the primary rows, so they are never in the changelog (design 4.4). Pure.

An index key is `i`, the index's letter, the value with its length before it, the object's addedTime (so that a scan
is in the order that lists are shown in), and the primary row's key. Its value in the store is empty.
"""

from collections.abc import Iterator
from struct import Struct as Packer

from eventstore.model import Agenda, AgendaProgress, OperationProgress
from projections.rows import Head, Row

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

_LENGTH = Packer(">H").pack
_TIME = Packer(">q").pack


def index_prefix(kind: bytes, letter: bytes, value: str) -> bytes:
    """What the index keys of all rows of a kind (a, p, o) with a value begin with."""
    encoded = value.encode()[:4096]
    return b"i" + kind + letter + _LENGTH(len(encoded)) + encoded


def primary_of(index_key: bytes) -> bytes:
    """The primary row's key that an attribute's index key leads to."""
    length = int.from_bytes(index_key[3:5], "big")
    return index_key[5 + length + 8 :]


def index_keys(key: bytes, row: Row | None) -> set[bytes]:
    """All index keys of one primary row."""
    match row:
        case Head():
            return set(_head_entries(key, row))
        case Agenda() | AgendaProgress() | OperationProgress():
            place = _TIME(max(row.added_time or 0, 0)) + key
            keys = {
                index_prefix(key[:1], LETTERS[name], value) + place
                for name, value in _attributes(row)
                if value is not None
            }
            if not isinstance(row, OperationProgress):
                keys.add(index_prefix(key[:1], ALL, "") + place)
            return keys
        case None:
            return set()


def _head_entries(key: bytes, head: Head) -> Iterator[bytes]:
    if any(agenda.ready for agenda in head.agendas.values()):
        yield b"i" + READY + key
    if any(agenda.is_watched for agenda in head.agendas.values()):
        yield b"i" + DUE + key


def _attributes(row: Agenda | AgendaProgress | OperationProgress) -> Iterator[tuple[str, str | None]]:
    match row:
        case Agenda():
            yield "id", row.id
            yield "linkId", row.link_id
            yield "customerId", row.customer_id
        case AgendaProgress():
            yield "linkId", row.link_id
            yield "customerId", row.customer_id
            yield "agendaId", row.agenda_id
            yield "externalId", row.external_id
        case OperationProgress():
            yield "customerId", row.customer_id
            if row.id != f"{row.agenda_progress_id}-{row.operation}":
                yield "id", row.id

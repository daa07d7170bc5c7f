"""Index rows: a function of the primary rows, so they are never in the changelog (design 4.4). Pure.

An index key is `i`, the index's letter, the value with its length before it, the object's addedTime (so that a scan
is in the order that lists are shown in), and the primary row's key. Its value in the store is empty.
"""

from collections.abc import Callable, Iterator
from struct import Struct as Packer

from eventstore.model import Agenda, AgendaProgress, OperationProgress
from projections.rows import Head, Row

#: A scheduler's decision number: its epoch, and its count.
Turn = tuple[int, int]

#: Which attribute each index letter stands for.
LETTERS = {"linkId": b"l", "customerId": b"c", "agendaId": b"g", "externalId": b"x", "id": b"i"}
#: Ready entries and due times of head rows, read once at takeover.
READY, DUE = b"r", b"d"
#: The last dispatch of each agenda, by queue and customer, the latest decision first (see turns).
TURN = b"t"
#: Rows by kind and the minute of their last update, tombstones by that of their deletion (see ages).
AGE = b"u"
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


def index_keys(key: bytes, row: Row | None) -> set[bytes]:
    """All index keys of one primary row."""
    match row:
        case Head():
            return {*_head_entries(key, row), *_age(key, row.deleted)}
        case Agenda() | AgendaProgress() | OperationProgress():
            added = _TIME(row.added_time or 0)
            return {*_age(key, row.updated_time)} | {
                index_prefix(key[:1], LETTERS[name], value) + added + key
                for name, value in _attributes(row)
                if value is not None
            }
        case None:
            return set()


def _head_entries(key: bytes, head: Head) -> Iterator[bytes]:
    if any(agenda.ready for agenda in head.agendas.values()):
        yield b"i" + READY + key
    if any(agenda.is_watched for agenda in head.agendas.values()):
        yield b"i" + DUE + key
    for agenda in head.agendas.values():
        if agenda.queue is not None and agenda.epoch is not None and agenda.number is not None:
            turn = _TURN.pack(_LARGEST - agenda.epoch, _LARGEST - agenda.number)
            yield b"i" + TURN + _sized(agenda.queue) + _sized(agenda.customer_id) + turn + key


def _age(key: bytes, at: int | None) -> Iterator[bytes]:
    # Of a client's making, a time may be anything; that of a row is ours.
    if at is not None and at >= 0:
        yield b"i" + AGE + key[:1] + _TIME(at // MINUTE * MINUTE) + key


def _sized(value: str) -> bytes:
    encoded = value.encode()[:4096]
    return _LENGTH(len(encoded)) + encoded


def _unsized(sized: bytes) -> tuple[str, bytes]:
    end = 2 + int.from_bytes(sized[:2], "big")
    return sized[2:end].decode(errors="replace"), sized[end:]


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

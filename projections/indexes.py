"""Index rows: a function of the primary rows, so they are never in the changelog (design 4.4). Pure.

An index key is `i`, the index's letter, the value with its length before it, the object's addedTime (so that a scan
is in the order that lists are shown in), and the primary row's key. Its value in the store is empty.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from struct import Struct as Packer

from projections.traits import MINUTE, Traits

Keys = list[bytes]
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


def index_keys(key: bytes, traits: Traits | None) -> list[bytes]:
    """All index keys of one primary row."""
    return [] if traits is None else _KEYS[key[:1]](key, *traits)


# One function per kind, spelled out: every restored row comes through here, and a loop over names costs twice as much.


def _agenda_keys(key: bytes, added: int | None, identity: str | None, link: str | None, customer: str | None) -> Keys:
    tail = _tail(added, key)
    found = [] if identity is None else [index_prefix(b"a", b"i", identity) + tail]
    if link is not None:
        found.append(_prefix(b"a", b"l", link) + tail)
    if customer is not None:
        found.append(_prefix(b"a", b"c", customer) + tail)
    found.append(_ALL_AGENDAS + tail)
    return found


def _progress_keys(  # noqa: PLR0913  # its traits
    key: bytes,
    added: int | None,
    link: str | None,
    customer: str | None,
    agenda: str | None,
    external: str | None,
    minute: int | None,
) -> Keys:
    tail = _tail(added, key)
    found = [] if link is None else [_prefix(b"p", b"l", link) + tail]
    if customer is not None:
        found.append(_prefix(b"p", b"c", customer) + tail)
    if agenda is not None:
        found.append(index_prefix(b"p", b"g", agenda) + tail)
    if external is not None:
        found.append(index_prefix(b"p", b"x", external) + tail)
    found.append(_ALL_PROGRESSES + tail)
    if minute is not None:
        found.append(_age(b"p", minute, key))
    return found


def _operation_keys(key: bytes, added: int | None, customer: str | None, odd: str | None) -> Keys:
    tail = _tail(added, key)
    found = [] if customer is None else [_prefix(b"o", b"c", customer) + tail]
    if odd is not None:
        found.append(index_prefix(b"o", b"i", odd) + tail)
    return found


def moved(key: bytes, before: Traits | None, after: Traits | None) -> tuple[Keys, Keys]:
    """Index keys that go, and those that come, where the traits of one row change; what stays is in neither."""
    if before is not None and after is not None:
        if key[:1] == b"p" and before[:-1] == after[:-1]:
            # It got older by a minute: nearly always nothing else.
            return _ages(key, before[-1]), _ages(key, after[-1])
        if key[:1] == b"h" and before[2] == after[2]:
            before, after = (*before[:2], None, *before[3:]), (*after[:2], None, *after[3:])
    gone, come = index_keys(key, before), index_keys(key, after)
    return [each for each in gone if each not in come], [each for each in come if each not in gone]


def _head_keys(  # noqa: PLR0913  # its traits
    key: bytes,
    ready: bool,  # noqa: FBT001
    watched: bool,  # noqa: FBT001
    served: list[tuple[str, str, int, int]] | None,
    deleted: int | None,
    stray: bool,  # noqa: FBT001
) -> Keys:
    found = [b"i" + READY + key] if ready else []
    if watched:
        found.append(b"i" + DUE + key)
    for queue, customer, epoch, number in served or ():
        found.append(_pair(queue, customer) + _TURN.pack(_LARGEST - epoch, _LARGEST - number) + key)
    if deleted is not None:
        found.append(_age(b"h", deleted, key))
    elif stray:
        found.append(_age(STRAY, 0, key))
    return found


_KEYS: dict[bytes, Callable[..., Keys]] = {
    b"h": _head_keys,
    b"a": _agenda_keys,
    b"p": _progress_keys,
    b"o": _operation_keys,
}


def _tail(added: int | None, key: bytes) -> bytes:
    return _TIME(added if added is not None and added > 0 else 0) + key


def _ages(key: bytes, minute: int | None) -> Keys:
    return [] if minute is None else [_age(b"p", minute, key)]


def _age(kind: bytes, minute: int, key: bytes) -> bytes:
    return b"i" + AGE + kind + _TIME(minute * MINUTE) + key


@lru_cache(maxsize=1024)
def _pair(queue: str, customer: str) -> bytes:
    return b"i" + TURN + _sized(queue) + _sized(customer)


def _sized(value: str) -> bytes:
    encoded = value.encode()[:4096]
    return _LENGTH(len(encoded)) + encoded


def _unsized(sized: bytes) -> tuple[str, bytes]:
    end = 2 + int.from_bytes(sized[:2], "big")
    return sized[2:end].decode(errors="replace"), sized[end:]


#: Customers and links recur; ids do not, and would only cost a miss.
_prefix = lru_cache(maxsize=1024)(index_prefix)
_ALL_AGENDAS = index_prefix(b"a", ALL, "")
_ALL_PROGRESSES = index_prefix(b"p", ALL, "")

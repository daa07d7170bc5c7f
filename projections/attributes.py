"""Index rows by attribute: one for each text of an object that lists are asked for by (spec 2.4). Pure.

An index key is `i`, the kind's letter, the attribute's, the value with its length before it, the object's addedTime (so
that a scan is in the order that lists are shown in), and the primary row's key.
"""

from functools import lru_cache
from struct import Struct as Packer

Keys = list[bytes]

#: Which attribute each index letter stands for.
LETTERS = {
    "linkId": b"l",
    "customerId": b"c",
    "agendaId": b"g",
    "externalId": b"x",
    "id": b"i",
    "cid": b"d",
    "title": b"t",
    "jobId": b"j",
    "processingState": b"s",
    "processingStateMessage": b"m",
}
#: Every row of a kind, whatever its attributes; not of operations, which are too many for what it is good for.
ALL = b"*"
#: Which attributes of a kind (agenda, progress, operation) have index rows: all texts of an agenda and of a progress
#: that do not lead to their row by themselves. Of operations, which are too many for more, the customer, and the id
#: where it is not `<progress id>-<name>`.
INDEXED = {
    "agenda": ("id", "linkId", "customerId", "cid", "title", "jobId"),
    "progress": (
        "linkId",
        "agendaId",
        "externalId",
        "customerId",
        "cid",
        "title",
        "processingState",
        "processingStateMessage",
    ),
    "operation": ("id", "customerId"),
}
_LENGTH = Packer(">H").pack
_TIME = Packer(">q").pack


def index_prefix(kind: bytes, letter: bytes, value: str) -> bytes:
    """What the index keys of all rows of a kind (a, p, o) with a value begin with."""
    return b"i" + kind + letter + sized(value)


def primary_of(index_key: bytes) -> bytes:
    """The primary row's key that an attribute's index key leads to."""
    length = int.from_bytes(index_key[3:5], "big")
    return index_key[5 + length + 8 :]


# One function per kind, spelled out: every restored row comes through here, and a loop over names costs twice as much.


def agenda_keys(  # noqa: PLR0913, PLR0917  # its traits
    key: bytes,
    added: int | None,
    identity: str | None,
    link: str | None,
    customer: str | None,
    cid: str | None,
    title: str | None,
    job: str | None,
) -> Keys:
    """Those of an agenda."""
    tail = _tail(added, key)
    found = [] if identity is None else [index_prefix(b"a", b"i", identity) + tail]
    if link is not None:
        found.append(_prefix(b"a", b"l", link) + tail)
    if customer is not None:
        found.append(_prefix(b"a", b"c", customer) + tail)
    if cid is not None:
        found.append(index_prefix(b"a", b"d", cid) + tail)
    if title is not None:
        found.append(_prefix(b"a", b"t", title) + tail)
    if job is not None:
        found.append(_prefix(b"a", b"j", job) + tail)
    found.append(_ALL_AGENDAS + tail)
    return found


def progress_keys(  # noqa: PLR0913, PLR0917  # its traits
    key: bytes,
    added: int | None,
    link: str | None,
    customer: str | None,
    agenda: str | None,
    external: str | None,
    cid: str | None,
    title: str | None,
) -> Keys:
    """Those of a progress that stay as they are while it runs."""
    tail = _tail(added, key)
    found = [] if link is None else [_prefix(b"p", b"l", link) + tail]
    if customer is not None:
        found.append(_prefix(b"p", b"c", customer) + tail)
    if agenda is not None:
        found.append(index_prefix(b"p", b"g", agenda) + tail)
    if external is not None:
        found.append(index_prefix(b"p", b"x", external) + tail)
    if cid is not None:
        found.append(index_prefix(b"p", b"d", cid) + tail)
    if title is not None:
        found.append(_prefix(b"p", b"t", title) + tail)
    found.append(_ALL_PROGRESSES + tail)
    return found


def state_keys(key: bytes, added: int | None, state: str | None, message: str | None) -> Keys:
    """Those of a progress that change while it runs."""
    tail = _tail(added, key)
    found = [] if state is None else [_prefix(b"p", b"s", state) + tail]
    if message is not None:
        found.append(_prefix(b"p", b"m", message) + tail)
    return found


def operation_keys(key: bytes, added: int | None, customer: str | None, odd: str | None) -> Keys:
    """Those of an operation: its customer's, and its id's where that is an odd one."""
    tail = _tail(added, key)
    found = [] if customer is None else [_prefix(b"o", b"c", customer) + tail]
    if odd is not None:
        found.append(index_prefix(b"o", b"i", odd) + tail)
    return found


def _tail(added: int | None, key: bytes) -> bytes:
    return _TIME(added if added is not None and added > 0 else 0) + key


def sized(value: str) -> bytes:
    """A value with its length before it, so that none begins another."""
    encoded = value.encode()[:4096]
    return _LENGTH(len(encoded)) + encoded


def unsized(data: bytes) -> tuple[str, bytes]:
    """The value that some bytes begin with, and the bytes behind it."""
    end = 2 + int.from_bytes(data[:2], "big")
    return data[2:end].decode(errors="replace"), data[end:]


#: Customers and links recur; ids do not, and would only cost a miss.
_prefix = lru_cache(maxsize=1024)(index_prefix)
_ALL_AGENDAS = index_prefix(b"a", ALL, "")
_ALL_PROGRESSES = index_prefix(b"p", ALL, "")

"""Index rows by attribute: one for each text of an object that lists are asked for by (spec 2.4). Pure.

An index key is `i`, the kind's letter, the attribute's, the value with its length before it, the object's addedTime (so
that a scan is in the order that lists are shown in), and the primary row's key.
"""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct as Packer

from projections.indexes.traits import AgendaTraits, OperationTraits, ProgressTraits

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
#: Every row of a kind, whatever its attributes.
ALL = b"*"
#: Which attributes of a kind (agenda, progress, operation) have index rows: all texts of an agenda and of a progress
#: that do not lead to their row by themselves. Of operations, which are too many for more, the id where it is not
#: `<progress id>-<name>`; by all else they are found in zones (projections.indexes.zones).
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
    "operation": ("id",),
}
_LENGTH = Packer(">H").pack
_TIME = Packer(">q").pack


def sized(value: str) -> bytes:
    """A value with its length before it, so that none begins another."""
    encoded = value.encode()[:4096]
    return _LENGTH(len(encoded)) + encoded


def index_prefix(kind: bytes, letter: bytes, value: str) -> bytes:
    """What the index keys of all rows of a kind (a, p, o) with a value begin with."""
    return b"i" + kind + letter + sized(value)


def primary_of(index_key: bytes) -> bytes:
    """The primary row's key that an attribute's index key leads to."""
    length = int.from_bytes(index_key[3:5], "big")
    return index_key[5 + length + 8 :]


def _lines(kind: bytes, letter: bytes) -> Callable[[str], bytes]:
    """What the index keys of a value begin with: kept, for customers and links recur."""
    return lru_cache(maxsize=1024)(lambda value: index_prefix(kind, letter, value))


_AGENDA_LINK, _AGENDA_CUSTOMER = _lines(b"a", b"l"), _lines(b"a", b"c")
_AGENDA_TITLE, _AGENDA_JOB = _lines(b"a", b"t"), _lines(b"a", b"j")
_LINK, _CUSTOMER, _TITLE = _lines(b"p", b"l"), _lines(b"p", b"c"), _lines(b"p", b"t")
_STATE, _MESSAGE = _lines(b"p", b"s"), _lines(b"p", b"m")
_ALL_AGENDAS, _ALL_PROGRESSES = index_prefix(b"a", ALL, ""), index_prefix(b"p", ALL, "")

# One function per kind, spelled out: every restored row comes through here, and a loop over names costs twice as much.


def agenda_keys(key: bytes, agenda: AgendaTraits) -> Keys:
    """Those of an agenda."""
    tail = _tail(agenda.added_time, key)
    found = [] if (text := agenda.id) is None else [b"iai" + sized(text) + tail]
    if (text := agenda.link_id) is not None:
        found.append(_AGENDA_LINK(text) + tail)
    if (text := agenda.customer_id) is not None:
        found.append(_AGENDA_CUSTOMER(text) + tail)
    if (text := agenda.cid) is not None:
        found.append(b"iad" + sized(text) + tail)
    if (text := agenda.title) is not None:
        found.append(_AGENDA_TITLE(text) + tail)
    if (text := agenda.job_id) is not None:
        found.append(_AGENDA_JOB(text) + tail)
    found.append(_ALL_AGENDAS + tail)
    return found


def progress_keys(key: bytes, progress: ProgressTraits) -> Keys:
    """Those of a progress."""
    tail = _tail(progress.added_time, key)
    found = state_keys(key, progress, tail)
    if (text := progress.link_id) is not None:
        found.append(_LINK(text) + tail)
    if (text := progress.customer_id) is not None:
        found.append(_CUSTOMER(text) + tail)
    if (text := progress.agenda_id) is not None:
        found.append(b"ipg" + sized(text) + tail)
    if (text := progress.external_id) is not None:
        found.append(b"ipx" + sized(text) + tail)
    if (text := progress.cid) is not None:
        found.append(b"ipd" + sized(text) + tail)
    if (text := progress.title) is not None:
        found.append(_TITLE(text) + tail)
    found.append(_ALL_PROGRESSES + tail)
    return found


def state_keys(key: bytes, progress: ProgressTraits, tail: bytes | None = None) -> Keys:
    """Those of them that change while it runs."""
    tail = tail or _tail(progress.added_time, key)
    found = [] if (text := progress.processing_state) is None else [_STATE(text) + tail]
    if (text := progress.processing_state_message) is not None:
        found.append(_MESSAGE(text) + tail)
    return found


def operation_keys(key: bytes, operation: OperationTraits) -> Keys:
    """That of an operation's id, an odd one: others have no traits."""
    return [] if (text := operation.id) is None else [b"ioi" + sized(text) + _tail(operation.added_time, key)]


def place_of(added: int | None, key: bytes) -> bytes:
    """Where a row stands in each of its lines: what its index keys have behind their values."""
    return _tail(added, key)


def _tail(added: int | None, key: bytes) -> bytes:
    return _TIME(added if added is not None and added > 0 else 0) + key


def unsized(data: bytes) -> tuple[str, bytes]:
    """The value that some bytes begin with, and the bytes behind it."""
    end = 2 + int.from_bytes(data[:2], "big")
    return data[2:end].decode(errors="replace"), data[end:]

"""Index rows by attribute: one for each text of an object that lists are asked for by (spec 2.4). Pure.

An index key is `i`, the kind's letter, the attribute's, the value with its length before it, the object's addedTime (so
that a scan is in the order that lists are shown in), and the primary row's key.
"""

from collections.abc import Sequence
from struct import Struct as Packer
from typing import Any, TypeVar

import msgspec
from msgspec.structs import astuple

from projections.indexes.traits import AgendaTraits, OperationTraits, ProgressTraits

T = TypeVar("T", AgendaTraits, OperationTraits, ProgressTraits)
Keys = list[bytes]
#: Rows of one kind, each with its key.
Rows = Sequence[tuple[bytes, T]]

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


def _lines(kind: str, traits: type[msgspec.Struct]) -> list[bytes | None]:
    """What the index keys by each field of some traits begin with, in the fields' order; None where there are none."""
    letter = kind[:1].encode()
    names = traits.__struct_encode_fields__
    return [b"i" + letter + LETTERS[name] if name in INDEXED[kind] else None for name in names]


_AGENDA, _PROGRESS = _lines("agenda", AgendaTraits), _lines("progress", ProgressTraits)
_STATE = [line if line in (b"ips", b"ipm") else None for line in _PROGRESS]
_OPERATION = _lines("operation", OperationTraits)
_NOT_SAID = {None}
_ALL_AGENDAS, _ALL_PROGRESSES = index_prefix(b"a", ALL, ""), index_prefix(b"p", ALL, "")

# Of all rows of a batch together, line by line: every row that is written or restored comes through here.


def agenda_keys(rows: Rows[AgendaTraits]) -> Keys:
    """Those of agendas."""
    places = _places(rows)
    return [*_by_text(_AGENDA, rows, places), *[_ALL_AGENDAS + place for place in places]]


def progress_keys(rows: Rows[ProgressTraits]) -> Keys:
    """Those of progresses."""
    places = _places(rows)
    return [*_by_text(_PROGRESS, rows, places), *[_ALL_PROGRESSES + place for place in places]]


def state_keys(rows: Rows[ProgressTraits]) -> Keys:
    """Those of progresses that change while they run."""
    return _by_text(_STATE, rows, _places(rows))


def operation_keys(rows: Rows[OperationTraits]) -> Keys:
    """Those of operations' ids, odd ones: others have no traits."""
    return _by_text(_OPERATION, rows, _places(rows))


def _by_text(lines: Sequence[bytes | None], rows: Rows[Any], places: Sequence[bytes]) -> Keys:
    found: Keys = []
    # Column by column; of no rows there are none.
    for line, texts in zip(lines, zip(*[astuple(row) for _, row in rows], strict=True), strict=False):
        if line is not None and (known := {*texts} - _NOT_SAID):
            # Customers and links recur.
            starts = {text: line + sized(text) for text in known}
            found += [starts[text] + place for text, place in zip(texts, places, strict=True) if text is not None]
    return found


def _places(rows: Rows[Any]) -> list[bytes]:
    return [_TIME(time if (time := row.added_time) is not None and time > 0 else 0) + key for key, row in rows]


def place_of(added: int | None, key: bytes) -> bytes:
    """Where a row stands in each of its lines: what its index keys have behind their values."""
    return _TIME(added if added is not None and added > 0 else 0) + key


def unsized(data: bytes) -> tuple[str, bytes]:
    """The value that some bytes begin with, and the bytes behind it."""
    end = 2 + int.from_bytes(data[:2], "big")
    return data[2:end].decode(errors="replace"), data[end:]

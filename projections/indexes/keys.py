"""Index rows: a function of the primary rows, so they are never in the changelog (design 4.4). Pure.

An index key is `i`, the index's letter, what it is ordered by, and the primary row's key; those by attribute stand in
`attributes`. Its value in the store is empty.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from struct import Struct as Packer
from typing import Any, TypeVar

from projections.indexes.attributes import (
    Keys,
    Rows,
    agenda_keys,
    operation_keys,
    progress_keys,
    sized,
    state_keys,
    unsized,
)
from projections.indexes.traits import MINUTE, HeadTraits, ProgressTraits, Traits

T = TypeVar("T")
#: A scheduler's decision number: its epoch, and its count.
Turn = tuple[int, int]

#: Ready entries and due times of head rows, read once at takeover.
READY, DUE = b"r", b"d"
#: The last dispatch of each agenda, by queue and customer, the latest decision first (see turns).
TURN = b"t"
#: Runs by the minute of their progress's last update, tombstones by that of their deletion, and runs that have no
#: progress (see ages).
AGE = b"u"
STRAY = b"s"

_TIME = Packer(">q").pack
_TURN = Packer(">QQ")
_LARGEST = 2**64 - 1
#: What of a progress stays as it is while it runs, nearly always.
_lasting = attrgetter("added_time", "link_id", "customer_id", "agenda_id", "external_id", "cid", "title")
_state = attrgetter("processing_state", "processing_state_message")


def turns(scan: Callable[[bytes, bytes], Iterator[tuple[bytes, bytes]]]) -> Iterator[tuple[str, str, Turn]]:
    """Queue, customer and the latest decision that served it: one look per pair, however many agendas each has."""
    start = prefix = b"i" + TURN
    while (found := next(scan(prefix, start), None)) is not None:
        queue, rest = unsized(found[0][len(prefix) :])
        customer, rest = unsized(rest)
        epoch, number = _TURN.unpack_from(rest)
        yield queue, customer, (_LARGEST - epoch, _LARGEST - number)
        # Beyond the last that a decision of this pair can have.
        start = prefix + sized(queue) + sized(customer) + b"\xff" * (_TURN.size + 1)


def index_keys(key: bytes, traits: Traits | None) -> Keys:
    """All index keys of one primary row."""
    return keys_of(key[:1], [(key, traits)])


def keys_of(kind: bytes, rows: Rows[Any]) -> Keys:
    """All index keys of some primary rows of one kind."""
    return _KEYS[kind]([row for row in rows if row[1] is not None])


def moved(kind: bytes, rows: Sequence[tuple[bytes, Any, Any]]) -> tuple[set[bytes], set[bytes]]:
    """Index keys that go, and those that come, where rows of one kind change: keys, traits before, traits after.

    What stays is in neither.
    """
    if kind == b"p" and all(_is_passing(*row) for row in rows):
        stated = [row for row in rows if _state(row[1]) != _state(row[2])]
        aged = [row for row in rows if _minute(row[1]) != _minute(row[2])]
        gone = {*state_keys(_before(stated)), *_ages(_before(aged))}
        come = {*state_keys(_after(stated)), *_ages(_after(aged))}
    else:
        gone, come = {*keys_of(kind, _before(rows))}, {*keys_of(kind, _after(rows))}
    return gone - come, come - gone


def _is_passing(_: bytes, before: ProgressTraits | None, after: ProgressTraits | None) -> bool:
    """It got older, or has another state: nearly always nothing else, and mostly not by a minute."""
    return before is not None and after is not None and _lasting(before) == _lasting(after)


def _before(rows: Sequence[tuple[bytes, T, T]]) -> list[tuple[bytes, T]]:
    return [(key, old) for key, old, _ in rows]


def _after(rows: Sequence[tuple[bytes, T, T]]) -> list[tuple[bytes, T]]:
    return [(key, new) for key, _, new in rows]


def _minute(progress: ProgressTraits) -> int | None:
    return None if (time := progress.updated_time) is None else max(0, time) // MINUTE


def _head_keys(rows: Sequence[tuple[bytes, HeadTraits]]) -> Keys:
    found: Keys = []
    for key, (ready, watched, served, deleted, stray) in rows:
        if ready:
            found.append(b"i" + READY + key)
        if watched:
            found.append(b"i" + DUE + key)
        for queue, customer, epoch, number in served or ():
            found.append(_pair(queue, customer) + _TURN.pack(_LARGEST - epoch, _LARGEST - number) + key)
        if deleted is not None:
            found.append(_age(b"h", deleted) + key)
        elif stray:
            found.append(_age(STRAY, 0) + key)
    return found


def _progress_keys(rows: Rows[ProgressTraits]) -> Keys:
    return progress_keys(rows) + _ages(rows)


def _ages(rows: Rows[ProgressTraits]) -> Keys:
    return [_age(b"p", minute) + key for key, row in rows if (minute := _minute(row)) is not None]


_KEYS: dict[bytes, Callable[[Sequence[tuple[bytes, Any]]], Keys]] = {
    b"h": _head_keys,
    b"a": agenda_keys,
    b"p": _progress_keys,
    b"o": operation_keys,
}


@lru_cache(maxsize=1024)
def _age(kind: bytes, minute: int) -> bytes:
    return b"i" + AGE + kind + _TIME(minute * MINUTE)


@lru_cache(maxsize=1024)
def _pair(queue: str, customer: str) -> bytes:
    return b"i" + TURN + sized(queue) + sized(customer)

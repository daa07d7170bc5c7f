"""Index rows: a function of the primary rows, so they are never in the changelog (design 4.4). Pure.

An index key is `i`, the index's letter, what it is ordered by, and the primary row's key; those by attribute stand in
`attributes`. Its value in the store is empty.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from struct import Struct as Packer
from typing import Any

from projections.indexes.attributes import Keys, agenda_keys, operation_keys, progress_keys, sized, state_keys, unsized
from projections.indexes.traits import MINUTE, HeadTraits, ProgressTraits, Traits

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
    return [] if traits is None else _KEYS[key[:1]](key, traits)


def moved(key: bytes, before: Any, after: Any) -> tuple[Keys, Keys]:
    """Index keys that go, and those that come, where the traits of one row change; what stays is in neither."""
    if before is not None and after is not None:
        if key[:1] == b"p" and before.lasting == after.lasting:
            # It got older, or has another state: nearly always nothing else, and mostly not by a minute.
            if before.passing == after.passing:
                return [], []
            return _apart(_passing(key, before), _passing(key, after))
        if key[:1] == b"h" and before[2] is not None and before[2] == after[2]:
            before, after = (*before[:2], None, *before[3:]), (*after[:2], None, *after[3:])
    return _apart(index_keys(key, before), index_keys(key, after))


def _apart(before: Keys, after: Keys) -> tuple[Keys, Keys]:
    return [each for each in before if each not in after], [each for each in after if each not in before]


def _head_keys(key: bytes, traits: HeadTraits) -> Keys:
    ready, watched, served, deleted, stray = traits
    found = [b"i" + READY + key] if ready else []
    if watched:
        found.append(b"i" + DUE + key)
    for queue, customer, epoch, number in served or ():
        found.append(_pair(queue, customer) + _TURN.pack(_LARGEST - epoch, _LARGEST - number) + key)
    if deleted is not None:
        found.append(_age(b"h", deleted) + key)
    elif stray:
        found.append(_age(STRAY, 0) + key)
    return found


def _progress_keys(key: bytes, progress: ProgressTraits) -> Keys:
    return _aged(progress_keys(key, progress), key, progress)


def _passing(key: bytes, progress: ProgressTraits) -> Keys:
    return _aged(state_keys(key, progress), key, progress)


def _aged(found: Keys, key: bytes, progress: ProgressTraits) -> Keys:
    if (minute := progress.minute) is not None:
        found.append(_age(b"p", minute) + key)
    return found


_KEYS: dict[bytes, Callable[[bytes, Any], Keys]] = {
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

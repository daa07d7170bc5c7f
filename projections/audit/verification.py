"""Compares a partition's rows as its owner serves them with the replay of its log: names row, field, offset. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from projections.audit.replayed import rows_in
from projections.partition import Partition
from projections.rows import PREFIX_LENGTH, fold_of, offset_of
from projections.table.digest import in_hex, row_digest

_KINDS = {b"h": "head", b"a": "agenda", b"p": "progress", b"o": "operation"}
_NOTHING: Any = object()


class Field(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """One field that differs; None: it is not there."""

    #: its path in the row's JSON, `.` between names; in brackets what is about the row as a whole
    name: str
    found: Any
    expected: Any


class Difference(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """One row that is not what the log says."""

    key: bytes
    #: head, agenda, progress or operation
    kind: str
    #: run, and where there is one the agenda's id or the operation's name
    row: str
    #: missing, surplus or different
    what: str
    #: source offset that the owner's row claims; None: it has no such row
    offset: int | None
    #: source offset of the row in the replay; None: there should be none
    expected_offset: int | None


def digest_of(replayed: Partition) -> str:
    """What all rows of a replay sum to."""
    return in_hex(sum(row_digest(key, value) for key, value in rows_in(replayed)))


def differences(replayed: Partition, found: Mapping[bytes, tuple[int, bytes]]) -> list[Difference]:
    """Rows that are missing, surplus or different; `found`: key -> (source offset, digest) of the owner's rows."""
    wrong = []
    seen = 0
    for key, value in rows_in(replayed):
        if len(value) == PREFIX_LENGTH:
            continue
        have = found.get(key)
        seen += have is not None
        if have is None:
            wrong.append(_difference(key, "missing", None, offset_of(value)))
        elif have[1] != row_digest(key, value).to_bytes(16, "big"):
            wrong.append(_difference(key, "different", have[0], offset_of(value)))
    if seen < len(found):
        surplus = (key for key in found if len(replayed.get(key) or b"") <= PREFIX_LENGTH)
        wrong += [_difference(key, "surplus", found[key][0], None) for key in sorted(surplus)]
    return wrong


def fields(found: bytes | None, expected: bytes | None) -> list[Field]:
    """The fields in which two stored rows differ; of a row that is missing or surplus, none."""
    if found is None or expected is None:
        return []
    wrong = []
    if fold_of(found) != fold_of(expected):
        wrong.append(Field(name="(fold version)", found=fold_of(found), expected=fold_of(expected)))
    try:
        mine = msgspec.json.decode(found[PREFIX_LENGTH:])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as unreadable:
        return [*wrong, Field(name="(row)", found=f"not JSON: {unreadable}", expected="JSON")]
    wrong += _compared("", mine, msgspec.json.decode(expected[PREFIX_LENGTH:]))
    if not wrong and found[PREFIX_LENGTH:] != expected[PREFIX_LENGTH:]:
        wrong.append(Field(name="(bytes)", found="another form of the same JSON", expected="the fold's own"))
    return wrong


def _compared(path: str, found: Any, expected: Any) -> Iterator[Field]:
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in [*expected, *(name for name in found if name not in expected)]:
            inner = f"{path}.{name}" if path else name
            yield from _compared(inner, found.get(name, _NOTHING), expected.get(name, _NOTHING))
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for place, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
            yield from _compared(f"{path}[{place}]", mine, theirs)
    elif found is _NOTHING or expected is _NOTHING or type(found) is not type(expected) or found != expected:
        yield Field(name=path or "(row)", found=_shown(found), expected=_shown(expected))


def _shown(value: Any) -> Any:
    return None if value is _NOTHING else value


def _difference(key: bytes, what: str, offset: int | None, expected: int | None) -> Difference:
    return Difference(
        key=key,
        kind=_KINDS.get(key[:1], "unknown"),
        row=" ".join(part.decode(errors="replace") for part in key[2:].split(b"\0")),
        what=what,
        offset=offset,
        expected_offset=expected,
    )

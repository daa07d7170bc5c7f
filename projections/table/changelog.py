"""Rows as records of the changelog, and the changelog as a writer sees it (design 4.4). Pure."""

from collections.abc import Iterable
from typing import Protocol

from eventstore.errors import AgendumError
from eventstore.log import NewRecord, Record
from projections.rows import APPLIED, PREFIX_LENGTH, PRIMARY, offset_of, prefix
from projections.store import Item

#: The changelog header that carries the ten bytes before a row's JSON, so that a removal may be null.
ROW_HEADER = "row"
#: As it stands at the end of the ten bytes.
_FOLD = prefix(0)[8:]


class ChangelogRecreated(AgendumError):
    """The changelog was deleted and made anew under its writer: it lacks all that was written before."""


class Changelog(Protocol):
    """The changelog topic."""

    async def append(self, partition: int, records: list[NewRecord]) -> int:
        """Append one batch whole; the offset of its first record as the broker tells it (-1: it did not)."""

    async def read(self, partition: int, start: int, stop: int) -> list[Record]:
        """The records with start <= offset < stop that are still there."""


def record_of(key: bytes, value: bytes) -> NewRecord:
    """The changelog record of a row: a grave is a null value, its offset is in the header."""
    return NewRecord(key, value[PREFIX_LENGTH:] or None, [(ROW_HEADER, value[:PREFIX_LENGTH])])


def source_offset(record: Record) -> int:
    """Of the last event in the row that a changelog record carries; -1 if it carries none of ours."""
    for name, value in record.headers:
        if name == ROW_HEADER and len(value) == PREFIX_LENGTH:
            return offset_of(value)
    return -1


def rows_of(records: Iterable[Record]) -> tuple[list[Item], list[bytes]]:
    """The primary rows that stand in some records, by key and stored form, and the `applied` rows; both in order.

    Whatever else stands there is no row of this fold: index rows follow from rows, no sum would tell of a false one.
    """
    rows: list[Item] = []
    applied: list[bytes] = []
    for record in records:
        if (key := record.key) is None:
            continue
        for name, start in record.headers:
            if name == ROW_HEADER and len(start) == PREFIX_LENGTH and start[8:] == _FOLD:
                value = start + (record.value or b"")
                if key[:2] in PRIMARY:
                    rows.append((key, value))
                elif key == APPLIED:
                    applied.append(value)
                break
    return rows, applied

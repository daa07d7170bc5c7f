"""Rows as records of the changelog, and the changelog as a writer sees it (design 4.4). Pure."""

from typing import Protocol

from eventstore.errors import AgendumError
from eventstore.log import NewRecord, Record
from projections.rows import PREFIX_LENGTH, offset_of
from projections.table.replica import ROW_HEADER


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

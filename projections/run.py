"""One run as its rows show it: what deciders and folds read. Pure, given a lookup.

Rows are read when asked for, and only those: a report on one operation of ten thousand touches three rows.
"""

from collections.abc import Callable, Iterable
from typing import Any

from eventstore.model import Agenda, AgendaProgress, OperationProgress
from projections.rows import (
    Head,
    agenda_key,
    head_key,
    operation_key,
    operations_prefix,
    progress_key,
    read_row,
)


def _nothing(_: bytes) -> None:
    """The rows of a stream to which no event was ever applied."""


class Run:
    """The rows of one stream. `get` answers a stored value, `keys` the present keys under a prefix."""

    __slots__ = ("_get", "_head", "_keys", "head_key", "stream")

    def __init__(
        self,
        stream: str,
        get: Callable[[bytes], bytes | None],
        keys: Callable[[bytes], Iterable[bytes]],
    ) -> None:
        self.stream = stream
        self.head_key = head_key(stream)
        self._get = get
        self._keys = keys
        self._head: Head | bool | None = False

    @property
    def head(self) -> Head | None:
        """The head row; None where nothing ever was (or its last trace was reaped)."""
        if self._head is False:
            found = self._get(self.head_key)
            if found is None:
                self._get = _nothing  # every event leaves a head row: the others need not be looked for
            self._head = read_row(self.head_key, found)
        return self._head  # type: ignore[return-value]  # False was replaced above

    @property
    def is_new(self) -> bool:
        """Nothing was there when the head row was asked for, not even a grave: then no row of the stream is."""
        return self._get is _nothing

    def agenda(self, agenda_id: str) -> Agenda | None:
        """One agenda of the run."""
        key = agenda_key(self.stream, agenda_id)
        found: Agenda | None = read_row(key, self._get(key))
        return found

    def progress(self) -> AgendaProgress | None:
        """The run's progress, without its operations."""
        key = progress_key(self.stream)
        found: AgendaProgress | None = read_row(key, self._get(key))
        return found

    def operation(self, name: str) -> OperationProgress | None:
        """The progress of one operation."""
        found: OperationProgress | None = self.row(operation_key(self.stream, name))
        return found

    def row(self, key: bytes) -> Any:
        """The row under a key of this run."""
        return read_row(key, self._get(key))

    def weight(self, operations: Iterable[str]) -> int:
        """Bytes of the progress row and of some operations' rows as they are stored."""
        keys = [progress_key(self.stream), *(operation_key(self.stream, name) for name in operations)]
        return sum(len(self._get(key) or b"") for key in keys)

    def operation_keys(self) -> list[bytes]:
        """Keys of all operation rows, in order of the operations' names."""
        return list(self._keys(operations_prefix(self.stream)))

    def operation_names(self) -> list[str]:
        """What stands for the name in each key of an operation row (rows.row_name), in order."""
        return [key[len(operations_prefix(self.stream)) :].decode() for key in self.operation_keys()]

    def operations(self) -> list[OperationProgress]:
        """The progress of all operations, in order of their names."""
        rows = (read_row(key, self._get(key)) for key in self.operation_keys())
        return [row for row in rows if row is not None]

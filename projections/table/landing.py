"""What putting rows into a store changes besides them: index rows, and the sum of all rows (design 4.4). Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from projections.indexes.keys import index_keys, moved
from projections.indexes.traits import traits_of
from projections.rows import PRIMARY, offset_of
from projections.store import Store
from projections.table.digest import row_digest

_NOTHING: Mapping[bytes, bytes | None] = {}


class Landing:
    """What putting rows into a store changes: index rows out and in, and the sum of all rows.

    `below` holds what is known to lie in the store under some of the keys.
    """

    def __init__(
        self, store: Store, rows: list[tuple[bytes, bytes]], below: Mapping[bytes, bytes | None] = _NOTHING
    ) -> None:
        self.puts = rows
        #: keys of the index rows that come, and of those that go
        self.entries: list[bytes] = []
        self.removals: set[bytes] = set()
        digest, newest, entries = 0, b"", self.entries
        for key, value in rows:
            if key[:2] not in PRIMARY:
                continue
            old = below[key] if key in below else store.get(key)
            digest += row_digest(key, value)
            # Their first eight bytes are the source offset.
            newest = max(newest, value)
            if old is not None:
                digest -= row_digest(key, old)
                self._move(key, _traits(key, old), _traits(key, value))
            else:
                entries += index_keys(key, _traits(key, value))
        self.digest = digest
        self.newest = offset_of(newest) if newest else -1

    def _move(self, key: bytes, before: Any, after: Any) -> None:
        if before != after:
            gone, come = moved(key, before, after)
            self.removals.update(gone)
            self.entries += come


def _traits(key: bytes, value: bytes | None) -> Any:
    try:
        return traits_of(key, value)
    except msgspec.MsgspecError:
        return None  # a row that someone wrote by hand: the sum of all rows will tell

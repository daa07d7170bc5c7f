"""What putting rows into a store changes besides them: index rows, and the sum of all rows (design 4.4). Pure."""

from collections.abc import Mapping
from typing import Any

from projections.indexes.keys import index_keys, moved
from projections.indexes.traits import known_traits
from projections.rows import PRIMARY, offset_of
from projections.store import Store
from projections.table.debt import SPARED
from projections.table.digest import row_digest

_NOTHING: Mapping[bytes, bytes | None] = {}


class Landing:
    """What putting rows into a store changes: index rows out and in, and the sum of all rows.

    `below` holds what is known to lie in the store under some of the keys; `sparing` leaves index rows out that may be
    owed (projections.table.debt).
    """

    def __init__(
        self,
        store: Store,
        rows: list[tuple[bytes, bytes]],
        below: Mapping[bytes, bytes | None] = _NOTHING,
        *,
        sparing: bool = False,
    ) -> None:
        self.puts = rows
        self.below = below
        self.sparing = sparing
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
            if sparing and key[:2] in SPARED:
                continue
            if old is not None:
                self._move(key, known_traits(key, old), known_traits(key, value))
            else:
                entries += index_keys(key, known_traits(key, value))
        self.digest = digest
        self.newest = offset_of(newest) if newest else -1

    def _move(self, key: bytes, before: Any, after: Any) -> None:
        if before != after:
            gone, come = moved(key, before, after)
            self.removals.update(gone)
            self.entries += come

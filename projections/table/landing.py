"""What putting rows into a store changes besides them: index rows, and the sum of all rows (design 4.4). Pure."""

from collections.abc import Mapping

from projections.indexes.keys import keys_of, moved
from projections.indexes.traits import all_traits
from projections.rows import PRIMARY, offset_of
from projections.store import Item, Store
from projections.table.debt import SPARED
from projections.table.digest import sum_of

_NOTHING: Mapping[bytes, bytes | None] = {}


class Landing:
    """What putting rows into a store changes: index rows out and in, and the sum of all rows.

    `below` holds what is known to lie in the store under some of the keys; `sparing` leaves index rows out that may be
    owed (projections.table.debt).
    """

    def __init__(
        self,
        store: Store,
        rows: list[Item],
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
        kinds: dict[bytes, list[Item]] = {kind: [] for kind in PRIMARY}
        olds: dict[bytes, bytes] = {}
        # Kind by kind, and each step for all rows of a kind: of a flight of hundreds that costs a quarter less than row
        # by row, and a flight of one is rare.
        for row in rows:
            key = row[0]
            if (group := kinds.get(key[:2])) is not None:
                group.append(row)
                if (old := below[key] if key in below else store.get(key)) is not None:
                    olds[key] = old
        self.digest, self.newest = -sum_of(olds.items()), -1
        for kind, group in kinds.items():
            if group:
                self.digest += sum_of(group)
                # Their first eight bytes are the source offset.
                self.newest = max(self.newest, offset_of(max(value for _, value in group)))
                if not sparing or kind not in SPARED:
                    self._weigh(kind[:1], group, olds)

    def _weigh(self, kind: bytes, rows: list[Item], olds: Mapping[bytes, bytes]) -> None:
        weighed = [(key, new) for (key, _), new in zip(rows, all_traits(kind, rows), strict=True)]
        there = [row for row in weighed if row[0] in olds]
        if there:
            befores = all_traits(kind, [(key, olds[key]) for key, _ in there])
            changed = [(key, old, new) for (key, new), old in zip(there, befores, strict=True) if old != new]
            gone, come = moved(kind, changed)
            self.removals |= gone
            self.entries += come
        if len(there) < len(weighed):
            self.entries += keys_of(kind, [row for row in weighed if row[0] not in olds])

"""Rows that are folded and not yet on disk: readable at once, because their events are durable (design 4.4). Pure."""

from collections.abc import Collection, Iterator

OPERATION = b"o\0"
#: Stands for what a row replaced where the fold did not look.
UNKNOWN = b""
#: Landed rows that are remembered: a few MiB. Where nobody asks for so long, what asked before begins anew.
MOST_LANDED = 5_000


class Overlay:
    """Two layers over a store: `dirty` grows while `flying` is on its way to changelog and disk."""

    def __init__(self) -> None:
        self.dirty: dict[bytes, bytes] = {}
        self.flying: dict[bytes, bytes] = {}
        #: what the fold found on disk below dirty rows, and below those that fly: the writer need not look again
        self.found: dict[bytes, bytes | None] = {}
        self.below: dict[bytes, bytes | None] = {}
        #: bytes taken in since the last take-off: bounds what an outage of the changelog may pile up
        self.size = 0
        #: operations' rows that landed since somebody last asked, and what they replaced; None: nobody does (zones)
        self.landed: dict[bytes, bytes | None] | None = None

    def get(self, key: bytes) -> bytes | None:
        """The newest stored form of a row that is not on disk yet."""
        found = self.dirty.get(key)
        return self.flying.get(key) if found is None else found

    def put(self, key: bytes, value: bytes) -> None:
        """A row as it is now."""
        replaced = self.dirty.get(key)
        self.dirty[key] = value
        self.size += len(value) if replaced is None else len(value) - len(replaced)

    def put_all(self, rows: dict[bytes, bytes]) -> None:
        """The rows that one event changed, as they are now."""
        if self.dirty.keys().isdisjoint(rows):
            self.dirty.update(rows)
            self.size += sum([len(value) for value in rows.values()])
        else:
            dirty, size = self.dirty, 0
            for key, value in rows.items():
                size += len(value) if (replaced := dirty.get(key)) is None else len(value) - len(replaced)
                dirty[key] = value
            self.size += size

    def remember(self, key: bytes, value: bytes | None) -> None:
        """What lies on disk where a row may be put soon."""
        self.found[key] = value
        self.size += len(key) if value is None else len(value)

    def remember_none(self, keys: Collection[bytes]) -> None:
        """That nothing lies on disk where these rows may be put soon."""
        self.found.update(dict.fromkeys(keys))
        self.size += sum([len(key) for key in keys])

    def take_off(self) -> dict[bytes, bytes]:
        """Everything dirty, which flies from now on; the last flight has landed."""
        self.flying, self.dirty, self.size = self.dirty, {}, 0
        self.below, self.found = self.found, {}
        return self.flying

    def land(self) -> None:
        """What flew is on disk."""
        if self.landed is not None:
            for key in self.flying:
                if key.startswith(OPERATION):
                    self.landed.setdefault(key, self.below.get(key, UNKNOWN))
            if len(self.landed) > MOST_LANDED:
                self.landed = None
        self.flying, self.below = {}, {}

    def keys(self, prefix: bytes) -> set[bytes]:
        """Keys of either layer under a prefix."""
        return {key for layer in (self.dirty, self.flying) for key in layer if key.startswith(prefix)}

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every row of either layer, the newer where both have it."""
        yield from self.dirty.items()
        for key, value in self.flying.items():
            if key not in self.dirty:
                yield key, value

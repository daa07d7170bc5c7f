"""Keys that a store surely does not hold, because it was empty and none like them was put there since. Pure."""

from collections.abc import Callable, Iterable

#: One mark a byte: of 100,000 keys one in twenty is taken for another's, and looked for.
MARKS = 1 << 20


class Unseen:
    """Which keys were asked for before; whoever asks puts a row there.

    A restore looks for each row that it reads, since an older one may be there. From an empty disk nearly none is, and
    to say so costs a fourth of asking RocksDB.
    """

    def __init__(self) -> None:
        self._marks = bytearray(MARKS)

    def below(self, keys: Iterable[bytes], get: Callable[[bytes], bytes | None]) -> dict[bytes, bytes | None]:
        """What lies under some keys, by `get`, which is asked only for what may be there."""
        marks, last = self._marks, MARKS - 1
        found: dict[bytes, bytes | None] = {}
        for key in keys:
            place = hash(key) & last
            if marks[place]:
                found[key] = get(key)
            else:
                marks[place] = 1
                found[key] = None
        return found

"""Keys that a store surely does not hold, because it was empty and none like them was put there since. Pure."""

from collections.abc import Callable

#: One mark a byte: of 100,000 keys one in twenty is taken for another's, and looked for.
MARKS = 1 << 20

Get = Callable[[bytes], bytes | None]


class Unseen:
    """Which keys were asked for before; whoever asks puts a row there.

    A restore looks for each row that it reads, since an older one may be there. From an empty disk nearly none is, and
    to say so costs a fourth of asking RocksDB.
    """

    def __init__(self) -> None:
        self._marks = bytearray(MARKS)

    def looking(self, get: Get) -> Get:
        """`get`, which is asked only for what may be there."""
        marks, last = self._marks, MARKS - 1

        def look(key: bytes) -> bytes | None:
            place = hash(key) & last
            if marks[place]:
                return get(key)
            marks[place] = 1
            return None

        return look

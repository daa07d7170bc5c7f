"""What of one inbox partition is under way, and up to where all of it is done. Pure."""


class Window:
    """Offsets begun and not ended; everything below `committable` was carried out or stands on `rejections`."""

    def __init__(self, start: int) -> None:
        #: the next offset to begin
        self.next = start
        self._open: dict[int, int] = {}
        #: bytes of what is under way
        self.weight = 0

    def __len__(self) -> int:
        return len(self._open)

    @property
    def committable(self) -> int:
        """The lowest offset under way; the next one where nothing is. Offsets may have gaps."""
        # Begun in order, and a dictionary keeps it: the first is the lowest.
        return next(iter(self._open), self.next)

    def begin(self, offset: int, weight: int) -> None:
        """A record was read."""
        self._open[offset] = weight
        self.weight += weight
        self.next = offset + 1

    def end(self, offset: int) -> None:
        """Its command has come to its end, whichever."""
        self.weight -= self._open.pop(offset)

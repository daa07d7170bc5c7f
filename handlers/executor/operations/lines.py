"""Lines of a stream, and the last of them, in bounded memory. Pure."""

from collections import deque
from collections.abc import Iterator

#: Of a line that is kept for diagnosis.
SHOWN = 1024
TAIL_LINES, TAIL_BYTES = 20, 4096


class Lines:
    """Cuts a stream into lines; of those over `longest` bytes only the beginning is kept."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._begun = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that are whole now."""
        first, *others = chunk.split(b"\n")
        self._add(first)
        for other in others:
            yield self._taken()
            self._add(other)

    def end(self) -> Iterator[bytes]:
        """What was said without a line's end."""
        if self._begun:
            yield self._taken()

    def _add(self, piece: bytes) -> None:
        # One byte over the limit tells a cut line from one that just fits.
        self._begun += piece[: self._longest + 1 - len(self._begun)]

    def _taken(self) -> bytes:
        line, self._begun = bytes(self._begun), bytearray()
        return line.removesuffix(b"\r")


class Tail:
    """The last lines."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=TAIL_LINES)
        self._cut = Lines(SHOWN)

    def add(self, line: bytes) -> None:
        """One more line."""
        self._lines.append(line if len(line) <= SHOWN else line[:SHOWN] + "…".encode())

    def feed(self, chunk: bytes) -> None:
        """More of a stream that is all for the tail."""
        for line in self._cut.feed(chunk):
            self.add(line)

    def end(self) -> None:
        """The stream is over."""
        for line in self._cut.end():
            self.add(line)

    def text(self) -> list[str]:
        """The lines, as far as they have room; the last ones rather than the first."""
        shown: deque[str] = deque()
        room = TAIL_BYTES
        for line in reversed(self._lines):
            room -= len(line)
            if room < 0:
                break
            shown.appendleft(line.decode(errors="replace"))
        return [*shown]

"""What a program says on its stdout and stderr, in bounded memory. Pure.

`Progress: {json}` is an OperationProgress, `Payload: {json}` the result (the last one counts); what else it says is of
interest only if it fails, so just the end of it is kept.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from eventstore.model import ProcessingState
from handlers.client.objects import OperationProgress
from handlers.executor.operations.lines import SHOWN, TAIL_LINES, Lines, Tail
from handlers.executor.operations.task import OperationFailed

PROGRESS, PAYLOAD = b"Progress:", b"Payload:"
#: Of a line that means something; of a result, then.
LONGEST = 1024 * 1024


class Output:
    """What stdout said: progress goes to `advance` at once."""

    def __init__(self, advance: Callable[[float | None, str | None, dict[str, Any] | None], None]) -> None:
        self.tail = Tail()
        #: the last progress that was said
        self.progress: OperationProgress | None = None
        self._advance = advance
        self._lines = Lines(LONGEST)
        self._result: bytes | None = None

    def feed(self, chunk: bytes) -> None:
        """More of stdout."""
        for line in self._lines.feed(chunk):
            self._take(line)

    def end(self) -> None:
        """Stdout is over."""
        for line in self._lines.end():
            self._take(line)

    @property
    def said_failure(self) -> bool:
        """The last progress says that it came to an end, and not to a good one."""
        last = self.progress
        return last is not None and last.processing_state is ProcessingState.COMPLETE and not last.succeeded

    @property
    def complaints(self) -> list[str]:
        """What the last progress says went wrong, in short."""
        events = (self.progress.diagnostic_events if self.progress is not None else None) or ()
        return [event.message[:SHOWN] for event in events if event is not None and event.message][:TAIL_LINES]

    def result(self) -> Any:
        """What the last payload line holds; None without one. Raises OperationFailed."""
        if self._result is None:
            return None
        if len(self._result) + len(PAYLOAD) > LONGEST:
            raise OperationFailed(f"expected a line `Payload: …` of at most {LONGEST} bytes, found a longer one")
        try:
            return orjson.loads(self._result)
        except orjson.JSONDecodeError as wrong:
            said = self._result[:200].decode(errors="replace")
            raise OperationFailed(f"expected JSON after `Payload:`, found {said!r}: {wrong}") from None

    def _take(self, line: bytes) -> None:
        if line.startswith(PAYLOAD):
            self._result = line[len(PAYLOAD) :]
        elif not (line.startswith(PROGRESS) and self._progressed(line[len(PROGRESS) :])):
            self.tail.add(line)

    def _progressed(self, text: bytes) -> bool:
        try:
            said = msgspec.json.decode(text, type=OperationProgress, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        self.progress = said
        self._advance(said.percent_complete, said.processing_state_message, said.params)
        return True

"""What a handler program of POP says in its log, which is its stdout (spec 10.1, 10.6). Pure.

POP's handlers speak as `output` has it, but through a logger: its layout may put time, host, thread and class before a
message. What follows such a beginning counts only if it is JSON to the end of the line, and the beginning holds no `{`:
an agenda's own texts, when they are logged, say nothing.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from handlers.executor.operations.lines import SHOWN
from handlers.executor.operations.output import LONGEST, PAYLOAD, PROGRESS, Output
from handlers.executor.operations.task import OperationFailed

#: The message by which a handler says that it is done with everything.
COMPLETE = b"HandlerComplete"
#: A layout's beginning, and a message that means something.
_LOGGED = re.compile(rb"[^{]{0,512}?[\s:](?=(?:Progress|Payload): )")


class HandlerLog(Output):
    """An Output behind a logger; calls `complete` at the end mark."""

    def __init__(
        self,
        advance: Callable[[float | None, str | None, dict[str, Any] | None], None],
        complete: Callable[[], None],
    ) -> None:
        super().__init__(advance)
        self._complete = complete

    def verdict(self, name: str) -> Any:
        """The result of a handler that has ended; raises OperationFailed unless it said that it succeeded.

        As POP's executor does: an end without a word, or with another one, is a failure.
        """
        last = self.progress
        if last is None or not last.succeeded:
            state = None if last is None else last.processing_state
            found = "none" if last is None else f"{state and state.value} {last.processing_state_message}"
            raise OperationFailed(f"expected {name} to say at last a progress of COMPLETE succeeded, found {found}")
        return self.result()

    @property
    def complaints(self) -> list[str]:
        """Of a handler that met an exception the payload says what went wrong, and the progress nothing (spec 10.6)."""
        if found := super().complaints:
            return found
        try:
            payload = self.result()
        except OperationFailed:
            return []
        message = payload.get("message") if self.said_failure and isinstance(payload, dict) else None
        return [message[:SHOWN]] if isinstance(message, str) else []

    def _take(self, line: bytes) -> None:
        super()._take(_message(line))
        if line.endswith(COMPLETE):
            self._complete()


def _message(line: bytes) -> bytes:
    logged = None if line.startswith((PROGRESS, PAYLOAD)) else _LOGGED.match(line)
    if logged is None:
        return line
    message = line[logged.end() :]
    if len(line) > LONGEST and message.startswith(PAYLOAD):
        # Of a result that is too long only a part is kept: let it be refused as that, not be lost.
        return PAYLOAD + line
    return message if _is_whole(message) else line


def _is_whole(message: bytes) -> bool:
    try:
        msgspec.json.decode(message.removeprefix(PROGRESS).removeprefix(PAYLOAD), type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True

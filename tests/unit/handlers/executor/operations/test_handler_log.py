"""What counts in the log of a POP handler: messages behind a logger's layout, and what only looks like one."""

import pytest

from handlers.executor.operations.handler_log import HandlerLog
from handlers.executor.operations.output import LONGEST
from handlers.executor.operations.task import OperationFailed
from tests.tasks import Said

LAYOUT = b"2026-11-26 03:42:14,123 host c-1 INFO  [main] c.c.p.h.b.LogReporter: "
SUCCEEDED = (
    LAYOUT + b'Progress: {"processingState":"COMPLETE","processingStateMessage":"succeeded","percentComplete":null}\n'
)


class Heard:
    def __init__(self) -> None:
        self.said: Said = []
        self.complete = 0
        self.log = HandlerLog(lambda *what: self.said.append(what), self._count)

    def _count(self) -> None:
        self.complete += 1

    def feed(self, *lines: bytes) -> "Heard":
        for line in lines:
            self.log.feed(line)
        self.log.end()
        return self


@pytest.mark.parametrize("layout", [LAYOUT, b"", b"INFO ", b"[main] a.B:"])
def test_progress_and_payload_count_whatever_the_logger_puts_before_them(layout: bytes) -> None:
    heard = Heard().feed(layout + b'Progress: {"percentComplete": 5}\n', layout + b'Payload: {"a": 1}\n', SUCCEEDED)
    assert heard.said == [(5.0, None, None), (None, "succeeded", None)]
    assert heard.log.verdict("x") == {"a": 1}


@pytest.mark.parametrize(
    "line",
    [
        LAYOUT + b'{"text": "a Payload: 3"}',
        LAYOUT + b'got {"text": Payload: 3',
        LAYOUT + b"Payload: 3 was said",
        LAYOUT + b"Payload:",
        b"x" * 600 + b" Payload: 3",
        b"aPayload: 3",
    ],
)
def test_what_only_looks_like_a_payload_is_an_ordinary_line(line: bytes) -> None:
    heard = Heard().feed(SUCCEEDED, line + b"\n")
    assert heard.log.verdict("x") is None
    assert len(heard.log.tail.text()) == 1


def test_a_payload_that_a_program_itself_writes_broken_is_refused() -> None:
    with pytest.raises(OperationFailed, match="expected JSON after `Payload:`"):
        Heard().feed(SUCCEEDED, b"Payload: {broken\n").log.verdict("x")


def test_a_result_that_is_too_long_is_refused_and_not_lost_behind_a_layout() -> None:
    long = LAYOUT + b'Payload: "' + b"x" * (LONGEST - len(LAYOUT)) + b'"\n'
    with pytest.raises(OperationFailed, match="of at most 1048576 bytes, found a longer one"):
        Heard().feed(SUCCEEDED, long).log.verdict("x")


def test_the_end_mark_is_noticed_as_a_message_and_not_inside_one() -> None:
    assert Heard().feed(LAYOUT + b"HandlerComplete\r\n").complete == 1
    assert Heard().feed(b"HandlerComplete").complete == 1
    assert Heard().feed(b"HandlerComplete is to come\n").complete == 0


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (b'"processingState":"COMPLETE","processingStateMessage":"failed"', "COMPLETE failed"),
        # POP takes nothing but `succeeded` (spec 10.3).
        (b'"processingState":"COMPLETE","processingStateMessage":"Success"', "COMPLETE Success"),
        (b'"processingState":null', "None None"),
    ],
)
def test_only_a_last_progress_of_complete_and_succeeded_is_a_success(state: bytes, found: str) -> None:
    heard = Heard().feed(SUCCEEDED, LAYOUT + b"Progress: {" + state + b"}\n")
    with pytest.raises(OperationFailed, match=f"found {found}$"):
        heard.log.verdict("x")


def test_complaints_are_those_of_the_progress_or_else_of_the_payload() -> None:
    failed = b'Progress: {"processingState":"COMPLETE","processingStateMessage":"failed"%s}\n'
    payload = b'Payload: {"message":"from the payload"}\n'
    event = b',"diagnosticEvents":[{"message":"from the progress"}]'
    assert Heard().feed(failed % b"", payload).log.complaints == ["from the payload"]
    assert Heard().feed(failed % event, payload).log.complaints == ["from the progress"]
    assert Heard().feed(failed % b"", b"Payload: {broken\n").log.complaints == []
    assert Heard().feed(SUCCEEDED, payload).log.complaints == []

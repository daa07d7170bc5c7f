"""What somebody who watches a run sees: never more than fits, what failed and what runs before all else."""

import io

import pytest
from rich.console import Console

from eventstore.model import ProcessingState
from handlers.cli.picture import head_line, instant, live
from handlers.cli.screen import Screen
from handlers.client.objects import AgendaProgress, OperationProgress

WAITING, EXECUTING, COMPLETE = ProcessingState.WAITING, ProcessingState.EXECUTING, ProcessingState.COMPLETE
WIDTH = 80


def rows(count: int, prefix: str, state: ProcessingState, message: str) -> list[OperationProgress]:
    return [
        OperationProgress(
            operation=f"{prefix}{number}",
            processing_state=state,
            processing_state_message=message,
            started_time=None if state is WAITING else number,
            completed_time=number if state is COMPLETE else None,
            percent_complete=40.0 if state is EXECUTING else None,
        )
        for number in range(count)
    ]


def drawn(lines: int, *operations: OperationProgress) -> list[str]:
    run = AgendaProgress(
        id="p" * 36, processing_state=EXECUTING, percent_complete=50.0, operation_progress=[*operations]
    )
    page = io.StringIO()
    Console(width=WIDTH, file=page).print(live(run, lines))
    return page.getvalue().splitlines()


@pytest.mark.parametrize("lines", [5, 10, 23, 60])
def test_of_2000_operations_those_that_failed_and_run_are_shown_and_the_rest_is_counted(lines: int) -> None:
    shown = drawn(
        lines,
        *rows(990, "done", COMPLETE, "succeeded"),
        *rows(1000, "waits", WAITING, "scheduled"),
        *rows(7, "runs", EXECUTING, "Running Operations"),
        *rows(3, "broke", COMPLETE, "failed"),
    )

    names = [line.split()[0] for line in shown[2:-1]]
    assert len(shown) <= lines
    assert max(map(len, shown)) <= WIDTH
    first = ["broke2", "broke1", "broke0", *(f"runs{number}" for number in range(7)), "done989"]
    assert names[: len(first)] == first[: len(names)]
    assert shown[-1].strip() == "1000 scheduled · 990 succeeded · 7 executing · 3 failed"


def test_a_name_that_is_longer_than_its_column_is_cut() -> None:
    shown = drawn(23, *rows(1, "n" * 300, EXECUTING, ""))

    assert max(map(len, shown)) <= WIDTH
    assert "40 %" in shown[2]


def test_a_run_without_operations_says_so() -> None:
    assert drawn(23)[-1].strip() == "no operations"


def ended(message: str, attempts: int | None, *operations: OperationProgress, started: int | None = 1) -> str:
    run = AgendaProgress(
        id="p",
        processing_state=COMPLETE,
        processing_state_message=message,
        attempts_completed=attempts,
        started_time=started,
        operation_progress=[*operations],
    )
    return head_line(run).rpartition(" · ")[2]


def test_the_attempt_that_a_cancel_cut_off_is_the_one_that_is_shown() -> None:
    cut = rows(1, "cut", COMPLETE, "cancelled")
    assert ended("cancelled", None, *cut) == "attempt 1 of 3"
    assert ended("cancelled", 0) == "attempt 1 of 3"  # between two operations
    assert ended("cancelled", 1, *cut) == "attempt 2 of 3"


def test_what_ended_between_two_attempts_or_before_any_began_none() -> None:
    assert ended("cancelled", 1, *rows(1, "broke", COMPLETE, "failed")) == "attempt 1 of 3"
    assert ended("cancelled", 0, *rows(1, "waits", WAITING, "queued"), started=None) == "not begun"
    assert ended("succeeded", 2, *rows(1, "done", COMPLETE, "succeeded")) == "attempt 2 of 3"


@pytest.mark.parametrize(
    ("ms", "said"), [(None, "-"), (1795676997198, "2026-11-26T07:09:57.198Z"), (10**18, "1000000000000000000")]
)
def test_a_time_is_one_that_people_read(ms: int | None, said: str) -> None:
    assert instant(ms) == said


def test_through_a_pipe_columns_are_aligned_and_no_line_ends_with_spaces() -> None:
    screen, page = Screen(), io.StringIO()
    screen.out = Console(width=10_000, file=page, soft_wrap=True, highlight=False)
    screen.table(("name", "why", "when"), [("a", "[b]", ""), ("long" * 20, "  c", "now"), ("", "", "")])

    last = "long" * 20
    assert page.getvalue().split("\n") == [
        f"{'name':80}  {'why':3}  when",
        f"{'a':80}  [b]",
        f"{last}    c  now",
        "",
        "",
    ]


def test_on_a_narrow_terminal_what_is_not_firm_gives_way() -> None:
    screen, page = Screen(), io.StringIO()
    screen.out = Console(width=30, file=page, force_terminal=True, color_system=None)
    screen.table(("name", "state", "when"), [("a-name-of-20-letters", "ok", "2026-11-26")], firm=("name", "state"))

    assert all("a-name-of-20-letters" in line or "name" in line for line in page.getvalue().splitlines()[:2])
    assert max(map(len, page.getvalue().splitlines())) <= 30

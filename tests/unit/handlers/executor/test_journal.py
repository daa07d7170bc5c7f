"""What an executor says of its run, and what of it again (spec 10.3, 14.7)."""

from collections.abc import Callable
from typing import Any

import pytest

from eventstore.model import ProcessingState
from handlers.client.objects import Agenda, DiagnosticEvent, Operation, OperationProgress
from handlers.executor.journal import Journal

EXECUTING, COMPLETE = ProcessingState.EXECUTING, ProcessingState.COMPLETE


def journal(*names: str, done: set[str] | None = None) -> Journal:
    operations = [Operation(name=name) for name in names or ("a", "b", "c", "d")]
    return Journal(Agenda(operations=operations, progress_id="p1"), done or set(), 1000)


def said(found: Journal) -> list[OperationProgress]:
    return found.report().operation_progress or []


def test_the_first_report_says_that_the_run_executes() -> None:
    report = journal().report()
    assert (report.id, report.processing_state, report.started_time) == ("p1", EXECUTING, 1000)
    assert report.processing_state_message == "Running Operations"
    assert report.percent_complete == 0.0
    assert report.operation_progress is None


def test_an_operation_begins() -> None:
    found = journal()
    found.begin("a", 2000)
    (row,) = said(found)
    known = {"operation": "a", "processing_state": EXECUTING, "started_time": 2000, "percent_complete": 0.0}
    assert row == OperationProgress(**known, processing_state_message="0%")  # type: ignore[arg-type]


def test_how_far_it_is_stands_in_the_message_until_the_operation_says_another() -> None:
    found = journal()
    found.begin("a", 2000)
    messages = []
    for percent, message in ((12.5, None), (None, None), (50.0, "half"), (60.0, None)):
        found.advance("a", percent, message, None)
        messages.append(said(found)[0].processing_state_message)
    assert messages == ["12.5%", "12.5%", "half", "half"]


def test_an_operation_advances_and_keeps_what_is_not_said() -> None:
    found = journal()
    found.begin("a", 2000)
    found.advance("a", 50.0, "half", {"jobId": 1})
    found.advance("a", None, "still half", None)
    (row,) = said(found)
    assert (row.percent_complete, row.processing_state_message, row.params) == (50.0, "still half", {"jobId": 1})
    assert row.started_time == 2000


@pytest.mark.parametrize(("percent", "counted"), [(250.0, 100.0), (-5.0, 0.0), (100.0, 100.0)])
def test_a_percent_counts_from_0_to_100(percent: float, counted: float) -> None:
    found = journal("a")
    found.begin("a", 1)
    found.advance("a", percent, None, None)
    assert found.report().percent_complete == counted
    assert said(found)[0].percent_complete == counted


def test_what_does_not_execute_does_not_advance() -> None:
    found = journal()
    found.advance("a", 50.0, None, None)
    found.begin("b", 1)
    found.succeed("b", None, 2)
    found.advance("b", 50.0, "late", None)
    (row,) = said(found)
    assert (row.operation, row.percent_complete, row.processing_state_message) == ("b", 100.0, "succeeded")


@pytest.mark.parametrize(
    ("result", "text"), [(None, None), ({"a": "ü"}, '{"a":"ü"}'), (False, "false"), (2**70, str(2**70))]
)
def test_an_operation_succeeds_with_its_result_as_json_text(result: Any, text: str | None) -> None:
    found = journal()
    found.begin("a", 2000)
    found.succeed("a", result, 3000)
    (row,) = said(found)
    assert (row.processing_state, row.processing_state_message) == (COMPLETE, "succeeded")
    assert (row.result_payload, row.percent_complete) == (text, 100.0)
    assert (row.started_time, row.completed_time) == (2000, 3000)


def test_a_deep_result_is_a_result() -> None:
    deep: Any = None
    for _ in range(500):
        deep = [deep]
    found = journal()
    found.begin("a", 1)
    found.succeed("a", deep, 2)
    assert said(found)[0].result_payload == "[" * 500 + "null" + "]" * 500


@pytest.mark.parametrize("result", [object(), "\ud800"])
def test_a_result_that_is_no_json_is_refused_and_nothing_changes(result: Any) -> None:
    found = journal()
    found.begin("a", 1)
    version = found.version
    with pytest.raises(TypeError, match="expected the result of a to be JSON"):
        found.succeed("a", result, 2)
    assert found.version == version
    found.fail("a", DiagnosticEvent(message="no JSON"), 2)
    assert said(found)[0].processing_state_message == "failed"


def test_an_operation_fails_with_a_diagnosis_and_keeps_its_percent() -> None:
    found = journal()
    found.begin("a", 2000)
    found.advance("a", 30.0, "x", None)
    why = DiagnosticEvent(message="no")
    found.fail("a", why, 3000)
    (row,) = said(found)
    assert (row.processing_state, row.processing_state_message) == (COMPLETE, "failed")
    assert (row.diagnostic_events, row.percent_complete, row.result_payload) == ([why], 30.0, None)


def test_the_runs_percent_counts_what_is_done_was_done_failed_and_is_under_way() -> None:
    found = journal("a", "b", "c", "d", done={"a"})
    assert found.report().percent_complete == 25.0
    for name in ("b", "c"):
        found.begin(name, 1)
    found.fail("b", DiagnosticEvent(), 2)
    found.advance("c", 50.0, None, None)
    assert found.report().percent_complete == 62.5


def test_the_runs_percent_is_rounded() -> None:
    assert journal("a", "b", "c", done={"a"}).report().percent_complete == 33.33


def test_what_was_done_and_is_no_longer_in_the_agenda_does_not_count() -> None:
    assert journal("a", "b", done={"a", "gone"}).report().percent_complete == 50.0


def test_a_run_of_nothing_is_whole() -> None:
    assert Journal(Agenda(), set(), 1).report().percent_complete == 100.0


def test_a_report_says_the_newest_change_first_and_each_operation_once() -> None:
    found = journal()
    for name in ("a", "b", "c"):
        found.begin(name, 1)
    found.advance("a", 1.0, None, None)
    assert [row.operation for row in said(found)] == ["a", "c", "b"]


def test_what_was_acknowledged_is_not_said_again() -> None:
    found = journal()
    found.begin("a", 1)
    found.acknowledge(found.report())
    assert said(found) == []
    found.begin("b", 1)
    assert [row.operation for row in said(found)] == ["b"]


def test_what_changed_since_a_report_is_said_again_though_the_report_is_acknowledged() -> None:
    found = journal()
    found.begin("a", 1)
    found.begin("b", 1)
    report = found.report()
    found.succeed("a", None, 2)
    found.acknowledge(report)
    assert [(row.operation, row.processing_state) for row in said(found)] == [("a", COMPLETE)]


def test_what_a_lost_report_said_is_said_by_the_next() -> None:
    found = journal()
    found.begin("a", 1)
    found.report()
    found.begin("b", 1)
    assert [row.operation for row in said(found)] == ["b", "a"]


def test_a_run_ends_well() -> None:
    found = journal("a")
    found.begin("a", 1)
    found.succeed("a", None, 2)
    assert not found.is_over
    found.close(4000, None)
    report = found.report()
    assert found.is_over
    assert (report.processing_state, report.processing_state_message) == (COMPLETE, "succeeded")
    assert (report.completed_time, report.diagnostic_events, report.percent_complete) == (4000, None, 100.0)


@pytest.mark.parametrize("diagnostics", [[], [DiagnosticEvent(message="no")]])
def test_a_run_with_diagnostics_failed(diagnostics: list[DiagnosticEvent]) -> None:
    found = journal()
    found.close(4000, diagnostics)
    assert found.report().processing_state_message == "failed"
    assert found.report().diagnostic_events == (diagnostics or None)


def test_every_change_moves_the_version() -> None:
    found = journal()
    versions = [found.version]
    steps: tuple[Callable[[], None], ...] = (
        lambda: found.begin("a", 1),
        lambda: found.advance("a", 1.0, None, None),
        lambda: found.succeed("a", None, 1),
        lambda: found.close(1, None),
    )
    for step in steps:
        step()
        versions.append(found.version)
    assert sorted({*versions}) == versions


def test_operations_that_are_added_count_from_then_on() -> None:
    journal = Journal(Agenda(operations=[Operation(name="a"), Operation(name="b")]), set(), 1)
    journal.begin("a", 2)
    journal.grow(2)
    version = journal.version
    assert journal.report().percent_complete == 0.0
    journal.succeed("a", None, 3)
    assert journal.report().percent_complete == 25.0
    assert journal.version > version

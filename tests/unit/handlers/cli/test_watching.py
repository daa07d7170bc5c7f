"""How often a run is looked at, and what is said of it in its end."""

import pytest

from eventstore.model import ProcessingState
from handlers.cli.watching import EVERY_SECONDS, pause, reasons
from handlers.client.objects import AgendaProgress, DiagnosticEvent


@pytest.mark.parametrize(("end", "said"), [("failed", ["boom"]), ("cancelled", ["boom"]), ("succeeded", [])])
def test_why_an_earlier_attempt_failed_is_not_said_of_a_run_that_succeeded(end: str, said: list[str]) -> None:
    run = AgendaProgress(
        processing_state=ProcessingState.COMPLETE,
        processing_state_message=end,
        diagnostic_events=[DiagnosticEvent(message="boom")],
    )

    assert reasons(run) == said


def test_nobody_waits_a_tenth_longer_than_it_took_and_a_long_run_is_asked_for_seldom() -> None:
    looks, now = 0, 0.0
    while now < 60:
        looks, now = looks + 1, now + pause(now)

    assert all(pause(spent) <= max(0.02, spent / 10) for spent in (0.0, 0.05, 0.5, 2.0))
    assert pause(3600) == EVERY_SECONDS
    assert looks < 60 / EVERY_SECONDS + 40

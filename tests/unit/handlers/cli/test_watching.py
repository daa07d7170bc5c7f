"""What is said of a run in its end."""

import pytest

from eventstore.model import ProcessingState
from handlers.cli.watching import reasons
from handlers.client.objects import AgendaProgress, DiagnosticEvent


@pytest.mark.parametrize(("end", "said"), [("failed", ["boom"]), ("cancelled", ["boom"]), ("succeeded", [])])
def test_why_an_earlier_attempt_failed_is_not_said_of_a_run_that_succeeded(end: str, said: list[str]) -> None:
    run = AgendaProgress(
        processing_state=ProcessingState.COMPLETE,
        processing_state_message=end,
        diagnostic_events=[DiagnosticEvent(message="boom")],
    )

    assert reasons(run) == said

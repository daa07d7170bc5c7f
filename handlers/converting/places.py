"""Where in a workflow file something is wrong, and how that is said. Pure."""

from eventstore.errors import NotAWorkflow

TASKS = "$.workflow.specification.tasks"
FILES = "$.workflow.specification.files"
RUNS = "$.workflow.execution.tasks"

LONGEST_SHOWN = 120


def wrong(place: str, expected: str, found: str) -> NotAWorkflow:
    """The error to raise: all of them read alike."""
    return NotAWorkflow(f"{place}: expected {expected}, found {found}")


def quoted(text: str) -> str:
    """A text of the file, short enough for a message."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")

"""Retired versions of events, each with the step that lifts it to the next (design 4.3). Pure.

A log is for ever: what was written in an old version must fold like the present one. A step takes and returns
the decoded JSON object; steps are chained until the type is one of `events.EVENTS`. Steps are never changed
once released: tests/golden keeps one record of every version that ever was.
"""

from collections.abc import Callable
from typing import Any

Body = dict[str, Any]


def _progress_reported_v1(body: Body) -> Body:
    """v1 named the operations' diagnostics as POP's documentation does; the code of POP's clients says
    `diagnosticEvents` (spec 1.7), so v2 does.
    """
    operations = [
        {("diagnosticEvents" if name == "diagnostics" else name): value for name, value in entry.items()}
        for entry in body.get("operations") or []
    ]
    return {**body, "operations": operations}


#: Retired type name -> (the next version's name, the step to it).
RETIRED: dict[str, tuple[str, Callable[[Body], Body]]] = {
    "agendum.ProgressReported.v1": ("agendum.ProgressReported.v2", _progress_reported_v1),
}


def upcast(name: str, body: Body) -> tuple[str, Body]:
    """Lift a decoded body to the version that is written now; a current one comes back as it is."""
    while name in RETIRED:
        name, step = RETIRED[name]
        body = step(body)
    return name, body

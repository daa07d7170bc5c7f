"""Answers of several partitions as one (design 4.5). Pure."""

from collections.abc import Sequence

from projections.views import Answer


def merged(answers: Sequence[Answer], limit: int | None = None) -> Answer:
    """One answer of several partitions', in order of (addedTime, id)."""
    stale = [found.stale for found in answers if found.stale is not None]
    return Answer(
        agendas=sorted((row for found in answers for row in found.agendas), key=_order)[:limit],
        progresses=sorted(
            (view for found in answers for view in found.progresses), key=lambda view: _order(view.progress)
        )[:limit],
        operations=sorted((row for found in answers for row in found.operations), key=_order)[:limit],
        position={number: offset for found in answers for number, offset in found.position.items()},
        stale=max(stale) if stale else None,
    )


def _order(row: object) -> tuple[int, str]:
    return getattr(row, "added_time", None) or 0, getattr(row, "id", None) or ""

"""Answers of several partitions as one (design 4.5). Pure."""

from collections.abc import Sequence

from eventstore.model import Base
from projections.views import Answer


def merged(answers: Sequence[Answer], limit: int | None = None) -> Answer:
    """One answer of several partitions', in order of (addedTime, id)."""
    stale = [found.stale for found in answers if found.stale is not None]
    agendas = sorted((row for found in answers for row in found.agendas), key=_order)
    views = sorted((view for found in answers for view in found.progresses), key=lambda view: _order(view.progress))
    operations = sorted((row for found in answers for row in found.operations), key=_order)
    longest = max(len(agendas), len(views), len(operations))
    return Answer(
        agendas=agendas[:limit],
        progresses=views[:limit],
        operations=operations[:limit],
        count=sum(found.count for found in answers),
        more=any(found.more for found in answers) or (limit is not None and longest > limit),
        position={number: offset for found in answers for number, offset in found.position.items()},
        stale=max(stale) if stale else None,
    )


def _order(row: Base) -> tuple[int, str]:
    return max(row.added_time or 0, 0), row.id or ""

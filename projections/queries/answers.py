"""Answers from the rows of one partition, as they are at its position (spec 2.4). Pure; lists: `listing`."""

from collections.abc import Iterator

import msgspec

from eventstore.model import OperationProgress
from projections.partition import Partition
from projections.queries.listing import listing
from projections.queries.waiting import progress_view, with_message
from projections.rows import odd_name
from projections.run import Run
from projections.views import Answer, ByAttribute, ById, ProgressView, of_accounts

#: Progresses of one partition that are kept as they were shown, and how large they may be (bytes of JSON).
SHOWN, SHOWN_BYTES = 200, 8 << 10
_encode = msgspec.json.Encoder().encode


def answer(partition: Partition, query: ById) -> Answer:
    """The object of this partition that has an id; empty where there is none."""
    position = {partition.number: partition.position}
    if query.kind == "progress":
        view = _shown(partition, query.id)
        return of_accounts(Answer(progresses=[] if view is None else [view], position=position), query.accounts)
    if query.kind == "operation":
        rows = (_operation(partition, *parts) for parts in splits(query.id))
        found = next((row for row in rows if row is not None), None)
        if found is not None:
            return of_accounts(Answer(operations=[found], position=position), query.accounts)
    return _indexed(partition, query)


def splits(identity: str) -> Iterator[tuple[str, str]]:
    """Stream and row name that an operation's id may stand for: itself, posted without a progress, then as
    `<progress id>-<name>`, the UUID-shaped one first (design 4.5).
    """
    yield identity, odd_name(identity)
    if len(identity) > 37 and identity[36] == "-":
        yield identity[:36], identity[37:]
    for place, letter in enumerate(identity):
        if letter == "-" and place != 36:
            yield identity[:place], identity[place + 1 :]


def _shown(partition: Partition, stream: str) -> ProgressView | None:
    # Who polls a run sees most often what he saw before; the fold forgets what it changes.
    known = partition.shown.get(stream)
    if known is not None:
        return known
    view = progress_view(partition.run(stream))
    if view is not None and len(_encode(view)) <= SHOWN_BYTES:
        if len(partition.shown) >= SHOWN:
            partition.shown.clear()
        partition.shown[stream] = view
    return view


def dispatched(run: Run, agenda_id: str) -> Answer:
    """What a puller gets: the agenda, its progress, and since when it waited (spec 7.1)."""
    agenda, view, head = run.agenda(agenda_id), progress_view(run), run.head
    entry = None if head is None else head.agendas.get(agenda_id)
    return Answer(
        agendas=[] if agenda is None else [agenda],
        progresses=[] if view is None else [view],
        added={agenda_id: entry.added} if entry is not None and entry.added is not None else {},
    )


def _operation(partition: Partition, stream: str, name: str) -> OperationProgress | None:
    run = partition.run(stream)
    row = run.operation(name)
    return None if row is None else with_message(row, run.head)


def _indexed(partition: Partition, query: ById) -> Answer:
    walk = listing([partition], ByAttribute(kind=query.kind, where={"id": query.id}, accounts=query.accounts))
    while True:
        try:
            next(walk)
        except StopIteration as done:
            found: Answer = done.value
            return found

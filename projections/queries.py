"""Answers from the rows of one partition, as they are at its position (spec 2.4, design 4.8). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

import msgspec
from msgspec.structs import replace

from eventstore.model import Agenda, AgendaProgress, Fact, OperationProgress, ProcessingState
from projections.indexes import LETTERS, index_prefix, primary_of
from projections.partition import Partition
from projections.rows import PREFIX_LENGTH, Head, head_key, read_row
from projections.run import Run
from projections.views import Answer, ByAttribute, ById, Kind, ProgressView, Query, of_accounts

KINDS: Mapping[Kind, bytes] = {"agenda": b"a", "progress": b"p", "operation": b"o"}
#: Wire names whose Python name is not the plain snake case of them.
_FIELDS = {"added": "added_time", "updated": "updated_time"}


#: Progresses of one partition that are kept as they were shown, and how large they may be (bytes of JSON).
SHOWN, SHOWN_BYTES = 200, 8 << 10
_encode = msgspec.json.Encoder().encode


def answer(partition: Partition, query: Query) -> Answer:
    """Everything of this partition that a query asks for; empty where there is nothing."""
    return of_accounts(_answer(partition, query), query.accounts)


def _answer(partition: Partition, query: Query) -> Answer:
    match query:
        case ById(kind="progress", id=stream):
            progresses = [view] if (view := _shown(partition, stream)) is not None else []
            return Answer(progresses=progresses, position=_position(partition))
        case ById(kind="operation", id=identity):
            return _operations(partition, (_operation(partition, *parts) for parts in splits(identity)))
        case ById(id=identity):
            keys = _candidates(partition, "agenda", "id", identity)
            return _agendas(partition, (row for key in keys if (row := _read(partition, key)) is not None))
        case ByAttribute():
            return _by_attribute(partition, query)
        case _ as never:
            assert_never(never)


def splits(identity: str) -> Iterator[tuple[str, str]]:
    """The ways to read an operation's id as `<progress id>-<name>`, the UUID-shaped one first (design 4.5)."""
    if len(identity) > 37 and identity[36] == "-":
        yield identity[:36], identity[37:]
    for place, letter in enumerate(identity):
        if letter == "-" and place != 36:
            yield identity[:place], identity[place + 1 :]


def progress_view(run: Run) -> ProgressView | None:
    """A progress with its operations, their waiting messages filled in; None where there is none."""
    progress = run.progress()
    if progress is None:
        return None
    message = waiting_message(run.head)
    return ProgressView(progress=progress, operations=[_with_message(row, message) for row in run.operations()])


def _shown(partition: Partition, stream: str) -> ProgressView | None:
    # Every event of a run changes its head row, and nothing but events changes any of its rows: while the head is the
    # same bytes, so is everything. Who polls a run sees most often what he saw before.
    head = partition.get(head_key(stream))
    if head is None:
        return progress_view(partition.run(stream))
    known = partition.shown.get(stream)
    if known is not None and known[0] == head:
        return known[1]
    view = progress_view(partition.run(stream))
    if view is not None and len(_encode(view)) <= SHOWN_BYTES:
        if len(partition.shown) >= SHOWN:
            partition.shown.clear()
        partition.shown[stream] = head, view
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


def waiting_message(head: Head | None) -> str:
    """How far a waiting operation is: added (accepted), queued (ready), scheduled (dispatched) (spec 1.1)."""
    agendas = [] if head is None else [*head.agendas.values()]
    if any(agenda.ready for agenda in agendas):
        return "queued"
    return "scheduled" if any(agenda.dispatch is not None or agenda.open for agenda in agendas) else "added"


def _with_message(row: OperationProgress, message: str) -> OperationProgress:
    if row.processing_state is not ProcessingState.WAITING:
        return row
    if row.processing_state_message is not None and message == "added":
        return row
    return replace(row, processing_state_message=message)


def _operation(partition: Partition, stream: str, name: str) -> OperationProgress | None:
    run = partition.run(stream)
    row = run.operation(name)
    return None if row is None else _with_message(row, waiting_message(run.head))


def _by_attribute(partition: Partition, query: ByAttribute) -> Answer:
    indexed = next((name for name in query.where if _has_index(query.kind, name)), None)
    keys: Iterable[bytes]
    if indexed is None:
        keys = partition.keys(KINDS[query.kind] + b"\0")
    else:
        keys = _candidates(partition, query.kind, indexed, query.where[indexed])
    found = ((key, _read(partition, key)) for key in keys)
    rows = [(key, row) for key, row in found if row is not None and _fits(row, query.where) and _is_of(row, query)]
    rows.sort(key=lambda found: (found[1].added_time or 0, found[1].id or ""))
    rows = rows[: query.limit]
    match query.kind:
        case "agenda":
            return _agendas(partition, (row for _, row in rows))
        case "operation":
            steps = (row for _, row in rows if isinstance(row, OperationProgress))
            return _operations(
                partition, (_operation(partition, row.agenda_progress_id or "", row.operation or "") for row in steps)
            )
        case "progress":
            views = (progress_view(partition.run(row.id or "")) for _, row in rows)
            return Answer(progresses=[view for view in views if view is not None], position=_position(partition))


def _is_of(row: Agenda | AgendaProgress | OperationProgress, query: ByAttribute) -> bool:
    return query.accounts is None or row.customer_id in query.accounts


def _has_index(kind: Kind, name: str) -> bool:
    by_kind: dict[Kind, tuple[str, ...]] = {
        "agenda": ("id", "linkId", "customerId"),
        "progress": ("linkId", "agendaId", "externalId", "customerId"),
        "operation": ("customerId",),
    }
    return name in by_kind[kind]


def _candidates(partition: Partition, kind: Kind, name: str, value: str) -> list[bytes]:
    letter, needle = KINDS[kind], value.encode()
    prefix = index_prefix(letter, LETTERS[name], value)
    found = {primary_of(entry) for entry, _ in partition.store.scan(prefix)}
    # What is not on disk yet has no index rows: a search for the bytes is enough, the row itself decides.
    for key, stored in partition.overlay.items():
        if key[:1] == letter and key[1:2] == b"\0" and (needle in stored or not value.isascii()):
            found.add(key)
    return [key for key in found if _is(partition, key, name, value)]


def _is(partition: Partition, key: bytes, name: str, value: str) -> bool:
    row = _read(partition, key)
    return row is not None and _fits(row, {name: value})


def _fits(row: Fact, where: Mapping[str, str]) -> bool:
    return all(_attribute(row, name) == value for name, value in where.items())


def _attribute(row: Fact, name: str) -> str | None:
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    found = getattr(row, _FIELDS.get(snake, snake), None)
    return None if found is None else str(found)


def _read(partition: Partition, key: bytes) -> Agenda | AgendaProgress | OperationProgress | None:
    value = partition.get(key)
    if value is None or len(value) == PREFIX_LENGTH:
        return None
    row: Agenda | AgendaProgress | OperationProgress = read_row(key, value)
    return row


def _agendas(partition: Partition, rows: Iterable[Fact]) -> Answer:
    return Answer(agendas=[row for row in rows if isinstance(row, Agenda)], position=_position(partition))


def _operations(partition: Partition, rows: Iterable[OperationProgress | None]) -> Answer:
    return Answer(operations=[row for row in rows if row is not None], position=_position(partition))


def _position(partition: Partition) -> dict[int, int]:
    return {partition.number: partition.position}

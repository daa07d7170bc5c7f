"""Pages of objects: whatever is on disk and whatever is not, each page is what sorting everything would give."""

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from eventstore.model import Agenda, AgendaProgress, OperationProgress, ProcessingState
from eventstore.reading import Dropped
from projections.indexes.keys import index_keys
from projections.indexes.traits import traits_of
from projections.indexes.zone import SIZE
from projections.partition import Partition
from projections.queries import counting
from projections.queries.entries import KINDS
from projections.queries.listing import listing
from projections.queues.ready import ReadyLine
from projections.rows import agenda_key, operation_key, progress_key, write_row
from projections.store import MemoryStore
from projections.table.landing import Landing
from projections.views import Answer, ByAttribute, Kind


def partition(number: int) -> Partition:
    return Partition(number, MemoryStore(), lambda _: Dropped("none"), ReadyLine("e"), 0)


def put(into: Partition, row: Any, *, on_disk: bool) -> None:
    match row:
        case Agenda():
            key = agenda_key(row.progress_id or "", row.id or "")
        case AgendaProgress():
            key = progress_key(row.id or "")
        case _:
            key = operation_key(row.agenda_progress_id or "", row.operation or "")
    if on_disk:
        into.store.write(
            [(key, write_row(1, row)), *((entry, b"") for entry in index_keys(key, traits_of(key, write_row(1, row))))]
        )
    else:
        into.overlay.put(key, write_row(2, row))


def ask(partitions: list[Partition], kind: Kind = "agenda", **more: Any) -> Answer:
    return end_of(listing(partitions, ByAttribute(kind=kind, **{"where": {}, **more})))


def in_pages(partitions: list[Partition], kind: Kind, limit: int, **more: Any) -> list[Any]:
    """All that a list shows, page by page: full ones, but the last."""
    found: list[Any] = []
    goes_on, after = True, None
    while goes_on:
        answer = ask(partitions, kind, limit=limit, after=after, **more)
        page = [*answer.agendas, *answer.operations]
        found, goes_on = found + page, answer.more
        assert len(page) == limit or not goes_on
        after = (found[-1].added_time or 0, found[-1].id or "") if found else None
    return found


def end_of(walk: Generator[None, None, Answer]) -> Answer:
    while True:
        try:
            next(walk)
        except StopIteration as done:
            found: Answer = done.value
            return found


def agenda(n: int, **more: Any) -> Agenda:
    return Agenda(**{"id": f"a{n:03}", "progress_id": f"r{n}", "customer_id": "c1", "added_time": n, **more})


def attributes_of(row: Agenda) -> dict[str, str | None]:
    return {"customerId": row.customer_id, "linkId": row.link_id, "title": row.title}


ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),  # added
        st.sampled_from(["c1", "c2", "c3"]),
        st.sampled_from([None, "l1", 'l"2']),
        st.sampled_from([None, "t"]),
        st.booleans(),  # on disk
        st.booleans(),  # an older form of it on disk as well
        st.integers(0, 1),  # partition
    ),
    max_size=25,
)
WHERE = st.dictionaries(
    st.sampled_from(["customerId", "linkId", "title"]), st.sampled_from(["c1", "l1", 'l"2', "t"]), max_size=2
)


@for_all(ROWS, WHERE, st.sampled_from([None, [], ["c1"], ["c3", "c2"]]), st.integers(1, 7))
@settings(max_examples=200, deadline=None)
def test_pages_in_a_row_are_all_that_fits_in_order(
    rows: list[Any], where: dict[str, str], accounts: list[str] | None, limit: int
) -> None:
    partitions = [partition(0), partition(1)]
    everything = []
    for n, (added, customer, link, title, on_disk, older, home) in enumerate(rows):
        row = agenda(n, customer_id=customer, link_id=link, title=title, added_time=added)
        if older:
            put(partitions[home], agenda(n, customer_id="c1", link_id="l1", title="t", added_time=1), on_disk=True)
        put(partitions[home], row, on_disk=on_disk and not older)
        everything.append(row)
    wanted = [
        row
        for row in everything
        if (accounts is None or row.customer_id in accounts)
        and all(attributes_of(row)[name] == value for name, value in where.items())
    ]
    wanted.sort(key=lambda row: (row.added_time or 0, row.id or ""))
    assert in_pages(partitions, "agenda", limit, where=where, accounts=accounts) == wanted
    assert ask(partitions, where=where, accounts=accounts, limit=None, count=True).count == len(wanted)


OPERATIONS = st.lists(
    st.tuples(
        st.integers(0, 3),  # added
        st.sampled_from(["c1", "c2", "c3", "c10", 'c"é']),
        st.sampled_from(["WAITING", "COMPLETE"]),
        st.sampled_from(
            [None, "t", 't"'],
        ),
        st.booleans(),  # on disk
        st.booleans(),  # an older form of it on disk as well
        st.integers(0, 1),  # partition
    ),
    max_size=25,
)


@for_all(
    OPERATIONS,
    st.dictionaries(
        st.sampled_from(["customerId", "processingState", "title", "operation"]),
        st.sampled_from(["c1", "WAITING", 't"', "o3"]),
        max_size=2,
    ),
    st.sampled_from([None, [], ["c1"], ["c3", "c2", 'c"é']]),
    st.integers(1, 7),
)
@settings(max_examples=200, deadline=None)
def test_so_it_is_with_operations_that_have_no_indexes(
    rows: list[Any], where: dict[str, str], accounts: list[str] | None, limit: int
) -> None:
    partitions = [partition(0), partition(1)]
    everything = []
    for n, (added, customer, state, title, on_disk, older, home) in enumerate(rows):
        base = OperationProgress(id=f"r-o{n:03}", agenda_progress_id="r", operation=f"o{n:03}", added_time=added)
        row = replace(base, customer_id=customer, processing_state=ProcessingState(state), title=title)
        if older:
            put(partitions[home], replace(base, customer_id="c1", title="t", added_time=1), on_disk=True)
        put(partitions[home], row, on_disk=on_disk and not older)
        everything.append(row)
    wanted = [
        row
        for row in everything
        if (accounts is None or row.customer_id in accounts)
        and all(_texts_of(row)[name] == value for name, value in where.items())
    ]
    wanted.sort(key=lambda row: (row.added_time or 0, row.id or ""))
    found = in_pages(partitions, "operation", limit, where=where, accounts=accounts)
    count = ask(partitions, "operation", where=where, accounts=accounts, limit=None, count=True).count
    assert [row.id for row in found] == [row.id for row in wanted]
    assert count == len(wanted)


def _texts_of(row: OperationProgress) -> dict[str, str | None]:
    state = row.processing_state and row.processing_state.value
    return {"customerId": row.customer_id, "processingState": state, "title": row.title, "operation": row.operation}


def test_a_page_keeps_its_place_while_others_come_and_go() -> None:
    here = partition(0)
    for n in (1, 2, 3, 4):
        put(here, agenda(n), on_disk=True)
    first = ask([here], limit=2)
    assert ([row.id for row in first.agendas], first.more) == (["a001", "a002"], True)
    put(here, agenda(0), on_disk=True)
    put(here, agenda(5), on_disk=False)
    here.overlay.put(agenda_key("r2", "a002"), write_row(3, None))
    second = ask([here], limit=2, after=(2, "a002"))
    assert ([row.id for row in second.agendas], second.more) == (["a003", "a004"], True)


@pytest.mark.parametrize("name", ["operation", "attempt", "resultPayload", "percentComplete", "x", "added_time"])
def test_what_is_no_text_or_no_attribute_never_fits(name: str) -> None:
    here = partition(0)
    row = OperationProgress(agenda_progress_id="r", operation="n", attempt=1, result_payload="s", percent_complete=1.0)
    put(here, row, on_disk=True)
    wanted = {"operation": "n"}.get(name)
    value = {"attempt": "1", "resultPayload": "s", "percentComplete": "1.0"}.get(name, "n")
    assert len(ask([here], "operation", where={name: value}).operations) == (wanted is not None)


def test_a_page_reads_its_own_rows_and_few_more() -> None:
    """What a list costs is what it shows: 10,000 agendas of two customers, and links that one of them never has."""
    store, reads = MemoryStore(), 0
    here = Partition(0, store, lambda _: Dropped("none"), ReadyLine("e"), 0)
    for n in range(10_000):
        put(here, agenda(n, customer_id="c1" if n < 9_990 else "c2", link_id="l1"), on_disk=True)
    get = store.get

    def counted(key: bytes) -> bytes | None:
        nonlocal reads
        reads += 1
        return get(key)

    store.get = counted  # type: ignore[method-assign]
    for more in (
        {"limit": 5},
        {"limit": 5, "where": {"customerId": "c1"}},
        {"limit": 5, "where": {"linkId": "l1"}, "after": (9_000, "a9000")},
        {"limit": 5, "where": {"linkId": "l1"}, "accounts": ["c2"]},
        {"limit": 5, "where": {"linkId": "none"}},
        {"limit": 5, "where": {"linkId": "l1"}, "accounts": ["c9"]},
        {"limit": 5, "where": {"linkId": "l1", "customerId": "c2"}},
        {"where": {"nothing": "x"}},
        {"where": {"maximumAttempts": "3", "linkId": "l1"}},
        {"where": {"agendaId": "a1"}},
    ):
        reads = 0
        ask([here], **more)
        assert reads <= 10, more
    counts: list[tuple[int, dict[str, Any]]] = [
        (10_000, {}),
        (9_990, {"where": {"customerId": "c1"}}),
        (10_000, {"where": {"linkId": "l1"}}),
        (0, {"where": {"linkId": "none"}}),
        (10, {"accounts": ["c2", "c9", "c2"]}),
        (10_000, {"accounts": ["c2", "c1"]}),
        (10, {"accounts": ["c2", "c1"], "where": {"customerId": "c2"}}),
        (0, {"accounts": ["c2"], "where": {"customerId": "c1"}}),
        (0, {"accounts": []}),
        (0, {"where": {"nothing": "x"}}),
    ]
    for count, wanted in counts:
        reads = 0
        assert (ask([here], limit=None, count=True, **wanted).count, reads) == (count, 0), wanted
    assert ask([here], limit=7, count=True).count == 7, "a limit that is said bounds a count"


def test_a_page_of_all_operations_reads_its_own_rows_and_few_more() -> None:
    store, reads = MemoryStore(), 0
    here = Partition(0, store, lambda _: Dropped("none"), ReadyLine("e"), 0)
    for n in range(2000):
        row = OperationProgress(
            id=f"r{n}-x", agenda_progress_id=f"r{n}", operation="x", customer_id=f"c{n % 7}", added_time=n
        )
        put(here, row, on_disk=True)
    get = store.get

    def counted(key: bytes) -> bytes | None:
        nonlocal reads
        reads += 1
        return get(key)

    store.get = counted  # type: ignore[method-assign]
    page = ask([here], "operation", limit=5, after=(1000, "r1000-x"))
    assert [row.id for row in page.operations] == [f"r{n}-x" for n in range(1001, 1006)]
    assert reads <= 2 * SIZE, "one zone, or two where the page begins at the end of one"
    reads = 0
    assert (ask([here], "operation", limit=None, count=True).count, reads) == (2000, 0)


def test_a_count_is_of_the_moment_when_it_began() -> None:
    here = partition(0)
    for n in range(5):
        put(here, agenda(n), on_disk=True)
    put(here, agenda(5), on_disk=False)
    put(here, agenda(0, title="new"), on_disk=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(counting, "SLICE", 1)
        walk = listing([here], ByAttribute(kind="agenda", where={}, limit=None, count=True))
        next(walk)
        put(here, agenda(6), on_disk=False)
        here.store.write([(b"ia*\0\0" + b"\xff" * 8 + b"a\0late", b"")])
        assert end_of(walk).count == 6


@pytest.mark.parametrize("older", [False, True], ids=["a new one", "one that stood elsewhere"])
def test_what_comes_to_the_disk_while_it_is_counted_counts_once(*, older: bool) -> None:
    """Lines that are far apart are sought anew, and what is sought then shows what has come since."""
    here = partition(0)
    for n in range(100):
        put(here, agenda(n, title="t"), on_disk=True)
        put(here, agenda(100 + n, job_id="j"), on_disk=True)
    if older:
        put(here, agenda(300, title="t", job_id="j", added_time=50), on_disk=True)
    fresh = agenda(300, title="t", job_id="j")
    put(here, fresh, on_disk=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(counting, "SLICE", 1)
        query = ByAttribute(kind="agenda", where={"title": "t", "jobId": "j"}, limit=None, count=True)
        walk = listing([here], query)
        next(walk)
        landing = Landing(here.store, [*here.overlay.take_off().items()])
        here.store.write([*landing.puts, *((key, b"") for key in landing.entries)], landing.removals)
        here.overlay.land()
        assert end_of(walk).count == 1


def test_every_kind_has_its_letter() -> None:
    assert KINDS == {"agenda": b"a", "progress": b"p", "operation": b"o"}

"""What many rows change together is what each changes on its own: index rows, and the sum."""

import msgspec
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from eventstore.model import Agenda, AgendaProgress, OperationProgress, ProcessingState
from projections.indexes.keys import index_keys
from projections.indexes.traits import traits_of
from projections.rows import (
    APPLIED,
    AgendaHead,
    Head,
    Row,
    agenda_key,
    head_key,
    odd_name,
    operation_key,
    progress_key,
    write_row,
)
from projections.store import MemoryStore
from projections.table.digest import row_digest, sum_of
from projections.table.landing import Landing

SOME = st.sampled_from([None, "", "ü", "c" * 5_000])
TIMES = st.sampled_from([None, -1, 0, 7, 70_000])
HEADS = st.builds(
    Head,
    version=st.just(1),
    link=st.just("l"),
    last=st.just("e"),
    agendas=st.dictionaries(
        st.sampled_from("ab"), st.builds(AgendaHead, customer_id=st.just("c"), ready=st.booleans(), heard=TIMES)
    ),
    progress=st.booleans(),
    deleted=TIMES,
)
SAID = {"id": SOME, "added_time": TIMES, "customer_id": SOME, "title": SOME}
AGENDAS = st.builds(Agenda, link_id=SOME, job_id=SOME, **SAID)
PROGRESSES = st.builds(
    AgendaProgress,
    link_id=SOME,
    updated_time=TIMES,
    processing_state=st.sampled_from([None, *ProcessingState]),
    processing_state_message=SOME,
    **SAID,
)
OPERATIONS = st.builds(OperationProgress, operation=st.just("x"), agenda_progress_id=SOME, **SAID)


@st.composite
def stored(draw: st.DrawFn) -> dict[bytes, bytes]:
    """Rows of a few runs as they are stored: graves, and some that nobody can read, among them."""
    found = {}
    for run in draw(st.lists(st.sampled_from("rst"), unique=True)):
        kinds: tuple[tuple[bytes, st.SearchStrategy[Row]], ...] = (
            (head_key(run), HEADS),
            (agenda_key(run, "a"), AGENDAS),
            (progress_key(run), PROGRESSES),
            (operation_key(run, "x"), OPERATIONS),
            (operation_key(run, odd_name("x")), OPERATIONS),
        )
        for key, rows in kinds:
            row = draw(st.none() | rows)
            found[key] = write_row(draw(st.integers(0, 9)), row)
            if draw(st.integers(0, 9)) == 0:
                found[key] += b"{"
    return found


def entries(rows: dict[bytes, bytes]) -> set[bytes]:
    found = set[bytes]()
    for key, value in rows.items():
        try:
            found.update(index_keys(key, traits_of(key, value)))
        except msgspec.MsgspecError:
            continue
    return found


@for_all(stored(), stored(), st.booleans())
@settings(deadline=None)
def test_rows_that_land_together_change_what_each_changes(
    before: dict[bytes, bytes], rows: dict[bytes, bytes], known: bool
) -> None:
    store = MemoryStore()
    store.write(before.items())
    replaced = {key: value for key, value in before.items() if key in rows}
    below = {key: before.get(key) for key in rows} if known else {}
    landing = Landing(MemoryStore() if known else store, [*rows.items(), (APPLIED, b"z" * 11)], below)
    old, new = entries(replaced), entries(rows)
    assert (landing.removals, {*landing.entries}) == (old - new, new - old)
    assert len(landing.entries) == len({*landing.entries})
    sums = [sum(row_digest(key, value) for key, value in each.items()) for each in (rows, replaced)]
    assert landing.digest == sums[0] - sums[1]
    assert landing.newest == max((int.from_bytes(value[:8], "big") for value in rows.values()), default=-1)


def test_a_sum_of_rows_is_that_of_their_digests_whatever_their_keys_are_long() -> None:
    rows = [(b"a\0" + b"k" * length, write_row(3, None) + b"{}") for length in (0, 509, 510, 5_000)]
    assert sum_of(rows) == sum(row_digest(key, value) for key, value in rows)
    assert sum_of([(b"a\0k", write_row(3, None))]) == 0

"""Rows between fold and disk: what is put together weighs what it weighs apart (design 4.4)."""

from hypothesis import given
from hypothesis import strategies as st

from projections.overlay import Overlay

ROWS = st.dictionaries(st.sampled_from([b"a", b"b", b"c", b"d"]), st.binary(min_size=1, max_size=5))


@given(st.lists(ROWS, max_size=6))
def test_rows_that_one_event_changed_are_put_as_one_by_one(events: list[dict[bytes, bytes]]) -> None:
    together, apart = Overlay(), Overlay()
    for rows in events:
        together.put_all(rows)
        for key, value in rows.items():
            apart.put(key, value)
    assert (together.dirty, together.size) == (apart.dirty, apart.size)


@given(st.sets(st.binary(max_size=5)))
def test_that_nothing_lies_below_some_rows_is_remembered_as_one_by_one(keys: set[bytes]) -> None:
    together, apart = Overlay(), Overlay()
    together.remember_none(keys)
    for key in keys:
        apart.remember(key, None)
    assert (together.found, together.size) == (apart.found, apart.size)

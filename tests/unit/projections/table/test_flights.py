"""A stream's rows fly together, whatever the batches can hold (design 4.4)."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from projections.rows import PREFIX_LENGTH, head_key, operation_key, stream_of
from projections.table.flights import BATCH_BYTES, LATE_BATCH_BYTES, OVERHEAD, Rows, whole_streams

#: Weights of some runs' rows, in parts of a batch.
RUNS = st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=5), max_size=12)


def rows_of(runs: list[list[int]], most: int) -> dict[bytes, bytes]:
    """Rows as a fold leaves them: not run by run."""
    found = {head_key(f"r{number}"): bytes(PREFIX_LENGTH) for number in range(len(runs))}
    for number, weights in enumerate(runs):
        found |= {operation_key(f"r{number}", str(n)): bytes(most * part // 100) for n, part in enumerate(weights)}
    return found


def weight(rows: Rows) -> int:
    return sum(len(key) + len(value) + OVERHEAD for key, value in rows)


def flown(rows: Mapping[bytes, bytes], *, late: bool) -> list[Rows]:
    return [*whole_streams({**rows}, late=late)]


@given(RUNS, st.booleans())
def test_every_row_flies_once_and_no_stream_in_two_batches(runs: list[list[int]], late: bool) -> None:  # noqa: FBT001
    most = LATE_BATCH_BYTES if late else BATCH_BYTES
    rows = rows_of(runs, most)
    batches = flown(rows, late=late)
    assert sorted(row for batch in batches for row in batch) == sorted(rows.items())
    streams = [stream for batch in batches for stream in {stream_of(key) for key, _ in batch}]
    assert len(streams) == len({*streams})
    for batch in batches:
        assert weight(batch) <= most or len({stream_of(key) for key, _ in batch}) == 1


def test_what_fits_one_batch_is_one_and_nothing_is_none() -> None:
    rows = rows_of([[1, 2], [3]], BATCH_BYTES)
    assert flown(rows, late=False) == [[*rows.items()]]
    assert not flown({}, late=False)

import pytest

from eventstore.errors import RangeGone
from eventstore.log import NewRecord
from eventstore.memory import InMemoryLog
from eventstore.ranges import Moment, Offset, Span, bound, spans

TOPIC = "t"
#: The twin's clock: record n of the only writer was appended at T + n + 1.
T = 1_700_000_000_000


def log_of(*counts: int) -> InMemoryLog:
    log = InMemoryLog({TOPIC: len(counts)}, T)
    for number, count in enumerate(counts):
        for _ in range(count):
            log.put(TOPIC, number, NewRecord(b"k", b"v", []))
    return log


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", Offset(0)),
        ("99999999999", Offset(99_999_999_999)),
        ("100000000000", Moment(100_000_000_000)),
        ("1700000000001", Moment(T + 1)),
        ("2023-11-14T22:13:20.001Z", Moment(T + 1)),
        ("2023-11-14T22:13:20.001", Moment(T + 1)),
        ("2023-11-14T23:13:20.001+01:00", Moment(T + 1)),
        ("2023-11-14", Moment(1_699_920_000_000)),
    ],
)
def test_a_bound_is_an_offset_or_a_time(text: str, expected: object) -> None:
    assert bound(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1.5", "yesterday", "2023-13-01", "٣"])  # noqa: RUF001  # a digit, elsewhere
def test_anything_else_is_no_bound(text: str) -> None:
    with pytest.raises(ValueError):
        bound(text)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, Span(0, 0, 5)),
        (Offset(2), Offset(4), Span(0, 2, 4)),
        (Offset(0), Offset(5), Span(0, 0, 5)),
        (Offset(5), None, Span(0, 5, 5)),
        (Offset(3), Offset(3), Span(0, 3, 3)),
        (Offset(4), Offset(2), Span(0, 4, 4)),
        (Moment(T + 2), Moment(T + 4), Span(0, 1, 3)),
        (Moment(T), Moment(T + 1), Span(0, 0, 0)),
        (Moment(T + 1), Moment(T + 2), Span(0, 0, 1)),
        (Moment(T + 9), None, Span(0, 5, 5)),
        (None, Moment(T + 9), Span(0, 0, 5)),
    ],
)
async def test_ranges_are_half_open_and_exact_at_both_ends(since: object, until: object, expected: Span) -> None:
    assert await spans(log_of(5), TOPIC, [0], since, until) == [expected]  # type: ignore[arg-type]


async def test_a_time_is_a_position_of_its_own_in_each_partition() -> None:
    assert await spans(log_of(3, 2), TOPIC, [1, 0], Moment(T + 3), Moment(T + 5)) == [Span(0, 2, 3), Span(1, 0, 1)]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (None, None),
        (Offset(1), None),
        (Offset(2), Offset(6)),
        (Offset(6), None),
        (Moment(T + 1), None),
        (Moment(T + 3), None),
        (Moment(T + 2), Moment(T + 5)),
    ],
)
async def test_a_range_that_is_not_whole_any_more_or_not_yet_is_refused(since: object, until: object) -> None:
    log = log_of(5)
    log.cut(TOPIC, 0, 2)

    with pytest.raises(RangeGone, match="t/0"):
        await spans(log, TOPIC, [0], since, until)  # type: ignore[arg-type]


async def test_what_is_left_can_be_asked_for() -> None:
    log = log_of(5)
    log.cut(TOPIC, 0, 2)

    assert await spans(log, TOPIC, [0], Offset(2), None) == [Span(0, 2, 5)]
    assert await spans(log, TOPIC, [0], Moment(T + 4), None) == [Span(0, 3, 5)]
    assert await spans(log, TOPIC, [0], None, None, whole=False) == [Span(0, 2, 5)]


@pytest.mark.parametrize("until", [Offset(1), Moment(T + 2)])
async def test_an_end_that_is_gone_is_refused_even_where_the_beginning_does_not_matter(until: object) -> None:
    log = log_of(5)
    log.cut(TOPIC, 0, 2)

    with pytest.raises(RangeGone):
        await spans(log, TOPIC, [0], None, until, whole=False)  # type: ignore[arg-type]


async def test_what_comes_while_it_asks_is_not_in_the_range() -> None:
    """Else a range that ends at a time to come would end at another offset than the one that was answered."""

    class Busy(InMemoryLog):
        async def offsets_at(self, topic: str, epoch_ms: int) -> dict[int, int]:
            self.put(topic, 0, NewRecord(b"k", b"v", []))
            return await super().offsets_at(topic, epoch_ms)

    log = Busy({TOPIC: 1}, T)

    assert await spans(log, TOPIC, [0], Moment(T + 99), Moment(T + 99)) == [Span(0, 0, 0)]


async def test_says_from_when_on_there_is_something() -> None:
    log = log_of(5)
    log.cut(TOPIC, 0, 2)

    with pytest.raises(RangeGone, match=r"before offset 2 were deleted.*2023-11-14T22:13:20.003Z"):
        await spans(log, TOPIC, [0], Moment(T))

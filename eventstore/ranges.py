"""Which records a replay is about: bounds as people say them, resolved to exact offsets, or refused loudly.

Half-open, both kinds: from <= offset < until, and from <= time < until, by the broker's time of appending. A time is
resolved once, to a position per partition: the first record at or after it (the broker's index; its clock may have been
set back, then records behind that position may bear earlier times, and are part of the range: a log is read in order).
"""

from collections.abc import Collection, Mapping

import msgspec

from eventstore.envelope import format_time, parse_time
from eventstore.errors import RangeGone
from eventstore.log import EventLog

#: Whole numbers from here on are epoch ms (1973), below they are offsets: no partition has that many records.
LEAST_EPOCH_MS = 100_000_000_000


class Offset(msgspec.Struct, frozen=True):
    """A position in one partition."""

    offset: int


class Moment(msgspec.Struct, frozen=True):
    """A position in time, the broker's (epoch ms)."""

    epoch_ms: int


Bound = Offset | Moment


class Span(msgspec.Struct, frozen=True):
    """The records of one partition with start <= offset < stop."""

    partition: int
    start: int
    stop: int


def bound(text: str) -> Bound:
    """An offset, epoch ms, or an ISO 8601 time (UTC unless it names a zone). Raises ValueError."""
    if text.isascii() and text.isdigit():
        number = int(text)
        return Offset(number) if number < LEAST_EPOCH_MS else Moment(number)
    return Moment(parse_time(text))


async def spans(
    log: EventLog,
    topic: str,
    partitions: Collection[int],
    since: Bound | None = None,
    until: Bound | None = None,
    *,
    whole: bool = True,
) -> list[Span]:
    """The exact ranges between two bounds, per partition, as the log is now; raises RangeGone.

    Without `since` a range begins at offset 0 if the topic must be `whole`, else with the first record still there.
    Without `until`, or with a time to come, it ends where the log ends now. A time at which records may have stood that
    are deleted by now is refused like an offset that is.
    """
    starts, ends = await log.starts(topic), await log.ends(topic)
    first = _first(starts, whole=whole) if since is None else await _places(log, topic, since)
    last = ends if until is None else await _places(log, topic, until)
    found = []
    for number in sorted(partitions):
        start, end = starts[number], ends[number]
        # What came between two questions lies behind the end that was answered, and is not asked for.
        begin = min(first[number], end) if isinstance(since, Moment) else first[number]
        stop = min(last[number], end) if isinstance(until, Moment) else last[number]
        if begin < start or begin > end or stop < start or stop > end:
            raise RangeGone(f"expected {topic}/{number} to hold offsets {begin} to {stop}, found {start} to {end}")
        for at, place in ((since, begin), (until, stop)):
            if isinstance(at, Moment) and place == start > 0:
                raise RangeGone(await _cut(log, topic, number, start, end))
        found.append(Span(number, begin, max(begin, stop)))
    return found


def _first(starts: Mapping[int, int], *, whole: bool) -> dict[int, int]:
    return dict.fromkeys(starts, 0) if whole else {**starts}


async def _places(log: EventLog, topic: str, at: Bound) -> Mapping[int, int]:
    if isinstance(at, Moment):
        return await log.offsets_at(topic, at.epoch_ms)
    return dict.fromkeys(await log.ends(topic), at.offset)


async def _cut(log: EventLog, topic: str, number: int, start: int, end: int) -> str:
    said = f"records of {topic}/{number} before offset {start} were deleted, and some may lie in this range"
    if start == end:
        return f"{said}; nothing is left of it"
    async for records in log.read(topic, number, start, start + 1):
        return f"{said}; the first one left was appended at {format_time(records[0].timestamp)}: ask for later ones"
    return said

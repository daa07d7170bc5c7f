"""How rows are shared out among the batches of one flight to the changelog: no stream is in two (design 4.4). Pure."""

from collections.abc import Iterable, Iterator

#: Keys and values of one batch add up to at most this, unless one stream alone is more (bytes).
BATCH_BYTES = 400_000
#: The same where nobody is served yet, and nobody minds that a batch is weighed and put for 15 ms at once.
LATE_BATCH_BYTES = 1_500_000
#: What Kafka adds to a row in a batch, generously (bytes).
OVERHEAD = 60

Rows = list[tuple[bytes, bytes]]


def whole_streams(rows: dict[bytes, bytes], *, late: bool = False) -> Iterator[Rows]:
    """Batches of rows such that no stream is in two; each within the bound unless one stream alone is more."""
    most = LATE_BATCH_BYTES if late else BATCH_BYTES
    items = [*rows.items()]
    if _weight(items) <= most:
        # Nearly always: where all go together, none need be told apart.
        if items:
            yield items
        return
    streams: dict[bytes, Rows] = {}
    for item in items:
        stream = item[0].split(b"\0", 2)[1]
        if (group := streams.get(stream)) is None:
            streams[stream] = [item]
        else:
            group.append(item)
    batch: Rows = []
    size = 0
    for group in streams.values():
        weight = _weight(group)
        if batch and size + weight > most:
            yield batch
            batch, size = [], 0
        batch += group
        size += weight
    if batch:
        yield batch


def _weight(group: Iterable[tuple[bytes, bytes]]) -> int:
    return sum([len(key) + len(value) + OVERHEAD for key, value in group])

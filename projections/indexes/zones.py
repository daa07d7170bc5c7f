"""Where operations that have a text may lie, for lists by what has no index rows (spec 2.4). Pure.

A row of each operation per text would cost every fold and every restore. Instead, when somebody first asks, all
operations of a partition are read once, and remembered in *zones*: some dozens of them that stand side by side in the
order of lists, their keys, and which values they have of each text, and how often. A list reads the zones alone that
may have what it asks for, in their order, and stops with its page; an empty one reads none. What is written later is
noted when the next list asks: a value that is gone is found out where a zone is read in vain, which is then summed up
anew. About 60 bytes an operation, gone with the ownership, or when much was written and nobody asked.
"""

from bisect import bisect_right
from collections.abc import Collection, Generator, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Protocol

from projections.indexes.zone import LATE, SIZE, Placed, Wanted, Zone, placed, zones_of
from projections.overlay import OPERATION, UNKNOWN, Overlay
from projections.store import Store

#: Operations that are read between two hand-overs, and zones that are passed over.
SLICE, PASSED = 400, 16
#: Operations that are sorted at once.
RUN = 4_000
_END = b"\xff" * 9

#: addedTime and key of a row, and whether it fits.
Entry = tuple[int, bytes, bool]


class Zones:
    """All operations that one partition has on disk; `landed`: rows written since that are not noted yet."""

    def __init__(self, landed: dict[bytes, bytes | None], zones: list[Zone]) -> None:
        self.landed = landed
        #: no zone counts a row that is not there, or in another
        self.exact = True
        self._zones = zones
        self._begins = [zone.begin for zone in zones]

    def noted(self, store: Store, overlay: Overlay) -> Generator[None]:
        """Note what was written since the last time, up to now."""
        looked = 0
        for key in [*self.landed]:
            if key not in self.landed:
                continue  # another list was here meanwhile
            old, value = self.landed.pop(key), store.get(key)
            if value is not None and overlay.flying.get(key) == value:
                # Of a flight that has not landed: this is known here now, and not what it replaces.
                self.landed[key] = value
            looked += self._note(store, key, value, old)
            if looked >= SLICE:
                yield
                looked = 0
        # Too much was written while these were made or noted: what, nobody remembers, so their numbers are old.
        self.exact = self.exact and self.landed is overlay.landed

    def _note(self, store: Store, key: bytes, value: bytes | None, old: bytes | None) -> int:
        row, before = placed(key, value), placed(key, old or None)
        if before is not None and (row is None or row[0] != before[0]):
            self._at(before[0]).leave(key)
        if row is None:
            self.exact = self.exact and old != UNKNOWN
        else:
            zone = self._at(row[0])
            # A row that the fold did not look at is a new one, or stood here before, or else somewhere.
            self.exact = self.exact and (old != UNKNOWN or zone.has(key))
            zone.note(key, row[2])
            if len(zone.late) > LATE:
                at = bisect_right(self._begins, zone.begin)
                self._renew(zone, zone.rows(store, self._begins[at] if at < len(self._begins) else _END))
                return SIZE
        return 1

    def _at(self, place: bytes) -> Zone:
        return self._zones[bisect_right(self._begins, place) - 1]

    def _renew(self, zone: Zone, rows: Sequence[Placed]) -> None:
        at = bisect_right(self._begins, zone.begin) - 1
        if self._zones[at] is zone:
            made = zones_of(rows, zone.begin)
            self._zones[at : at + 1] = made
            self._begins[at : at + 1] = [each.begin for each in made]

    def found(self, store: Store, wanted: Wanted, start: bytes) -> Iterator[Entry]:
        """Those that fit, in order, from a place on, and others that were looked at."""
        for number, (zone, end) in enumerate(self._from(start)):
            time = int.from_bytes(zone.begin[:8], "big")
            rows = self._read(zone, store, end) if wanted.may_be_in(zone) else []
            for _ in range(len(rows) // 4 if rows else number % PASSED == 0):
                yield time, b"", False
            for place, key, _ in filter(wanted.fits, rows):
                yield int.from_bytes(place[:8], "big"), key, True

    def counted(self, partition: "Owned", wanted: Wanted, hidden: Collection[bytes]) -> Generator[None, None, int]:
        """How many fit; `hidden` ones are left out."""
        count = looked = 0
        store, disturbed = partition.store, self._with(hidden, partition)
        for zone, end in self._from(b""):
            if not wanted.may_be_in(zone):
                continue
            number = wanted.number(zone) if self.exact and zone not in disturbed else None
            if number is None:
                rows = self._read(zone, store, end)
                number = sum(wanted.fits(row) and row[1] not in hidden for row in rows)
                looked += len(rows)
            count += number
            if looked >= SLICE:
                yield
                looked = 0
        return count

    def _with(self, keys: Collection[bytes], partition: "Owned") -> set[Zone]:
        """Zones that may count one of these rows: as it is on disk, or as it was before it came there unnoted."""
        store, overlay = partition.store, partition.overlay
        found, lost = set[Zone](), set[bytes]()
        for key in keys:
            value, old = store.get(key), self.landed.get(key)
            if value is not None and key not in self.landed and overlay.flying.get(key) == value:
                old = overlay.below.get(key, UNKNOWN)
            if old == UNKNOWN:
                lost.add(key)  # nobody knows where it was
            rows = (placed(key, value), placed(key, old or None))
            found.update(self._at(row[0]) for row in rows if row is not None)
        return found.union(zone for zone in self._zones if lost and zone.has_any(lost))

    def _read(self, zone: Zone, store: Store, end: bytes) -> list[Placed]:
        rows = zone.rows(store, end)
        if zone.late:
            self._renew(zone, rows)
        return rows

    def _from(self, start: bytes) -> list[tuple[Zone, bytes]]:
        first = max(0, bisect_right(self._begins, start) - 1)
        return [*zip(self._zones[first:], [*self._begins[first + 1 :], _END], strict=True)]


class Owned(Protocol):
    """A partition: what zones are made of, and where they are kept."""

    store: Store
    overlay: Overlay
    zones: Zones | None


def current(partition: Owned, *, exact: bool = False) -> Generator[None, None, Zones]:
    """A partition's zones as it is now: made where it has none, or none that count; what was written since is noted."""
    known, overlay = partition.zones, partition.overlay
    if known is not None and known.landed is overlay.landed:
        yield from known.noted(partition.store, overlay)
        if known.exact or not exact:
            return known
        if known.landed is overlay.landed:
            overlay.landed = None
    # Where another list is making them, what lands is remembered since it began; the first to be done is followed.
    landed = _begun(partition)
    made = Zones(landed, (yield from _made(partition.store)))
    if partition.zones is not None and partition.zones.landed is landed:
        made = partition.zones
    elif overlay.landed is landed:  # not too much was written meanwhile
        partition.zones = made
    yield from made.noted(partition.store, overlay)
    return made


def _begun(partition: Owned) -> dict[bytes, bytes | None]:
    """What is remembered of rows that land from now on: what who begins to look at all of them sees in their places."""
    store, overlay = partition.store, partition.overlay
    # Of a flight of several batches the first are on disk before it has landed: what they replace is not seen any more.
    flying = ((key, value) for key, value in overlay.flying.items() if key.startswith(OPERATION))
    seen: dict[bytes, bytes | None] = {key: value for key, value in flying if store.get(key) == value}
    if overlay.landed is None:
        overlay.landed = seen
    else:
        # Who began before, and may have gone away, did not see these as they are seen now.
        overlay.landed.update(dict.fromkeys([*overlay.landed, *seen], UNKNOWN))
    return overlay.landed


def _made(store: Store) -> Generator[None, None, list[Zone]]:
    runs: list[list[Placed]] = [[]]
    for looked, (key, value) in enumerate(store.scan(OPERATION), 1):
        if (row := placed(key, value)) is not None:
            runs[-1].append(row)
        if looked % SLICE == 0:
            yield
        if looked % RUN == 0:  # all at once, a sort would hold up everybody else
            runs[-1].sort()
            runs.append([])
    runs[-1].sort()
    rows, made = merge(*runs), list[Zone]()
    while part := [*islice(rows, SIZE)]:
        made.append(Zone(part[0][0] if made else b"", part))
        if len(made) % PASSED == 0:
            yield
    return made or [Zone(b"", [])]

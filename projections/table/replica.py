"""A partition's rows as its changelog tells them: restored before a takeover, kept warm as a standby (design 4.4).

The changelog has no fence: a worker that was paused past its session may write old rows behind its successor's. What
saves us is that every row is true as of its source offset. So per key the row with the *greatest source offset* stays,
across the local store and everything the changelog holds, never simply the last. And because the `applied` row says
what all rows sum to, whatever a changelog lost, compacted or corrupted is found, and the partition rebuilt.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from operator import itemgetter

import msgspec

from eventstore.errors import ForeignLog
from eventstore.log import Record
from projections.rows import (
    APPLIED,
    FOLD_VERSION,
    IN_PART,
    PREFIX_LENGTH,
    PRIMARY,
    Applied,
    fold_of,
    offset_of,
)
from projections.store import Item, Store
from projections.table.changelog import rows_of
from projections.table.debt import Debt
from projections.table.digest import in_hex, row_digest
from projections.table.landing import Landing
from projections.table.unseen import Unseen

#: Where Faust keeps the changelog offset that a store holds everything up to (faust.stores.rocksdb.Store.offset_key).
POSITION = b"__faust\0offset__"

_KEY = itemgetter(0)
_decode_applied = msgspec.json.Decoder(Applied).decode


class Replica:
    """One partition's store, with its changelog position and the sum of its rows kept beside it.

    Opening reads every row once: a store that was changed by hand, or by a failing disk, is found that way.
    """

    def __init__(self, number: int, store: Store) -> None:
        self.number = number
        self.store = store
        position = store.get(POSITION)
        #: offset of the last changelog record that is in the store; -1: none
        self.position = -1 if position is None else int(position)
        #: the same when the store was opened, where nothing was read on from it yet
        self.opened_at = self.position
        self.digest = 0
        #: greatest source offset of any row
        self.newest = -1
        #: keys whose last changelog record is older than the row here: the owner sends them again
        self.inverted: set[bytes] = set()
        #: keys of rows that were wiped though a restore would bring them back, with the source offset that each claims
        self.wiped: dict[bytes, int] = {}
        self.ignored = 0
        #: index rows that are to be made before lists are asked for
        self.debt = Debt(store)
        #: tells what is not here yet of a changelog, if nothing was
        self._unseen: Unseen | None = None
        applied = self.applied()
        #: the name of the changelog that `position` is a place in; None: not known yet
        self.changelog = None if applied is None else applied.changelog
        self._unproven = applied is not None
        for key, value in self._summed():
            self.digest += row_digest(key, value)
            self.newest = max(self.newest, offset_of(value))

    def applied(self) -> Applied | None:
        """Up to where all rows are in the store, and what they sum to."""
        value = self.store.get(APPLIED)
        return None if value is None else _decode_applied(value[PREFIX_LENGTH:])

    @property
    def resume_at(self) -> int:
        """Offset of the first record of the log that is not in these rows."""
        applied = self.applied()
        return 0 if applied is None else applied.offset + 1

    def begins_elsewhere(self, records: Sequence[Record]) -> bool:
        """Whether the first `applied` row that is read on from a stored position names another changelog.

        Then the topic was deleted and made anew, and has grown past the position meanwhile: what lies before it there
        was never read here, and where rows are ahead of `applied` no sum would tell. Or the first who was to write, and
        to name it, slept and woke later: `ends_with` tells these apart.
        """
        if not self._unproven or not (applied := rows_of(records)[1]):
            return False
        # Who looks closer may be cut off, by a rebalance: then it is asked again.
        self._unproven = _named_in(applied[0]) != self.changelog
        return self._unproven

    def ends_with(self, records: Sequence[Record]) -> bool:
        """Whether these hold, at the position that was stored, the very `applied` row that was: name, offset and sum.

        Where it still stands there, the changelog is the one that was read: it is not asked for again.
        """
        found = self.store.get(APPLIED) in rows_of(each for each in records if each.offset == self.opened_at)[1]
        self._unproven = self._unproven and not found
        return found

    def absorb(self, records: Sequence[Record]) -> None:
        """Keep the greatest source offset per key, of the store and these; one atomic write."""
        rows, applied = rows_of(records)
        self.ignored += len(records) - len(rows) - len(applied)
        best, get = dict(rows), self.store.get
        below = {key: get(key) for key in best} if self._unseen is None else self._unseen.below(best, get)
        if len(best) < len(rows) or any(below.values()):
            best = self._greatest(rows, below)
        if applied:
            below[APPLIED] = get(APPLIED)
            best |= self._greatest([(APPLIED, value) for value in applied], below)
        self.position = records[-1].offset
        self._put(Landing(self.store, [*best.items()], below, sparing=self.debt.growing))
        if APPLIED in best:
            self.changelog = _named_in(best[APPLIED])

    def _greatest(self, rows: Iterable[Item], below: Mapping[bytes, bytes | None]) -> dict[bytes, bytes]:
        best: dict[bytes, bytes] = {}
        for key, value in rows:
            known = best.get(key) or below[key]
            if known is None or self._buries(key, value, known):
                best[key] = value
        return best

    def land(self, landing: Landing) -> None:
        """Put rows on the disk, with their index rows and the changelog position, in one atomic write."""
        self._unseen = None  # it has not seen these
        if landing.sparing and not self.debt.growing:
            # Its index rows are not owed any more: others were made while it was on its way to the changelog.
            landing = Landing(self.store, landing.puts, landing.below)
        self._put(landing)

    def _put(self, landing: Landing) -> None:
        # In order of their keys: RocksDB finds the place beside the last one sooner than one anywhere.
        position = (POSITION, b"%d" % self.position)
        rows, index_rows = sorted(landing.puts, key=_KEY), zip(sorted(landing.entries), repeat(b""))
        self.store.write(chain(rows, index_rows, (position,)), landing.removals, logged=not self.debt.growing)
        self.digest += landing.digest
        self.newest = max(self.newest, landing.newest)

    def spare(self) -> None:
        """Leave index rows out that lists are read by, until their debt is paid: if there is no row yet."""
        if self.newest < 0 and not self.debt.owed:
            self.debt.begin()
            self._unseen = Unseen()

    def _buries(self, key: bytes, value: bytes, known: bytes) -> bool:
        if fold_of(known) != FOLD_VERSION or offset_of(value) >= offset_of(known):
            self.inverted.discard(key)
            return True
        if key != APPLIED:
            self.inverted.add(key)
        return False

    def flaw(self, log_id: str, end: int) -> str | None:
        """Why the rows cannot be trusted, in words; None where they can. `end` is that of the source.

        Raises ForeignLog if they were folded from another log.
        """
        applied = self.applied()
        if applied is None:
            return None if self.newest < 0 else "rows without an applied row"
        if applied.log_id != log_id:
            raise ForeignLog(
                f"expected rows of partition {self.number} folded from log {log_id}, found log {applied.log_id}: the "
                "topic was recreated; use a new prefix, or remove the data directory and the changelog topic"
            )
        if applied.fold != FOLD_VERSION:
            return f"rows of fold version {applied.fold}, this release folds to {FOLD_VERSION}"
        if applied.digest == IN_PART:
            return "rows that somebody began to write anew, and did not end"
        if applied.offset >= end or self.newest >= end:
            return f"rows as of offset {max(applied.offset, self.newest)}, beyond the log's end {end}"
        if self.newest <= applied.offset and in_hex(self.digest) != applied.digest:
            return f"rows that sum to {in_hex(self.digest)}, expected {applied.digest} at offset {applied.offset}"
        return None

    def wipe(self, position: int, *, recreated: bool = False) -> None:
        """Begin again with nothing, as of a position, maybe in another changelog; the log tells everything."""
        if recreated:
            self.changelog = None
        else:
            # Of this fold: others are not restored.
            self.wiped |= {key: offset_of(row) for key, row in self._summed() if fold_of(row) == FOLD_VERSION}
        self._unproven = False
        self._unseen = None
        self.debt.forget()
        self.store.clear()
        self.store.write([(POSITION, b"%d" % position)])
        self.position, self.digest, self.newest = position, 0, -1
        self.inverted.clear()

    def _summed(self) -> Iterator[tuple[bytes, bytes]]:
        # Kind by kind: the index rows between them are many more, and no sum counts them.
        return chain.from_iterable(self.store.scan(kind) for kind in PRIMARY)


def _named_in(value: bytes) -> str | None:
    try:
        return _decode_applied(value[PREFIX_LENGTH:]).changelog
    except msgspec.MsgspecError:
        return None  # no row of ours

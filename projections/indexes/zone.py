"""Operations that stand side by side in the order of lists: which, and which texts they have (spec 2.4). Pure."""

from collections import Counter
from collections.abc import Sequence, Set
from zlib import crc32

import msgspec

from projections.indexes.attributes import place_of
from projections.rows import PREFIX_LENGTH
from projections.store import Store
from projections.views import ByAttribute

#: The texts of an operation that zones tell of.
TRACKED = ("customerId", "cid", "title", "operation", "processingState", "processingStateMessage")
_CUSTOMER = 0
#: Operations of a zone when it is made, and how many are noted later before it is made anew.
SIZE, LATE = 64, 32
#: Different values of a text that a zone counts one by one; of more it keeps a few bits. So many ways in which all but
#: the customer go together are counted as well.
FEW = 8
_BITS = 2048


class _Said(msgspec.Struct, frozen=True, rename="camel", gc=False):
    added_time: int | None = None
    customer_id: str | None = None
    cid: str | None = None
    title: str | None = None
    operation: str | None = None
    processing_state: str | None = None
    processing_state_message: str | None = None


Texts = tuple[str | None, ...]
#: Where it stands in lists (addedTime and key), its key, its texts as TRACKED names them.
Placed = tuple[bytes, bytes, Texts]
_decode_said = msgspec.json.Decoder(_Said).decode
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


class Zone:
    """Operations side by side, from a place on to where the next zone begins."""

    __slots__ = ("_keys", "_size", "_together", "_values", "begin", "late", "left")

    def __init__(self, begin: bytes, rows: Sequence[Placed]) -> None:
        self.begin = begin
        self._size = len(rows)
        self._keys = _encode([key for _, key, _ in rows])
        self._values = [_summed_up([texts[place] for *_, texts in rows]) for place in range(len(TRACKED))]
        together = Counter(texts[1:] for *_, texts in rows)
        self._together = dict(together) if len(together) <= FEW else None
        #: keys noted since it was made: while there are any, its numbers are no more than hints
        self.late: list[bytes] = []
        #: those of them that stand here no more
        self.left: set[bytes] = set()

    def __len__(self) -> int:
        """How many there were when it was made."""
        return self._size

    def note(self, key: bytes, texts: Texts) -> None:
        """An operation that stands here now."""
        self.late.append(key)
        self.left.discard(key)
        for place, value in enumerate(texts):
            known = self._values[place]
            if value is None:
                continue
            if isinstance(known, int):
                self._values[place] = known | _bits(value)
            else:
                known.setdefault(value, 0)

    def has(self, key: bytes) -> bool:
        """Whether this one stands here, as far as was noted."""
        return key not in self.left and (key in self.late or key in _decode(self._keys))

    def has_any(self, keys: Set[bytes]) -> bool:
        """Whether one of these stood here when it was made, or came later."""
        return not (keys.isdisjoint(_decode(self._keys)) and keys.isdisjoint(self.late))

    def leave(self, key: bytes) -> None:
        """An operation that stands here no more."""
        self.late.append(key)
        self.left.add(key)

    def may_hold(self, place: int, value: str) -> bool:
        """Whether one of these may have this value of the text at this place of TRACKED; False: none has."""
        known = self._values[place]
        return not _bits(value) & ~known if isinstance(known, int) else value in known

    def number(self, place: int, value: str) -> int | None:
        """How many have it; None where it takes a look at them."""
        known = self._values[place]
        return None if self.late or isinstance(known, int) else known.get(value, 0)

    def together(self, wanted: Sequence[tuple[int, str]]) -> int | None:
        """How many have all these values, by their places in TRACKED; None where it takes a look at them."""
        if self.late or self._together is None or any(place == 0 for place, _ in wanted):
            return None
        fitting = (
            number
            for texts, number in self._together.items()
            if all(texts[place - 1] == value for place, value in wanted)
        )
        return sum(fitting)

    def rows(self, store: Store, end: bytes) -> list[Placed]:
        """Those that stand here still, in order."""
        found = (placed(key, store.get(key)) for key in dict.fromkeys((*_decode(self._keys), *self.late)))
        return sorted(row for row in found if row is not None and self.begin <= row[0] < end)


class Wanted:
    """What operations are looked for by: texts, and customers of which one is enough."""

    def __init__(self, query: ByAttribute) -> None:
        self.texts = [(TRACKED.index(name), value) for name, value in query.where.items()]
        self._accounts = query.accounts

    def may_be_in(self, zone: Zone) -> bool:
        """Whether a zone may hold one."""
        return all(zone.may_hold(place, value) for place, value in self.texts) and (
            self._accounts is None or any(zone.may_hold(_CUSTOMER, account) for account in self._accounts)
        )

    def number(self, zone: Zone) -> int | None:
        """How many a zone holds; None where it takes a look at them."""
        if self._accounts is not None or zone.late:
            return None
        # What all of them have makes no difference.
        apart = [each for place, value in self.texts if (each := zone.number(place, value)) != len(zone)]
        if len(apart) < 2 or 0 in apart:
            return 0 if 0 in apart else next(iter(apart), len(zone))
        return zone.together(self.texts)

    def fits(self, row: Placed) -> bool:
        """Whether it is one."""
        texts = row[2]
        return all(texts[place] == value for place, value in self.texts) and (
            self._accounts is None or texts[_CUSTOMER] in self._accounts
        )


def zones_of(rows: Sequence[Placed], begin: bytes = b"") -> list[Zone]:
    """Rows in order as zones; one where there are not many."""
    if len(rows) <= 2 * SIZE:
        return [Zone(begin, rows)]
    parts = [rows[start : start + SIZE] for start in range(0, len(rows), SIZE)]
    return [Zone(part[0][0] if number else begin, part) for number, part in enumerate(parts)]


def placed(key: bytes, value: bytes | None) -> Placed | None:
    """A stored operation; None for a grave, nothing, or what cannot be read."""
    if value is None or len(value) == PREFIX_LENGTH:
        return None
    try:
        said = _decode_said(value[PREFIX_LENGTH:])
    except msgspec.MsgspecError:
        return None  # a row that someone wrote by hand: the sum of all rows will tell
    return (
        place_of(said.added_time, key),
        key,
        (
            said.customer_id,
            said.cid,
            said.title,
            said.operation,
            said.processing_state,
            said.processing_state_message,
        ),
    )


def _summed_up(values: Sequence[str | None]) -> dict[str, int] | int:
    found = Counter(value for value in values if value is not None)
    if len(found) <= FEW:
        return dict(found)
    bits = 0
    for value in found:
        bits |= _bits(value)
    return bits


def _bits(value: str) -> int:
    number = crc32(value.encode())
    return 1 << number % _BITS | 1 << (number // _BITS) % _BITS

"""How many objects fit, from index rows alone: no row is read, whatever there is of them (spec 2.4). Pure."""

from collections.abc import Collection, Generator, Iterator, Sequence
from itertools import chain

from projections.attributes import ALL, INDEXED, LETTERS, index_prefix, primary_of
from projections.store import Item, Store
from projections.views import ByAttribute

#: Index rows that are counted between two hand-overs: about a ms.
SLICE = 2_000
#: Characters of a value that an index row surely holds whole.
SHORT = 1000


def is_covered(query: ByAttribute) -> bool:
    """The index rows alone tell what fits: nothing is compared that they do not hold whole."""
    return all(name in INDEXED[query.kind] and len(value) < SHORT for name, value in query.where.items())


def lines_of(query: ByAttribute, letter: bytes) -> list[bytes] | None:
    """What the index keys of all that fits begin with, each of which has one; None where it takes more to tell."""
    where = dict(query.where)
    if query.accounts is not None:
        customer = where.pop("customerId", None)
        customers = sorted({*query.accounts} if customer is None else {customer} & {*query.accounts})
        return None if where else [index_prefix(letter, LETTERS["customerId"], each) for each in customers]
    if not where:
        # Operations have no line of all: those of all customers stand side by side.
        return [b"i" + letter + LETTERS["customerId"] if letter == b"o" else index_prefix(letter, ALL, "")]
    [(name, value), *more] = where.items()
    # An operation's id has an index row only where it is an odd one.
    return None if more or (letter, name) == (b"o", "id") else [index_prefix(letter, LETTERS[name], value)]


def counted(
    stores: Sequence[Store], lines: Sequence[bytes], hidden: Sequence[Collection[bytes]]
) -> Generator[None, None, int]:
    """Index rows of these lines in all stores, as they are when it begins; `hidden` rows of each are left out."""
    count = looked = 0
    begun = [(_begun(store, line), left) for store, left in zip(stores, hidden, strict=True) for line in lines]
    for entries, left in begun:
        for entry, _ in entries:
            count += not left or primary_of(entry) not in left
            looked += 1
            if looked % SLICE == 0:
                yield
    return count


def _begun(store: Store, line: bytes) -> Iterator[Item]:
    rows = store.scan(line)
    first = next(rows, None)
    return iter(()) if first is None else chain((first,), rows)

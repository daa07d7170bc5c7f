"""How many objects fit, from index rows alone: no row is read, whatever there is of them (spec 2.4). Pure."""

from collections.abc import Generator, Mapping, Sequence, Set

from projections.indexes.attributes import ALL, INDEXED, LETTERS, index_prefix, place_of
from projections.indexes.traits import traits_of
from projections.queries.lines import Either, Line, One, blocks
from projections.store import Store
from projections.views import ByAttribute

#: Index rows that are counted between two hand-overs: about a ms.
SLICE = 4_000
#: Characters of a value that an index row surely holds whole.
SHORT = 1000


def is_covered(query: ByAttribute) -> bool:
    """The index rows alone tell what fits: nothing is compared that they do not hold whole."""
    # An operation has none, but that of an odd id.
    return query.kind != "operation" and all(
        name in INDEXED[query.kind] and len(value) < SHORT for name, value in query.where.items()
    )


def lines_of(store: Store, letter: bytes, names: Sequence[str], query: ByAttribute) -> list[Line]:
    """The lines of a store that an object must stand in, each of them, by these attributes and by who asks."""
    where = {name: query.where[name] for name in names}
    if query.accounts is not None and letter != b"o":
        customer = where.pop("customerId", None)
        seen = sorted({*query.accounts} if customer is None else {customer} & {*query.accounts})
        mine = [One(store, index_prefix(letter, LETTERS["customerId"], each)) for each in seen]
        return [*_by(store, letter, where), mine[0] if len(mine) == 1 else Either(mine)]
    return _by(store, letter, where)


def _by(store: Store, letter: bytes, where: dict[str, str]) -> list[Line]:
    return [One(store, index_prefix(letter, LETTERS[name], value)) for name, value in where.items()]


def walks_of(store: Store, letter: bytes, query: ByAttribute) -> list[Sequence[Line]]:
    """Lines by which all that fits is counted: what stands in all of some of these, each object in one of them."""
    lines = lines_of(store, letter, [*query.where], query)
    if not lines:
        return [[One(store, index_prefix(letter, ALL, ""))]]
    only = lines[0]
    return [[line] for line in only.lines] if isinstance(only, Either) and len(lines) == 1 else [lines]


def hidden_in(store: Store, fresh: Mapping[bytes, bytes]) -> set[bytes]:
    """The entries that rows have in the store's lines, and those that they get when they are on disk: a line that is
    sought anew shows what has come since.
    """
    return {
        place_of(traits.added_time, key)
        for key, value in fresh.items()
        for traits in (traits_of(key, store.get(key)), traits_of(key, value))
        if traits is not None
    }


def counted(walks: Sequence[tuple[Sequence[Line], Set[bytes]]]) -> Generator[None, None, int]:
    """How many stand in all lines of a walk, as they are when it begins; of each walk some are left out."""
    count = looked = 0
    for lines, _ in walks:
        for line in lines:
            line.ahead(b"")
    for lines, hidden in walks:
        for _, passed, block in blocks(lines, b""):
            count += len(block) - (len({*block} & hidden) if hidden else 0)
            looked += passed
            if looked >= SLICE:
                yield
                looked = 0
    return count

"""One number that stands for all primary rows of a partition (design 4.4). Pure.

The sum mod 2**128 of a 128-bit hash over each row's key and stored value: kept incrementally, in any order, and equal
on owner, standby and replay exactly when all their rows are. Graves do not count: a replay need not know them.

The hash is XXH3 where design 4.4 says BLAKE2b, at a third of the cost, and every row is hashed when it is written, when
it is replaced and when it is restored. It finds what disks, compaction and people change; a forger would not be stopped
by the other either, for a sum can be made up by choosing rows, and who can write rows can write the sum beside them.
"""

from collections.abc import Iterable

from xxhash import xxh3_128_intdigest

from projections.rows import PREFIX_LENGTH

MODULUS = 1 << 128


def row_digest(key: bytes, value: bytes | None) -> int:
    """What one stored row adds to the sum."""
    if value is None or len(value) == PREFIX_LENGTH:
        return 0
    # The seed tells where the key ends.
    return xxh3_128_intdigest(key + value, len(key))


def sum_of(rows: Iterable[tuple[bytes, bytes]]) -> int:
    """What stored rows add to the sum together: written out, for each that is folded or restored comes through here."""
    return sum([xxh3_128_intdigest(key + value, len(key)) for key, value in rows if len(value) != PREFIX_LENGTH])


def in_hex(total: int) -> str:
    """A sum as it stands in the `applied` row."""
    return f"{total % MODULUS:032x}"

"""One number that stands for all primary rows of a partition (design 4.4). Pure.

The sum mod 2**128 of a 128-bit BLAKE2b over each row's key and stored value: kept incrementally, in any order, and
equal on owner, standby and replay exactly when all their rows are. Graves do not count: a replay need not know them.
"""

from hashlib import blake2b

from projections.rows import PREFIX_LENGTH

MODULUS = 1 << 128
_number = int.from_bytes


def row_digest(key: bytes, value: bytes | None) -> int:
    """What one stored row adds to the sum."""
    if value is None or len(value) == PREFIX_LENGTH:
        return 0
    return _number(blake2b(b"%d:%b%b" % (len(key), key, value), digest_size=16).digest(), "big")


def in_hex(total: int) -> str:
    """A sum as it stands in the `applied` row."""
    return f"{total % MODULUS:032x}"
